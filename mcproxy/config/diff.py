"""The differences between two configurations, by the keys of a file.

Documents are compared, so that no key can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .errors import shown
from .model import SERVICES, Configuration
from .native.document import document
from .origin import KeyPath, key_text

_FILTERS = ("filter",)
"""The path, after the name of the instance, to tables in a list."""

_SERVICES = {option.key for option in SERVICES}
"""Tables that come and go as a whole."""

_MOST_NAMED = 20
"""Items of a list that a difference names one by one."""


@attrs.frozen
class Difference:
    """A difference at one key: ``instance.tv.downstream``, ``eth3 added``."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def compare(before: Configuration, after: Configuration) -> list[Difference]:
    """All differences in ``after``; the files that the two came from are not compared."""
    return [
        Difference(key_text(where), what)
        for where, what in _compare((), document(before), document(after))
    ]


def _compare(
    where: KeyPath, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[KeyPath, str]]:
    for key in dict.fromkeys((*before, *after)):
        old, new, place = before.get(key), after.get(key), (*where, key)
        if old == new:
            continue
        old, new = _named(old), _named(new)
        whole = _has_names(where) or (place[0] in _SERVICES and None in (old, new))
        if isinstance(old or new, Mapping) and not whole:
            yield from _compare(place, old or {}, new or {})
        elif old is None or new is None:
            yield place, _came_or_went(old, new)
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _compare(place, old, new)
        else:
            yield place, _changed(old, new)
    if where[2:] == _FILTERS and list(before) != list(after) and before == after:
        yield where, "in another order"


def _has_names(where: KeyPath) -> bool:
    """Whether the tables at ``where`` have names, and come and go as a whole."""
    return len(where) == 1 or where[2:] == _FILTERS


def _named(value: Any) -> Any:
    """A list of an instance's filters as tables with names."""
    if not isinstance(value, list) or not value or "direction" not in value[0]:
        return value
    return {" ".join(one[key] for key in ("role", "interface", "direction")): one for one in value}


def _came_or_went(old: object, new: object) -> str:
    if isinstance(old or new, Mapping):
        return "removed" if new is None else "added"
    return f"{_shown(old)} -> {_shown(new)}"


def _changed(old: object, new: object) -> str:
    if not isinstance(old, list) or not isinstance(new, list):
        return f"{_shown(old)} -> {_shown(new)}"
    was, now = ({repr(item): _name(item) for item in items} for items in (old, new))
    come = [f"{name} added" for key, name in now.items() if key not in was]
    gone = [f"{name} removed" for key, name in was.items() if key not in now]
    return _listed(come + gone) or "in another order"


def _listed(items: list[str]) -> str:
    """The first of ``items``, and how many more there are."""
    if len(items) > _MOST_NAMED:
        items = [*items[:_MOST_NAMED], f"and {len(items) - _MOST_NAMED} more"]
    return ", ".join(items)


def _name(item: object) -> str:
    if isinstance(item, Mapping) and "from" in item:
        return f"{item['rule']} from {item['from']}"
    return item if isinstance(item, str) else shown(item)


def _shown(value: object) -> str:
    if isinstance(value, list) and value:
        return _listed([_name(item) for item in value])
    return "default" if value is None else shown(value)
