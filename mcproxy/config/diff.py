"""What is different between two configurations, in the keys of a file.

The comparison is done on documents, so no key can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .errors import shown
from .model import Configuration
from .native.document import document
from .origin import KeyPath, key_text

_FILTERS = ("filter",)
"""The end of the path, after the instance, to tables that a file has in a list."""

_SECTIONS = ("manhole", "control")
"""Tables that a file has or has not, whatever stands in them."""

_MOST_TOLD = 20
"""Items of a list that came or went, which are told one by one."""


@attrs.frozen
class Difference:
    """What is different at one key: ``instance.tv.downstream``, ``eth3 added``."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def compare(before: Configuration, after: Configuration) -> list[Difference]:
    """All that is different in ``after``; the files that they are from do not count."""
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
        whole = _has_names(where) or (place[0] in _SECTIONS and None in (old, new))
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
    """Whether the tables at ``where`` are things with names, that come and go."""
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
    told = come + gone
    if len(told) > _MOST_TOLD:
        told[_MOST_TOLD:] = [f"and {len(told) - _MOST_TOLD} more"]
    return ", ".join(told) or "in another order"


def _name(item: object) -> str:
    if isinstance(item, Mapping) and "from" in item:
        return f"{item['rule']} from {item['from']}"
    return item if isinstance(item, str) else shown(item)


def _shown(value: object) -> str:
    return "default" if value is None else shown(value)
