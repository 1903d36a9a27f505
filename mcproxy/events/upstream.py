"""Events of upstream links: what is reported there, and what their routers say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..protocol.family import Address
from .event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSent(Event):
    """We reported a group upstream; ``record`` is as in ReportReceived."""

    kind: ClassVar[str] = "report-sent"
    message: ClassVar[str] = "reported {group} upstream: {record}"

    group: Address
    record: str
    sources: tuple[Address, ...] = ()

    def line(self) -> str:
        """With the sources, if there are any."""
        return self.message + (" {sources}" if self.sources else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamVersionChanged(Event):
    """The querier upstream makes us speak another version (RFC 9776, section 7.2).

    ``effect`` is what follows for groups with sources.
    """

    kind: ClassVar[str] = "upstream-version"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = "upstream router speaks {protocol}v{version}"

    protocol: str
    version: int
    effect: str

    def line(self) -> str:
        """With the effect."""
        return self.message + self.effect


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFromOtherSubnet(Event):
    """A query upstream came from no subnet of the link (RFC 9776, 9.1)."""

    kind: ClassVar[str] = "foreign-query"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "{querier} sends queries, but is in no subnet of the upstream {interface}; they are "
        "accepted, because some providers send such queries"
    )
    seldom: ClassVar[tuple[str, ...] | None] = ()

    querier: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderQueryNotFollowed(Event):
    """An older query came that is not followed (RFC 9776, 7.2.1)."""

    kind: ClassVar[str] = "older-query"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "{querier} sends {protocol}v{version} queries, which cannot name the sources of "
        "source-specific groups; this proxy answers in {protocol}v{ours}; set the "
        "router to that version (see version-fallback)"
    )
    seldom: ClassVar[tuple[str, ...] | None] = ()

    querier: Address
    protocol: str
    version: int
    ours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamsReordered(Event):
    """Other upstreams are usable, or preferred."""

    kind: ClassVar[str] = "upstreams"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "upstreams by preference: {order}"

    order: str
