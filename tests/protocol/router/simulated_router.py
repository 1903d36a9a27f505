"""A router on a link of its own, with a clock that is stepped to each deadline."""

from __future__ import annotations

from typing import NamedTuple

from mcproxy.protocol.family import Address
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.group import STOPPED
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, SourceFilter
from mcproxy.protocol.wire.datagram import destination
from mcproxy.protocol.wire.packets import Packet, Query, Record, RecordType, Report

from ..families import ALLOW, IS_EX, START, FamilyTests, group, host, source

MOST_CALLS = 300
"""Calls of ``advance`` in a row, by which time must have gone on."""


class ExpectedQuery(NamedTuple):
    """A specific query as it is sent; ``when`` counts from the start."""

    when: float
    sources: frozenset[int] = frozenset()
    suppress: bool = False
    group: int = 1


def query_at(when: float, *sources: int, suppress: bool = False, group: int = 1) -> ExpectedQuery:
    """Return the query for some sources, or for the group itself."""
    return ExpectedQuery(when, frozenset(sources), suppress, group)


class RouterTests(FamilyTests):
    """Tests with a router that receives packets while a simulated clock runs."""

    settings = QuerierSettings()

    def setUp(self) -> None:
        """A router that has heard nothing yet and sends no general queries."""
        self.now = START
        self.querier = Querier(self.family, self.settings)
        self.sent: list[tuple[float, Query]] = []
        self.handed_over: list[tuple[float, Packet]] = []
        self.changed: list[Address] = []

    def note(self, effects: Effects) -> Effects:
        """Keep what was sent and what changed; check the destinations."""
        for there, packet in effects.send:
            self.assertEqual(there, destination(self.family, packet))
            if isinstance(packet, Query):
                self.sent.append((self.now, packet))
            else:
                self.handed_over.append((self.now - START, packet))
        self.changed += effects.changed
        return effects

    def receives(self, packet: Packet, host_number: int = 1) -> Effects:
        """Deliver a packet of a host or of another router."""
        sender = host(self.family, host_number)
        return self.note(self.querier.receive(packet, sender, self.now))

    def reports(self, *records: Record, host_number: int = 1) -> Effects:
        """Deliver a report of a host."""
        return self.receives(Report(records), host_number)

    def says(
        self, kind: RecordType, *numbers: int, host_number: int = 1, group_number: int = 1
    ) -> Effects:
        """Deliver a report of a host with one record."""
        record = self.record(kind, *numbers, group_number=group_number)
        return self.reports(record, host_number=host_number)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        end = self.now + seconds
        calls = 0
        while (when := self.querier.next_deadline()) is not None and when <= end:
            self.now = max(self.now, when)
            self.note(self.querier.advance(self.now))
            calls += 1
            self.assertLess(calls, MOST_CALLS, "advance() leaves the same deadline")
        self.now = end

    def specific_queries(self) -> list[ExpectedQuery]:
        """Return the specific queries since the last call, and forget them."""
        numbers = {source(self.family, n): n for n in range(1, 10)}
        groups = {group(self.family, n): n for n in range(1, 10)}
        seen = []
        for when, query in self.sent:
            listed = frozenset(numbers[one] for one in query.sources)
            seen.append(ExpectedQuery(when - START, listed, query.suppress, groups[query.group]))
        self.sent.clear()
        return seen

    # -- states

    def given_include(self, *numbers: int) -> None:
        """Let the group want some sources, with new timers."""
        self.says(ALLOW, *numbers)

    def given_exclude(self, x: tuple[int, ...] = (), y: tuple[int, ...] = ()) -> None:
        """Let the group be in EXCLUDE(X,Y), with new timers."""
        self.says(IS_EX, *y)
        if x:
            self.says(ALLOW, *x)

    def check_include(self, timers: dict[int, float]) -> None:
        """Check that the group is in INCLUDE mode; ``timers`` are seconds left by source."""
        self.assertEqual(self.subscription(), self.including(*timers))
        if timers:
            self.assertEqual(self.timers_left(), (INCLUDE, timers, set()))

    def check_exclude(self, x: dict[int, float], y: set[int], timer: float) -> None:
        """Check that the group is in EXCLUDE(X,Y), with these seconds left."""
        self.assertEqual(self.subscription(), self.excluding(*y))
        self.assertEqual(self.timers_left(), (EXCLUDE, x, y))
        self.assertEqual(self.querier.groups[group(self.family, 1)].timer - self.now, timer)

    def timers_left(self) -> tuple[object, dict[int, float], set[int]]:
        """Return the mode, X with the seconds left, and Y."""
        state = self.querier.groups[group(self.family, 1)]
        x, y = {}, set()
        for number in range(1, 10):
            when = state.sources.get(source(self.family, number))
            if when == STOPPED:
                y.add(number)
            elif when is not None:
                x[number] = when - self.now
        return state.mode, x, y

    def subscription(self, number: int = 1) -> SourceFilter:
        """Return what the link wants of a group."""
        return self.querier.subscription(group(self.family, number))
