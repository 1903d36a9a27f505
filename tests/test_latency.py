"""Latencies: from the arrival of a packet to the report upstream and to the entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.latency import (
    BOUNDS,
    JOIN,
    LEAVE,
    LONGEST_LEAVE,
    MOST_LEAVING,
    Histogram,
    Latencies,
)
from mcproxy.protocol.family import Address, packed

from .stamps import stamped

G1, G2 = packed("239.1.1.1"), packed("239.1.1.2")
HOST, OTHER_HOST = packed("10.0.0.1"), packed("10.0.0.2")
STAMP = 1_000_000.0
REPORT, ENTRY = "report", "entry"


class HistogramTests(SynchronousTestCase):
    def test_time_is_counted_in_the_first_bucket_whose_bound_it_does_not_exceed(self) -> None:
        histogram = Histogram()
        for seconds in (0.0, BOUNDS[0], BOUNDS[3], BOUNDS[-1] + 1):
            histogram.add(seconds)
        expected = [0] * (len(BOUNDS) + 1)
        expected[0], expected[3], expected[-1] = 2, 1, 1
        self.assertEqual(histogram.counts, expected)
        self.assertEqual(histogram.sum, BOUNDS[0] + BOUNDS[3] + BOUNDS[-1] + 1)


class LatenciesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.system = Clock(), STAMP
        self.latencies = Latencies(self.clock.seconds, lambda: self.system)

    def counted(self, kind: str, stage: str) -> tuple[int, float]:
        """How many times there are, and their sum."""
        waits = self.latencies.waits.get(("ipv4", kind))
        if waits is None:
            return 0, 0.0
        found = waits.report if stage == REPORT else waits.entry
        return sum(found.counts), round(found.sum, 6)

    @contextmanager
    def packet(self, stamp: float | None = STAMP) -> Iterator[None]:
        """What happens by a packet with this stamp."""
        self.latencies.arrive([] if stamp is None else stamped(stamp))
        yield
        self.latencies.done()

    def change(self, known: set[Address], *groups: Address, seconds: float = 0.0) -> None:
        """Groups of a link change, and a report goes upstream after some time."""
        self.latencies.begin("ipv4", "d1", groups, known)
        self.clock.advance(seconds)
        self.latencies.reported()
        self.latencies.reported()
        self.latencies.end()

    def test_join_takes_from_the_stamp_to_the_first_report(self) -> None:
        self.system = STAMP + 0.25
        with self.packet():
            self.change({G1}, G1, seconds=0.5)
        self.assertEqual(self.counted(JOIN, REPORT), (1, 0.75))
        self.assertEqual(self.counted(LEAVE, REPORT), (0, 0.0))

    def test_join_and_leave_in_one_packet_count_as_one_of_each(self) -> None:
        with self.packet():
            self.change({G1}, G1, G2, seconds=0.5)
        self.assertEqual((self.counted(JOIN, REPORT)), (1, 0.5))
        self.assertEqual((self.counted(LEAVE, REPORT)), (1, 0.5))

    def test_clock_that_was_set_back_makes_no_negative_time(self) -> None:
        self.system = STAMP - 3600
        with self.packet():
            self.change({G1}, G1, seconds=0.5)
        self.assertEqual(self.counted(JOIN, REPORT), (1, 0.5))

    def test_packet_without_a_stamp_is_not_measured(self) -> None:
        with self.packet(None):
            self.change({G1}, G1)
        self.assertEqual(self.latencies.waits, {})

    def test_change_at_a_deadline_is_not_a_join(self) -> None:
        self.change({G1}, G1)
        self.assertEqual(self.latencies.waits, {})

    def leave(self, *groups: Address, end: float = 2.0, host: Address = HOST) -> None:
        """A packet of a host on d1 leaves groups, which end then."""
        with self.packet():
            self.latencies.note_left("d1", host, dict.fromkeys(groups, end))

    def test_group_that_ends_after_queries_was_left_by_the_first_leave(self) -> None:
        """The host repeats its leave, which does not make the group end later."""
        for _ in range(2):
            self.leave(G1)
            self.clock.advance(1.0)
        self.change(set(), G1)
        self.assertEqual(self.counted(LEAVE, REPORT), (1, 2.0))

    def test_leave_of_the_last_of_two_hosts_counts(self) -> None:
        for host in (HOST, OTHER_HOST):
            self.leave(G1, host=host)
            self.clock.advance(0.8)
        self.change(set(), G1)
        self.assertEqual(self.counted(LEAVE, REPORT), (1, 0.8))

    def test_group_that_ends_long_after_a_leave_was_not_ended_by_it(self) -> None:
        """Another host answered, and fell silent."""
        self.leave(G1)
        self.clock.advance(LONGEST_LEAVE)
        self.change(set(), G1)
        self.assertEqual(self.latencies.waits, {})

    def test_leave_that_was_answered_is_not_the_one_that_ends_the_group(self) -> None:
        for end in (2.0, 5.0):
            self.leave(G1, end=end)
            self.clock.advance(2.5)
        self.change(set(), G1)
        self.assertEqual(self.counted(LEAVE, REPORT), (1, 2.5))

    def test_group_that_ends_without_a_leave_is_not_measured(self) -> None:
        with self.packet():
            self.latencies.note_left("d2", HOST, {G1: 2.0})
        self.change(set(), G1)
        self.assertEqual(self.latencies.waits, {})

    def test_leave_is_forgotten_where_the_group_stays(self) -> None:
        self.leave(G1)
        self.clock.advance(LONGEST_LEAVE + 1)
        self.leave(G2)
        self.change(set(), G1)
        self.assertEqual(self.latencies.waits, {})

    def test_leaves_that_are_remembered_are_limited(self) -> None:
        groups = [number.to_bytes(4, "big") for number in range(MOST_LEAVING + 1)]
        self.leave(*groups)
        self.change(set(), groups[0])
        self.assertEqual(self.latencies.waits, {})
        self.change(set(), groups[1])
        self.assertEqual(self.counted(LEAVE, REPORT), (1, 0.0))

    def test_report_after_the_change_belongs_to_none(self) -> None:
        with self.packet():
            self.latencies.begin("ipv4", "d1", [G1], {G1})
            changes = self.latencies.changes
            self.latencies.end()
            self.latencies.reported()
        self.assertEqual(self.counted(JOIN, REPORT), (0, 0.0))
        self.latencies.installed(changes)
        self.assertEqual(self.counted(JOIN, ENTRY), (1, 0.0))
