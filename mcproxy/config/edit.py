"""Single changes to a configuration; each returns a new one or raises ConfigurationError.

A change is made in the configuration's document, and the result is checked like a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .errors import ConfigurationError, Mistake, shown
from .model import DOWNSTREAM, Configuration
from .names import any_matches, split_exceptions
from .native.document import document
from .native.reader import Mistakes, nearest
from .native.toml import build
from .origin import KeyPath, Origin, key_text


def rebuilt(configuration: Configuration, written: Mapping[str, Any]) -> Configuration:
    """The configuration in the document ``written``, with the path of ``configuration``."""
    # A mistake in the change is not one in the file, so the message does not name the file.
    changed = build(written, Mistakes(Origin()))
    return attrs.evolve(changed, path=configuration.path)


def add_instance(
    configuration: Configuration, name: str, table: Mapping[str, Any]
) -> Configuration:
    """Add an instance; ``table`` has the keys of [instance.NAME]."""
    written = document(configuration)
    if name in written["instance"]:
        raise _refused(
            ("instance", name), "an instance of this name exists already", "remove it first"
        )
    written["instance"][name] = dict(table)
    return rebuilt(configuration, written)


def remove_instance(configuration: Configuration, name: str) -> Configuration:
    """Remove an instance."""
    written = document(configuration)
    _instance(written, name)
    del written["instance"][name]
    return rebuilt(configuration, written)


def add_link(
    configuration: Configuration, instance: str, role: str, interface: str
) -> Configuration:
    """Add an interface, or a pattern, as the last one in its ``role`` in an instance."""
    written = document(configuration)
    table = _instance(written, instance)
    table[role] = [*_links(table, role), interface]
    return rebuilt(configuration, written)


def remove_link(
    configuration: Configuration, instance: str, role: str, interface: str
) -> Configuration:
    """Remove an interface, or a pattern, from its ``role``, with its settings and filters."""
    written = document(configuration)
    _take_out(_instance(written, instance), instance, role, interface)
    return rebuilt(configuration, written)


def move_downstream(configuration: Configuration, interface: str, to: str) -> Configuration:
    """Move a downstream to the instance ``to``, with its settings and filters.

    If a pattern matches it, the pattern stays, and the new instance names the interface.
    """
    written = document(configuration)
    table = _instance(written, to)
    holder = _holder(written, interface)
    if holder is None:
        raise _refused(("move",), f"{shown(interface)} is not a downstream", "add it instead")
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
    """The table of an instance; ConfigurationError if there is none."""
    tables: dict[str, dict[str, Any]] = written["instance"]
    if name not in tables:
        raise _refused(("instance", name), "no such instance", nearest(name, list(tables)))
    return tables[name]


def _links(table: Mapping[str, Any], role: str) -> list[str]:
    names = table.get(role, [])
    return [names] if isinstance(names, str) else list(names)


@attrs.frozen
class _Own:
    """What a file sets for one interface only, in one role."""

    settings: Mapping[str, Any] | None
    filters: list[Any]


def _take_out(table: dict[str, Any], instance: str, role: str, interface: str) -> _Own:
    """Remove an interface with its settings and filters, and return these."""
    names = _links(table, role)
    if interface not in names:
        hint = nearest(interface, names) if names else ""
        message = f"the instance has no {role} {shown(interface)}"
        raise _refused(("instance", instance), message, hint)
    table[role] = [name for name in names if name != interface]
    settings = table.get("interface", {}).pop(interface, None) if role == DOWNSTREAM else None
    filters = table.pop("filter", [])
    own = [one for one in filters if (one["interface"], one["role"]) == (interface, role)]
    table["filter"] = [one for one in filters if one not in own]
    return _Own(settings, own)


def _holder(written: Mapping[str, Any], interface: str) -> str | None:
    """The instance that an interface is downstream of: by name, or else by a pattern."""
    tables: Mapping[str, Any] = written["instance"]
    for name, table in tables.items():
        if interface in _links(table, DOWNSTREAM):
            return name
    for name, table in tables.items():
        if any_matches(interface, *split_exceptions(_links(table, DOWNSTREAM))):
            return name
    return None


def _refused(where: KeyPath, message: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError([Mistake("", key_text(where), message, hint)])
