"""Differences between configurations, and single changes to one.

Both are done on documents. So a difference is told in the keys of a file, none is forgotten,
and what a change makes is checked by the rules of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .document import document
from .errors import ConfigurationError, Mistake, shown
from .model import DOWNSTREAM, Configuration
from .names import matches
from .places import KeyPath, key_text
from .structure import Mistakes, nearest
from .toml import build

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


# -- single changes; each gives a new Configuration or raises ConfigurationError


def rebuilt(configuration: Configuration, written: Mapping[str, Any]) -> Configuration:
    """What ``written`` says, in the place of ``configuration``."""
    # A mistake in what was changed is no mistake of the file, so it is not named.
    changed = build(written, Mistakes(""), dict)
    return attrs.evolve(changed, path=configuration.path)


def add_instance(
    configuration: Configuration, name: str, table: Mapping[str, Any]
) -> Configuration:
    """With an instance of this name; ``table`` is what [instance.NAME] would hold."""
    written = document(configuration)
    if name in written["instance"]:
        raise _refused(("instance", name), "there is an instance of this name", "remove it first")
    written["instance"][name] = dict(table)
    return rebuilt(configuration, written)


def remove_instance(configuration: Configuration, name: str) -> Configuration:
    """Without this instance."""
    written = document(configuration)
    _instance(written, name)
    del written["instance"][name]
    return rebuilt(configuration, written)


def add_link(
    configuration: Configuration, instance: str, role: str, interface: str
) -> Configuration:
    """With one more interface, or pattern, last in its ``role`` in an instance."""
    written = document(configuration)
    table = _instance(written, instance)
    table[role] = [*_links(table, role), interface]
    return rebuilt(configuration, written)


def remove_link(
    configuration: Configuration, instance: str, role: str, interface: str
) -> Configuration:
    """Without this interface, or pattern, and what is said of it, in its ``role``."""
    written = document(configuration)
    _take_out(_instance(written, instance), instance, role, interface)
    return rebuilt(configuration, written)


def move_downstream(configuration: Configuration, interface: str, to: str) -> Configuration:
    """With a downstream moved to the instance ``to``, its settings and filters with it.

    One that a pattern means stays in its instance's pattern, and is named in the new one.
    """
    written = document(configuration)
    table = _instance(written, to)
    holder = _holder(written, interface)
    if holder is None:
        raise _refused(("move",), f"{shown(interface)} is no downstream", "add it instead")
    if holder == to:
        return configuration
    own = _Own(None, [])
    if interface in _links(written["instance"][holder], DOWNSTREAM):
        own = _take_out(written["instance"][holder], holder, DOWNSTREAM, interface)
    table[DOWNSTREAM] = [*_links(table, DOWNSTREAM), interface]
    if own.settings:
        table["interface"] = {interface: own.settings, **table.get("interface", {})}
    table["filter"] = [*table.get("filter", []), *own.filters]
    return rebuilt(configuration, written)


def _instance(written: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The table of an instance that there must be."""
    tables: dict[str, dict[str, Any]] = written["instance"]
    if name not in tables:
        raise _refused(("instance", name), "no such instance", nearest(name, list(tables)))
    return tables[name]


def _links(table: Mapping[str, Any], role: str) -> list[str]:
    names = table.get(role, [])
    return [names] if isinstance(names, str) else list(names)


@attrs.frozen
class _Own:
    """What a file says of one interface alone, in one role."""

    settings: Mapping[str, Any] | None
    filters: list[Any]


def _take_out(table: dict[str, Any], instance: str, role: str, interface: str) -> _Own:
    """Remove an interface, and what is said of it alone, which is returned."""
    names = _links(table, role)
    if interface not in names:
        hint = nearest(interface, names) if names else ""
        message = f"{shown(interface)} is no {role} of it"
        raise _refused(("instance", instance), message, hint)
    table[role] = [name for name in names if name != interface]
    settings = table.get("interface", {}).pop(interface, None) if role == DOWNSTREAM else None
    filters = table.pop("filter", [])
    own = [one for one in filters if (one["interface"], one["role"]) == (interface, role)]
    table["filter"] = [one for one in filters if one not in own]
    return _Own(settings, own)


def _holder(written: Mapping[str, Any], interface: str) -> str | None:
    """The instance that an interface is downstream of: by name, else by a pattern."""
    tables: Mapping[str, Any] = written["instance"]
    for name, table in tables.items():
        if interface in _links(table, DOWNSTREAM):
            return name
    for name, table in tables.items():
        if any(matches(interface, pattern) for pattern in _links(table, DOWNSTREAM)):
            return name
    return None


def _refused(where: KeyPath, message: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError([Mistake("", key_text(where), message, hint)])
