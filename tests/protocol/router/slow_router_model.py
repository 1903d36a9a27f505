"""A slow model of the router, made of the tables of the RFCs, with sets and plain scans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from mcproxy.protocol.family import Address
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter
from mcproxy.protocol.wire.packets import NO_SOURCES, Record, Sources

from .rfc_tables import EXCLUDE_ROWS, INCLUDE_ROWS, Row


class SentQuery(NamedTuple):
    """A specific query as it was sent."""

    when: float
    group: Address
    sources: Sources
    suppress: bool


@dataclass
class SlowGroup:
    """State of one group; a time is when a timer expires."""

    mode: FilterMode = INCLUDE
    x: dict[Address, float] = field(default_factory=dict)
    y: Sources = NO_SOURCES
    timer: float = 0.0
    group_left: int = 0
    group_when: float = 0.0
    source_left: dict[Address, int] = field(default_factory=dict)
    sources_when: float = 0.0

    def subscription(self) -> SourceFilter:
        """E.2: INCLUDE of what is wanted, or EXCLUDE of Y."""
        if self.mode is INCLUDE:
            return SourceFilter(INCLUDE, frozenset(self.x))
        return SourceFilter(EXCLUDE, self.y)

    def hold(self, first: float, last: float) -> None:
        """Let all timers expire between these times."""
        self.x = {source: min(max(first, end), last) for source, end in self.x.items()}
        if self.mode is EXCLUDE:
            self.timer = min(max(first, self.timer), last)


class SlowRouter:
    """The router part on one link, as the RFCs describe it."""

    silent = False
    """Whether another router is the querier (GQ-03)."""

    def __init__(self, settings: QuerierSettings) -> None:
        self.settings = settings
        self.groups: dict[Address, SlowGroup] = {}
        self.queries: list[SentQuery] = []

    def subscription(self, group: Address) -> SourceFilter:
        """Return what the link wants of ``group``."""
        found = self.groups.get(group)
        return found.subscription() if found else NOTHING

    def receive(self, records: Iterable[Record], now: float) -> None:
        """Process records in their order (IGMP3-R-08)."""
        for kind, address, listed in records:
            group = self.groups.setdefault(address, SlowGroup())
            x = frozenset(group.x)
            if group.mode is INCLUDE:
                row = INCLUDE_ROWS[kind](x, listed)
            else:
                row = EXCLUDE_ROWS[kind](x, group.y, listed)
            self._carry_out(address, group, row, now)
            self._drop_empty()

    def _carry_out(self, address: Address, group: SlowGroup, row: Row, now: float) -> None:
        """SC-14: timers, deletions, queries, group timer."""
        interval = self.settings.group_membership_interval
        times = {
            **group.x,
            **dict.fromkeys(row.renewed, now + interval),
            **dict.fromkeys(row.like_group, group.timer),
        }
        group.mode, group.y = row.mode, row.y
        group.x = {source: times[source] for source in row.x}
        self._keep_counts(group)
        self._ask_sources(address, group, row.ask, now)
        if row.renew_group:
            group.timer = now + interval
        if row.ask_group:
            self._ask_group(address, group, now)

    def _keep_counts(self, group: SlowGroup) -> None:
        """SQ-09: no further queries for sources that are gone or expired."""
        group.source_left = {s: n for s, n in group.source_left.items() if s in group.x}

    def _ask_group(self, address: Address, group: SlowGroup, now: float) -> None:
        """SQ-01."""
        if self.silent:
            return
        group.timer = min(group.timer, now + self.settings.last_member_query_time)
        group.group_left = self.settings.robustness
        self._send_group(address, group, now)

    def _ask_sources(self, address: Address, group: SlowGroup, listed: Sources, now: float) -> None:
        """SQ-03."""
        if self.silent:
            return
        limit = now + self.settings.last_member_query_time
        lowered = [source for source in listed if group.x[source] > limit]
        for source in lowered:
            group.x[source] = limit
            group.source_left[source] = self.settings.robustness
        if lowered:
            self._send_sources(address, group, now)

    def _send_group(self, address: Address, group: SlowGroup, now: float) -> None:
        """SQ-02."""
        suppress = group.timer > now + self.settings.last_member_query_time
        self.queries.append(SentQuery(now, address, NO_SOURCES, suppress))
        group.group_left -= 1
        group.group_when = now + self.settings.last_member_query_interval

    def _send_sources(self, address: Address, group: SlowGroup, now: float) -> None:
        """SQ-04."""
        limit = now + self.settings.last_member_query_time
        left = frozenset(group.source_left)
        claimed = frozenset(source for source in left if group.x[source] > limit)
        for sources, suppress in ((claimed, True), (left - claimed, False)):
            if sources:
                self.queries.append(SentQuery(now, address, sources, suppress))
        group.source_left = {s: n - 1 for s, n in group.source_left.items() if n > 1}
        group.sources_when = now + self.settings.last_member_query_interval

    def _events(self, group: SlowGroup) -> Iterable[float]:
        yield from group.x.values()
        if group.mode is EXCLUDE:
            yield group.timer
        if group.group_left:
            yield group.group_when
        if group.source_left:
            yield group.sources_when

    def advance(self, until: float) -> None:
        """Do all that is due up to ``until``, each at its time."""
        while (now := min(self.times(), default=until + 1)) <= until:
            self.happens(now)

    def times(self) -> list[float]:
        """Return when something is due."""
        return [when for group in self.groups.values() for when in self._events(group)]

    def happens(self, now: float) -> None:
        """Do what is due at that time and not before."""
        for address, group in self.groups.items():
            self._expire(group, now)
            self._keep_counts(group)
            if group.group_left and group.group_when == now:
                self._send_group(address, group, now)
            if group.source_left and group.sources_when == now:
                self._send_sources(address, group, now)
        self._drop_empty()

    def _expire(self, group: SlowGroup, now: float) -> None:
        """RT-03, RT-04, TX-01, TX-02."""
        over = frozenset(source for source, when in group.x.items() if when <= now)
        group.x = {source: when for source, when in group.x.items() if when > now}
        if group.mode is EXCLUDE:
            group.y |= over
            if group.timer <= now:
                group.mode, group.y, group.group_left = INCLUDE, NO_SOURCES, 0

    def _drop_empty(self) -> None:
        """SC-09: INCLUDE of nothing is no record."""
        self.groups = {g: one for g, one in self.groups.items() if one.subscription() != NOTHING}
