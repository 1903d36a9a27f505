"""Events of forwarding: entries in the kernel, and the sources of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..protocol.family import Address
from .event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _RouteEvent(Event):
    """An entry of a kernel table; the unspecified address stands for any."""

    table: int
    source: Address
    group: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteInstalled(_RouteEvent):
    """The kernel has a new entry, or another one in place of an old one."""

    kind: ClassVar[str] = "route-installed"
    message: ClassVar[str] = (
        "kernel entry ({source}, {group}): from {incoming} to {outgoing}, table {table}"
    )

    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRemoved(_RouteEvent):
    """The kernel has the entry no more."""

    kind: ClassVar[str] = "route-removed"
    message: ClassVar[str] = "kernel entry ({source}, {group}) removed, table {table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRefused(Event):
    """The kernel refused changes of entries; it is asked again."""

    kind: ClassVar[str] = "route-refused"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "the kernel refused {count} changes of entries in the {family} table {table}, "
        "first for {group}: {reason}; they are tried again until the kernel accepts them, "
        "and data of these groups may not be forwarded meanwhile"
    )

    family: str
    table: int
    group: Address
    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEvent(Event):
    """Something about the data of a source."""

    source: Address
    group: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLearned(SourceEvent):
    """Data of a new source arrives on an interface."""

    kind: ClassVar[str] = "source-learned"
    message: ClassVar[str] = "{source} sends to {group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMoved(SourceEvent):
    """Data of a source arrives on another interface, which is its entry's iif from now on."""

    kind: ClassVar[str] = "source-moved"
    message: ClassVar[str] = "data of {source} to {group} arrives on {interface} now"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceGone(SourceEvent):
    """No data of a source came for a while, or its interface is gone."""

    kind: ClassVar[str] = "source-gone"
    message: ClassVar[str] = "{source} sends to {group} no more"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongInterfaceData(SourceEvent):
    """Data of a source arrived where its entry does not accept it."""

    kind: ClassVar[str] = "wrong-interface"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "data of {source} to {group} arrived on {interface}; it is dropped, because its entry "
        "accepts it from another interface (upcalls about such data: {count}); a host on "
        "{interface} may forge this address, or a router may send the data back"
    )
    seldom: ClassVar[tuple[str, ...] | None] = ()

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLimitReached(Event):
    """An interface has as many sources as it may have."""

    kind: ClassVar[str] = "source-limit"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "source limit ({most}) reached on {interface}; data of new sources is dropped until "
        "known sources become idle"
    )

    most: int
