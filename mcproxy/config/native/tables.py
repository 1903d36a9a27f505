"""What stands in the tables of a file, and how it becomes the model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import attrs

from ..addresses import NO_TEXTS, Texts, each, read_channel, read_groups, read_mapped
from ..errors import Wrong, shown
from ..limits import (
    check_file,
    check_igmp_version,
    check_listen,
    check_mld_version,
    check_mode,
    check_plain_name,
    check_socket,
    check_table,
    one_of,
    or_word,
)
from ..model import (
    CONTROL_SOCKET,
    HOLD_TIME,
    HOST_KEY,
    MUTEX_TIME,
    NEVER,
    ControlConfig,
    FilterConfig,
    InstanceConfig,
    InterfaceSettings,
    ManholeConfig,
    Settings,
    complete,
)
from ..names import check_name, overlap
from ..origin import KeyPath
from .reader import Mistakes, Table, keys_of, nearest, structure

_IN_INTERFACE = "write it in [defaults], or in [instance.NAME.interface.IF]"
_IN_INSTANCE = "write it in [instance.NAME]"


def _tables_in(name: str) -> Any:
    """A field that holds tables, each written ``[name]``."""

    def check(value: object) -> None:
        if not isinstance(value, dict):
            raise Wrong(f"{shown(value)} is not a table", f"write [{name}]")

    return attrs.field(factory=dict, metadata={"check": check})


def _check_upstreams(names: Iterable[str]) -> None:
    """Names, and no patterns: they have an order."""
    for name in names:
        check_name(name)


def _check_list_of_tables(value: object) -> None:
    if not isinstance(value, list):
        raise Wrong(f"{shown(value)} is no list of tables", "write [[instance.NAME.filter]]")


@attrs.frozen
class InstanceTable:
    """[instance.NAME]; what is missing or wrong has its default here."""

    UNKNOWN_KEY_HINTS: ClassVar = dict.fromkeys(keys_of(InterfaceSettings), _IN_INTERFACE)

    upstream: tuple[str, ...] = attrs.field(default=(), metadata={"check": _check_upstreams})
    downstream: tuple[str, ...] = ()
    igmp_version: int = attrs.field(default=3, metadata={"check": check_igmp_version})
    mld_version: int = attrs.field(default=2, metadata={"check": check_mld_version})
    table: int = attrs.field(default=0, metadata={"check": check_table})
    upstream_join: str = attrs.field(default="first", metadata={"check": one_of("first", "mutex")})
    mutex_time: float = attrs.field(default=2.0, metadata={"check": MUTEX_TIME})
    upstream_data: str = attrs.field(default="all", metadata={"check": one_of("all", "first")})
    upstream_hold_time: float | str = attrs.field(
        default=10.0, metadata={"check": or_word("never", HOLD_TIME)}
    )
    forwarding: str = attrs.field(default="auto", metadata={"check": one_of("auto", "per-source")})
    version_fallback: bool = True
    boundary: Texts = attrs.field(default=NO_TEXTS, metadata={"check": each(read_groups)})
    static_group: Texts = attrs.field(default=NO_TEXTS, metadata={"check": each(read_channel)})
    ssm_range: Texts | None = attrs.field(default=None, metadata={"check": each(read_groups)})
    ssm_map: Texts = attrs.field(default=NO_TEXTS, metadata={"check": each(read_mapped)})
    interface: Any = _tables_in("instance.NAME.interface.IF")  # noqa: RUF009 - a field
    filter: Any = attrs.field(factory=list, metadata={"check": _check_list_of_tables})

    @property
    def families(self) -> set[str]:
        """The families that this instance is to proxy."""
        versions = {"IPv4": self.igmp_version, "IPv6": self.mld_version}
        return {family for family, version in versions.items() if version}


@attrs.frozen
class ManholeTable:
    """[manhole]."""

    listen: str = attrs.field(default="", metadata={"check": check_listen})
    authorized_keys: str = attrs.field(default="", metadata={"check": check_file})
    host_key: str = attrs.field(default=HOST_KEY, metadata={"check": check_file})


@attrs.frozen
class ControlTable:
    """[control]."""

    socket: str = attrs.field(default=CONTROL_SOCKET, metadata={"check": check_socket})
    mode: str = attrs.field(default="0600", metadata={"check": check_mode})
    group: str = ""


@attrs.frozen
class Document:
    """The file."""

    UNKNOWN_KEY_HINTS: ClassVar = {
        **dict.fromkeys(keys_of(InterfaceSettings), _IN_INTERFACE),
        **dict.fromkeys(keys_of(InstanceTable), _IN_INSTANCE),
    }

    instance: Any = _tables_in("instance.NAME")  # noqa: RUF009 - a field
    filter: Any = _tables_in("filter.NAME")  # noqa: RUF009 - a field
    defaults: Any = attrs.Factory(dict)
    manhole: Any = None
    control: Any = None


def read_instance(name: str, table: object, mistakes: Mistakes) -> InstanceTable:
    """One [instance.NAME], and all that is wrong in it alone."""
    where = ("instance", name)
    try:
        check_plain_name(name, "an instance")
    except Wrong as wrong:
        mistakes.add(where, wrong.message, wrong.hint)
    read = structure(table, InstanceTable, where, mistakes)
    if not isinstance(table, dict):
        return read
    if "downstream" not in table:
        mistakes.add(where, "no downstream", 'write downstream = ["IF"]')
    if not read.families:
        mistakes.add(where, "neither IPv4 nor IPv6 is left", "leave one of the versions out")
    return read


@attrs.frozen
class Defaults:
    """[defaults]: what is right of it, as it stands there and as settings."""

    table: Table
    settings: InterfaceSettings


def read_defaults(table: object, mistakes: Mistakes) -> Defaults:
    """[defaults], and all that is wrong in it."""
    where = ("defaults",)
    settings = structure(table, InterfaceSettings, where, mistakes)
    written = table if isinstance(table, dict) else {}
    _check_times(written, settings, where, mistakes)
    right = {key: value for key, value in written.items() if not mistakes.at((*where, key))}
    return Defaults(right, settings)


def read_settings(
    instance: str, table: InstanceTable, defaults: Defaults, mistakes: Mistakes
) -> Settings:
    """The settings of an instance's downstreams: those with a table of their own come first."""
    settings: Settings = {}
    for name, own in table.interface.items():
        where = ("instance", instance, "interface", name)
        _check_settings_name(name, table, where, mistakes)
        merged = {**defaults.table, **own} if isinstance(own, dict) else own
        settings[name] = structure(merged, InterfaceSettings, where, mistakes)
        if isinstance(own, dict):
            _check_times(own, settings[name], where, mistakes)
    return complete(settings, table.downstream, defaults.settings)


def _check_times(
    written: Table, settings: InterfaceSettings, where: KeyPath, mistakes: Mistakes
) -> None:
    """A response is due before the next query (RFC 9776, 8.3); told where it was ``written``."""
    response, interval = "query-max-response-time", "query-interval"
    place = next((key for key in (response, interval) if key in written), None)
    if place is None or any(mistakes.at((*where, key)) for key in (response, interval)):
        return  # neither is from here, or one is not what was written
    longest, shortest = settings.query_max_response_time, settings.query_interval
    if longest >= shortest:
        mistakes.add(
            (*where, place),
            f"{response}, {shown(longest)}, is not smaller than {interval}, {shown(shortest)}",
            "change one of them",
        )


def _check_settings_name(
    name: str, table: InstanceTable, where: KeyPath, mistakes: Mistakes
) -> None:
    """Settings must be of some downstream, or of a part of a pattern's interfaces."""
    if name in table.upstream and name not in table.downstream:
        mistakes.add(where, "these settings are for downstreams, and this is the upstream")
    elif table.downstream and not any(overlap(name, other) for other in table.downstream):
        hint = nearest(name, table.downstream)
        mistakes.add(where, "no such downstream in this instance", hint)


def read_manhole(table: object, mistakes: Mistakes) -> ManholeConfig:
    """[manhole], and all that is wrong in it."""
    where = ("manhole",)
    read = structure(table, ManholeTable, where, mistakes)
    if isinstance(table, dict):
        for key, example in (("listen", "127.0.0.1:4022"), ("authorized-keys", "/PATH")):
            if key not in table:
                mistakes.add(where, f"no {key}", f'write {key} = "{example}"')
    return ManholeConfig(read.listen, read.authorized_keys, read.host_key)


def read_control(table: object, mistakes: Mistakes) -> ControlConfig:
    """[control], and all that is wrong in it."""
    read = structure(table, ControlTable, ("control",), mistakes)
    return ControlConfig(read.socket, read.mode, read.group)


def to_config(
    name: str,
    table: InstanceTable,
    settings: dict[str, InterfaceSettings],
    elsewhere: frozenset[str],
    filters: tuple[FilterConfig, ...],
) -> InstanceConfig:
    """The model of a table without mistakes; ``elsewhere`` are names of other instances."""
    hold_time = table.upstream_hold_time
    return InstanceConfig(
        name=name,
        upstreams=table.upstream,
        downstream=table.downstream,
        igmp_version=table.igmp_version,
        mld_version=table.mld_version,
        table=table.table,
        interface=settings,
        elsewhere=elsewhere,
        upstream_join=table.upstream_join,
        mutex_time=table.mutex_time,
        upstream_data=table.upstream_data,
        upstream_hold_time=NEVER if isinstance(hold_time, str) else float(hold_time),
        forwarding=table.forwarding,
        version_fallback=table.version_fallback,
        boundary=table.boundary,
        static_group=table.static_group,
        ssm_range=table.ssm_range,
        ssm_map=table.ssm_map,
        filters=filters,
    )
