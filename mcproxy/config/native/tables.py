"""The tables of a file, one by one, as parts of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from ..errors import Wrong, shown
from ..model import Configuration, InstanceConfig, InterfaceSettings, Settings, complete
from ..names import overlap
from ..origin import KeyPath
from ..schema.checks import check_plain_name
from ..schema.interface import UPSTREAM_KEYS
from ..schema.option import options_of
from .reader import Mistakes, nearest, read_values

T = TypeVar("T")

_IN_INTERFACE = dict.fromkeys(
    options_of(InterfaceSettings), "write it in [defaults], or in [instance.NAME.interface.IF]"
)
_IN_INSTANCE = dict.fromkeys(options_of(InstanceConfig), "write it in [instance.NAME]")


@attrs.frozen
class FileTables:
    """The tables of a file, whose keys have not been read yet; None for a missing section."""

    instances: Mapping[str, object]
    filters: Mapping[str, object]
    sections: Mapping[str, object]


def read_file(document: object, mistakes: Mistakes) -> FileTables:
    """The tables of a file, and whatever is wrong with their names."""
    values = read_values(document, Configuration, (), mistakes, _IN_INTERFACE | _IN_INSTANCE)
    instances, filters = values.pop("instances", {}), values.pop("filters", {})
    return FileTables(instances, filters, values)


@attrs.frozen
class InstanceTable:
    """[instance.NAME]: the options of the instance, and the tables in it."""

    config: InstanceConfig
    interface: Mapping[str, object]
    filters: list[object]


def read_instance(name: str, table: object, mistakes: Mistakes) -> InstanceTable:
    """One [instance.NAME], and whatever is wrong in it alone; what is wrong has its default."""
    where = ("instance", name)
    try:
        check_plain_name(name, "an instance")
    except Wrong as wrong:
        mistakes.add(where, wrong.message, wrong.hint)
    values = read_values(table, InstanceConfig, where, mistakes, _IN_INTERFACE)
    interface, filters = values.pop("interface", {}), values.pop("filters", [])
    config = InstanceConfig(name=name, **{"upstreams": (), "downstream": (), **values})
    if not config.families:
        mistakes.add(
            where, "both IPv4 and IPv6 are disabled", "leave out igmp-version or mld-version"
        )
    return InstanceTable(config, interface, filters)


def read_defaults(table: object, mistakes: Mistakes) -> InterfaceSettings:
    """[defaults], and whatever is wrong in it."""
    return _read_settings(table, InterfaceSettings(), ("defaults",), mistakes)


def read_interfaces(
    table: InstanceTable, defaults: InterfaceSettings, mistakes: Mistakes
) -> Settings:
    """The settings of an instance's downstreams: those with a table of their own come first."""
    config = table.config
    settings: Settings = {}
    for name, own in table.interface.items():
        where = ("instance", config.name, "interface", name)
        _check_settings_name(name, own, config, where, mistakes)
        usual = InterfaceSettings() if _is_only_upstream(name, config) else defaults
        settings[name] = _read_settings(own, usual, where, mistakes)
    return complete(settings, config.downstreams, defaults)


def read_section(table: object, kind: type[T], where: KeyPath, mistakes: Mistakes) -> T | None:
    """A table that is there once, and whatever is wrong in it; None if it cannot be used."""
    before = len(mistakes.found)
    values = read_values(table, kind, where, mistakes)
    return kind(**values) if len(mistakes.found) == before else None


def _read_settings(
    table: object, defaults: InterfaceSettings, where: KeyPath, mistakes: Mistakes
) -> InterfaceSettings:
    """A table of interface options on top of ``defaults``."""
    values = read_values(table, InterfaceSettings, where, mistakes)
    settings = attrs.evolve(defaults, **values)
    if isinstance(table, dict):
        _check_times(table, settings, where, mistakes)
    return settings


def _check_times(
    written: Mapping[str, Any], settings: InterfaceSettings, where: KeyPath, mistakes: Mistakes
) -> None:
    """A response is due before the next query (RFC 9776, 8.3); noted at a ``written`` key."""
    response, interval = "query-max-response-time", "query-interval"
    key = next((key for key in (response, interval) if key in written), None)
    if key is None or any(mistakes.at((*where, key)) for key in (response, interval)):
        return  # neither is from here, or one is not what was written
    longest, shortest = settings.query_max_response_time, settings.query_interval
    if longest >= shortest:
        mistakes.add(
            (*where, key),
            f"{response} ({shown(longest)}) must be smaller than {interval} ({shown(shortest)})",
            "change one of them",
        )


def _is_only_upstream(name: str, config: InstanceConfig) -> bool:
    return name in config.upstreams and name not in config.downstream


def _check_settings_name(
    name: str, table: object, config: InstanceConfig, where: KeyPath, mistakes: Mistakes
) -> None:
    """Settings must be of some downstream, or of a part of a pattern's interfaces.

    An upstream has a few of them, too.
    """
    if _is_only_upstream(name, config):
        for key in sorted(table.keys() - UPSTREAM_KEYS) if isinstance(table, dict) else ():
            message = f"{shown(name)} is an upstream, and {key} is for downstreams"
            mistakes.add((*where, key), message)
    elif config.downstreams and not any(overlap(name, other) for other in config.downstreams):
        hint = nearest(name, config.downstreams)
        mistakes.add(where, "no such downstream in this instance", hint)
