"""The state of one group on one link (RFC 9776, section 6.4; RFC 9777, section 7.4).

State. In INCLUDE mode ``sources`` holds the wanted sources with the time at which each is
removed; a group without wanted sources does not exist. In EXCLUDE mode ``timer`` is when the
mode changes back to INCLUDE, and ``sources`` holds both lists of the RFC's EXCLUDE (X,Y): X,
the requested sources, with their times, and Y, the blocked sources, with the time STOPPED.

Reactions. The two tables of the RFC (sections 6.4.1 and 6.4.2) reduce to four changes,
because the time of a source tells which list it is in::

    IS_IN(B), ALLOW(B), TO_IN(B)   times of B = membership interval; no source is removed
    IS_EX(B), TO_EX(B)             the list becomes B: known sources keep their time; new
                                   ones are blocked if the mode was INCLUDE, else they get
                                   the membership interval (IS_EX) or the old group timer
                                   (TO_EX)
    BLOCK(B)                       in EXCLUDE, new sources of B get the group timer
    query needed for               TO_EX(B), BLOCK(B): sources of B that are forwarded;
                                   TO_IN(B): forwarded sources that are not in B, and in
                                   EXCLUDE mode the group itself

Only the expiry of the group timer changes the mode from EXCLUDE to INCLUDE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..family import Address
from ..sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter
from ..versions import OlderVersions
from ..wire.packets import NO_SOURCES, Record, RecordType, Sources
from .pending import PendingQueries
from .tracking import HostTable

STOPPED = 0.0
"""The time of a source whose timer expired in EXCLUDE mode: the source is blocked."""

_NO_TIMES: dict[Address, float] = {}  # all groups without sources share it; it stays empty

_TO_IN = RecordType.CHANGE_TO_INCLUDE_MODE
_TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE
_IS_EX = RecordType.MODE_IS_EXCLUDE
_BLOCK = RecordType.BLOCK_OLD_SOURCES


class NeedsQuery(NamedTuple):
    """What may have lost its last member: the group itself, and ``sources`` of it.

    The querier must ask whether a host still wants them.
    """

    group: bool
    sources: Sources


NO_QUERY_NEEDED = NeedsQuery(False, NO_SOURCES)


class Group:
    """The filter mode, timers and sources of a group; a new one wants nothing.

    ``since`` is when it was created, ``last_reporter`` the host that reported it last.
    ``hosts`` are the tracked hosts, ``older`` the older versions that hosts of the group speak,
    ``pending`` the queries still to be sent; each is None where there are none. ``scheduled`` is
    the deadline for which its querier is to wake up (see ``GroupTimes``).
    """

    __slots__ = (
        "hosts",
        "last_reporter",
        "mode",
        "older",
        "pending",
        "scheduled",
        "since",
        "sources",
        "timer",
    )

    def __init__(
        self,
        since: float = 0.0,
        mode: FilterMode = INCLUDE,
        timer: float = STOPPED,
        sources: dict[Address, float] | None = None,
        *,
        last_reporter: Address | None = None,
        pending: PendingQueries | None = None,
        hosts: HostTable | None = None,
        older: OlderVersions | None = None,
    ) -> None:
        self.since = since
        self.last_reporter = last_reporter
        self.mode = mode
        self.timer = timer
        self.sources = sources or _NO_TIMES
        self.pending = pending
        self.hosts = hosts
        self.older = older
        self.scheduled: float | None = None

    def __bool__(self) -> bool:
        """Whether a host wants something of the group."""
        return self.mode is EXCLUDE or bool(self.sources)

    def subscription(self) -> SourceFilter:
        """What must be forwarded to the link (RFC 9776, section 6.3)."""
        if not self.sources:
            return ANY_SOURCE if self.mode is EXCLUDE else NOTHING
        if self.mode is INCLUDE:
            return SourceFilter(INCLUDE, frozenset(self.sources))
        blocked = frozenset([s for s, when in self.sources.items() if when == STOPPED])
        return SourceFilter(EXCLUDE, blocked) if blocked else ANY_SOURCE

    def forwarded(self) -> Iterable[Address]:
        """The sources with a running timer: all in INCLUDE mode, X in EXCLUDE mode."""
        return [source for source, when in self.sources.items() if when != STOPPED]

    def apply(self, record: Record, until: float) -> NeedsQuery:
        """Change the state by ``record``; return what must be queried.

        ``until`` is now plus the group membership interval.
        """
        kind, _, listed = record
        if kind is _IS_EX or kind is _TO_EX:
            return self._exclude(listed, until, query=kind is _TO_EX)
        if kind is _BLOCK:
            return self._block(listed)
        needed = NO_QUERY_NEEDED
        if kind is _TO_IN:
            excluding = self.mode is EXCLUDE
            needed = NeedsQuery(excluding, frozenset(self.forwarded()) - listed)
        if listed:
            self.add_sources(dict.fromkeys(listed, until))
        return needed

    def _exclude(self, listed: Sources, until: float, query: bool) -> NeedsQuery:
        new = self.timer if query else until
        if self.mode is INCLUDE:
            new = STOPPED
        known = self.sources
        self.sources = {s: known.get(s, new) for s in listed} if listed else _NO_TIMES
        self.mode, self.timer = EXCLUDE, until
        if self.pending:
            self.pending.retain_sources(self.sources)
        if not query or not listed:
            return NO_QUERY_NEEDED
        return NeedsQuery(False, frozenset(self.forwarded()))

    def _block(self, listed: Sources) -> NeedsQuery:
        if self.mode is EXCLUDE:
            self.sources = {**dict.fromkeys(listed, self.timer), **self.sources}
        times = self.sources
        return NeedsQuery(False, frozenset([s for s in listed if times.get(s, STOPPED) != STOPPED]))

    def note_old_host(self, version: int, until: float) -> None:
        """Note that a host that speaks only ``version`` is a member, ``until`` then."""
        self.older = self.older or OlderVersions()
        self.older.note(version, until)

    def track_hosts(self, unknowable_until: float) -> HostTable:
        """Start to track the hosts of the group; all of them are known from then on."""
        self.hosts = HostTable(unknowable_until)
        return self.hosts

    def stop_tracking(self) -> None:
        """Forget the hosts of the group."""
        self.hosts = None

    def start_queries(self) -> PendingQueries:
        """The queries that are still to be sent, to add others to."""
        if self.pending is None:
            self.pending = PendingQueries()
        return self.pending

    def cancel_queries(self) -> None:
        """Send no more specific queries."""
        self.pending = None

    def add_sources(self, times: Mapping[Address, float]) -> None:
        """Set the timers of some sources."""
        self.sources = {**self.sources, **times}

    def lower_group_timer(self, when: float) -> None:
        """Let the group timer expire at ``when`` at the latest."""
        self.timer = min(self.timer, when)

    def lower_source_timers(self, sources: Iterable[Address], when: float) -> None:
        """Let the running timers of ``sources`` expire at ``when`` at the latest."""
        for source in sources:
            if self.sources.get(source, STOPPED) > when:
                self.sources[source] = when

    def bound_timers(self, earliest: float, latest: float) -> None:
        """Let all running timers expire between ``earliest`` and ``latest``."""
        if self.mode is EXCLUDE:
            self.timer = min(max(self.timer, earliest), latest)
        for source in self.forwarded():
            self.sources[source] = min(max(self.sources[source], earliest), latest)
        if self.older is not None:
            self.older.bound(latest)

    def expire(self, now: float) -> bool:
        """Apply the timers that have expired; return whether there was one.

        Source timers come before a group timer of the same instant, so that the source is
        already blocked when the mode changes (RFC 9776, sections 6.3 and 6.5).
        """
        expired = [s for s, when in self.sources.items() if STOPPED < when <= now]
        if self.mode is EXCLUDE and self.timer <= now:
            self.mode, self.timer = INCLUDE, STOPPED
            self.sources = {s: when for s, when in self.sources.items() if when > now}
            if self.pending:
                self.pending.cancel_group()
            return True
        for source in expired:
            if self.mode is INCLUDE:
                del self.sources[source]
            else:
                self.sources[source] = STOPPED
        return bool(expired)

    def ends(self) -> float:
        """When the group ends, unless a host reports it until then."""
        return max([self.timer, *self.sources.values()])

    def next_event(self) -> float | None:
        """When the next timer expires or the next query is due; None if neither is."""
        if not self.sources and self.pending is None:
            return self.timer if self.mode is EXCLUDE else None
        times = [when for when in self.sources.values() if when != STOPPED]
        if self.mode is EXCLUDE:
            times.append(self.timer)
        query = self.pending.next() if self.pending else None
        if query is not None:
            times.append(query)
        return min(times, default=None)
