"""One group on one link, as the router part keeps it (RFC 9776, 6.4; RFC 9777, 7.4).

State. In INCLUDE mode ``sources`` holds the wanted sources with the time at which each is
forgotten; a group without one is no group. In EXCLUDE mode ``timer`` is when the mode falls
back to INCLUDE, and ``sources`` holds both lists of the RFC's EXCLUDE (X,Y): X, sources
asked for, with their times, and Y, sources blocked, at the time STOPPED.

Reactions. The two tables of the RFC (section 6.4.1 and 6.4.2) come down to four changes,
since a source's time tells which list it is in::

    IS_IN(B), ALLOW(B), TO_IN(B)   times of B = membership interval; none is forgotten
    IS_EX(B), TO_EX(B)             the list becomes B: known sources keep their time, new
                                   ones are blocked (before: INCLUDE), or get the membership
                                   interval (IS_EX) or the old group timer (TO_EX)
    BLOCK(B)                       in EXCLUDE, new sources of B get the group timer
    what to ask about              TO_EX(B), BLOCK(B): sources of B that are being forwarded;
                                   TO_IN(B): those not in B, and in EXCLUDE the group itself

Only the group timer's expiry leads from EXCLUDE to INCLUDE.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import NamedTuple

from ..family import Address
from ..sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter
from ..versions import OlderVersions
from ..wire.packets import NO_SOURCES, Record, RecordType, Sources
from .tracking import HostTable

STOPPED = 0.0
"""The time of a source whose timer has run out in EXCLUDE mode: it is blocked."""

_NO_TIMES: dict[Address, float] = {}  # shared by all groups without sources; never filled

_TO_IN = RecordType.CHANGE_TO_INCLUDE_MODE
_TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE
_IS_EX = RecordType.MODE_IS_EXCLUDE
_BLOCK = RecordType.BLOCK_OLD_SOURCES


class NeedsQuery(NamedTuple):
    """What a record leaves in doubt: the querier has to ask who still wants it."""

    group: bool
    sources: Sources


NO_QUERY_NEEDED = NeedsQuery(False, NO_SOURCES)


class Inquiry:
    """Specific queries still to be sent: how often, and when next (RFC 9776, 6.6.3)."""

    __slots__ = ("group_count", "group_when", "source_counts", "sources_when")

    def __init__(self) -> None:
        self.group_count = 0
        self.group_when = 0.0
        self.source_counts: dict[Address, int] = {}
        self.sources_when = 0.0

    def next(self) -> float | None:
        """When the next of the queries is to be sent."""
        times = []
        if self.group_count:
            times.append(self.group_when)
        if self.source_counts:
            times.append(self.sources_when)
        return min(times, default=None)

    def keep(self, sources: Container[Address]) -> None:
        """Ask no more about others than ``sources``: they are forgotten."""
        self.source_counts = {s: n for s, n in self.source_counts.items() if s in sources}


class Group:
    """The filter mode, timers and sources of a group; a new one wants nothing.

    ``since`` is when it was made, ``last_reporter`` the host that was heard of it last.
    """

    __slots__ = (
        "hosts",
        "inquiry",
        "last_reporter",
        "mode",
        "older",
        "since",
        "sources",
        "timer",
    )

    def __init__(self, since: float = 0.0) -> None:
        self.since = since
        self.last_reporter: Address | None = None
        self.mode: FilterMode = INCLUDE
        self.timer = STOPPED
        self.sources = _NO_TIMES
        self.inquiry: Inquiry | None = None
        self.hosts: HostTable | None = None
        self.older: OlderVersions | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to keep."""
        return self.mode is EXCLUDE or bool(self.sources)

    def subscription(self) -> SourceFilter:
        """What is to be forwarded to the link (RFC 9776, section 6.3)."""
        if not self.sources:
            return ANY_SOURCE if self.mode is EXCLUDE else NOTHING
        if self.mode is INCLUDE:
            return SourceFilter(INCLUDE, frozenset(self.sources))
        blocked = frozenset([s for s, when in self.sources.items() if when == STOPPED])
        return SourceFilter(EXCLUDE, blocked) if blocked else ANY_SOURCE

    def forwarded(self) -> Iterable[Address]:
        """The sources with a running timer: all of INCLUDE's, X of EXCLUDE's."""
        return [source for source, when in self.sources.items() if when != STOPPED]

    def apply(self, record: Record, until: float) -> NeedsQuery:
        """React to ``record``; ``until`` is now plus the membership interval."""
        kind, _, listed = record
        if kind is _IS_EX or kind is _TO_EX:
            return self._exclude(listed, until, ask=kind is _TO_EX)
        if kind is _BLOCK:
            return self._block(listed)
        doubt = NO_QUERY_NEEDED
        if kind is _TO_IN:
            excluding = self.mode is EXCLUDE
            doubt = NeedsQuery(excluding, frozenset(self.forwarded()) - listed)
        if listed:
            self.sources = {**self.sources, **dict.fromkeys(listed, until)}
        return doubt

    def _exclude(self, listed: Sources, until: float, ask: bool) -> NeedsQuery:
        new = self.timer if ask else until
        if self.mode is INCLUDE:
            new = STOPPED
        known = self.sources
        self.sources = {s: known.get(s, new) for s in listed} if listed else _NO_TIMES
        self.mode, self.timer = EXCLUDE, until
        if self.inquiry:
            self.inquiry.keep(self.sources)
        return NeedsQuery(False, frozenset(self.forwarded())) if ask and listed else NO_QUERY_NEEDED

    def _block(self, listed: Sources) -> NeedsQuery:
        if self.mode is EXCLUDE:
            self.sources = {**dict.fromkeys(listed, self.timer), **self.sources}
        times = self.sources
        return NeedsQuery(False, frozenset([s for s in listed if times.get(s, STOPPED) != STOPPED]))

    def lower_group(self, when: float) -> None:
        """Let the group timer run out at ``when`` at the latest."""
        self.timer = min(self.timer, when)

    def lower_sources(self, sources: Iterable[Address], when: float) -> None:
        """Let the running timers of ``sources`` run out at ``when`` at the latest."""
        for source in sources:
            if self.sources.get(source, STOPPED) > when:
                self.sources[source] = when

    def hold(self, when: float) -> None:
        """Let no running timer run out before ``when``."""
        if self.mode is EXCLUDE:
            self.timer = max(self.timer, when)
        for source in self.forwarded():
            self.sources[source] = max(self.sources[source], when)

    def expire(self, now: float) -> bool:
        """Carry out what timers that have run out ask for; whether any had.

        A source's timer goes first, so that a group timer of the same instant finds it in
        the list of blocked sources (RFC 9776, sections 6.3 and 6.5).
        """
        over = [s for s, when in self.sources.items() if STOPPED < when <= now]
        if self.mode is EXCLUDE and self.timer <= now:
            self.mode, self.timer = INCLUDE, STOPPED
            self.sources = {s: when for s, when in self.sources.items() if when > now}
            if self.inquiry:
                self.inquiry.group_count = 0
            return True
        for source in over:
            if self.mode is INCLUDE:
                del self.sources[source]
            else:
                self.sources[source] = STOPPED
        return bool(over)

    def next_event(self) -> float | None:
        """When a timer runs out or a query is due, whatever comes first."""
        if not self.sources and self.inquiry is None:
            return self.timer if self.mode is EXCLUDE else None
        times = [when for when in self.sources.values() if when != STOPPED]
        if self.mode is EXCLUDE:
            times.append(self.timer)
        asked = self.inquiry.next() if self.inquiry else None
        if asked is not None:
            times.append(asked)
        return min(times, default=None)
