"""Events of queriers: ours, and other routers on our links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..protocol.family import Address
from .event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryHeard(Event):
    """Another router, or a switch, sent a query; ``group`` is None in a general one.

    ``version`` is the protocol's with its name, as "IGMPv2". ``interval`` is the querier's query
    interval, if its version carries one.
    """

    kind: ClassVar[str] = "query-heard"
    message: ClassVar[str] = "{querier} sent a {version} query"

    querier: Address
    version: str
    group: Address | None = None
    interval: float | None = None

    def line(self) -> str:
        """With the group and the interval, where there are any."""
        group = " for {group}" if self.group is not None else ""
        interval = "; its query interval is {interval} s" if self.interval is not None else ""
        return self.message + group + interval


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralQuerySent(Event):
    """We asked the hosts of a link for all groups."""

    kind: ClassVar[str] = "query-sent"
    message: ClassVar[str] = "asked the hosts which groups they want"


@dataclass(frozen=True, slots=True, kw_only=True)
class BecameQuerier(Event):
    """We are the querier of a downstream link."""

    kind: ClassVar[str] = "querier"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "this proxy is the querier on {interface}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LostQuerierRole(Event):
    """Another router is the querier of a downstream link, for ``seconds`` at least."""

    kind: ClassVar[str] = "querier-lost"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "{querier} became the querier on {interface}; forwarding to {interface} stops until "
        "it goes silent, for at least {seconds} s (see allowed-queriers)"
    )

    querier: Address
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherVersionHeard(Event):
    """A router of a downstream link speaks another version (RFC 9776, 7.3.1)."""

    kind: ClassVar[str] = "querier-version"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "{querier} sends {protocol}v{version} queries, but this proxy speaks "
        "{protocol}v{ours}; set all routers of the link to one version (see {setting})"
    )
    seldom: ClassVar[tuple[str, ...] | None] = ()

    querier: Address
    protocol: str
    version: int
    ours: int
    setting: str
