"""How long hosts of an instance wait, as it is measured."""

from __future__ import annotations

from mcproxy.latency import JOIN, LEAVE, Latencies
from mcproxy.protocol.wire.packets import RecordType

from ..stamps import stamped
from .support import BLOCK, D1, D2, G1, S1, SSM, TO_EX, TO_IN, UP, InstanceTestCase, report


class MeasuredInstanceTests(InstanceTestCase):
    """A host on d1 joins and leaves, and each of its packets arrived 0.25 s ago."""

    def setUp(self) -> None:
        super().setUp()
        self.links(UP, D1, D2)
        self.latencies = Latencies(self.clock.seconds, self.clock.seconds)
        self.log.events.latencies = self.latencies

    def late(self, where: str, kind: RecordType, group: bytes, *sources: bytes) -> None:
        """A report that the kernel has had for a while."""
        self.latencies.arrive(stamped(self.clock.seconds() - 0.25))
        self.says(where, kind, group, *sources)
        self.latencies.done()

    def times(self, kind: str) -> list[float]:
        """The number of times until a report upstream, and their sum."""
        waits = self.latencies.waits.get(("ipv4", kind))
        count = 0 if waits is None else sum(waits.report.counts)
        return [] if waits is None or not count else [count, round(waits.report.sum, 3)]

    def test_join_is_measured_until_its_report(self) -> None:
        self.late("d1", TO_EX, G1)
        self.assertEqual((self.times(JOIN), self.times(LEAVE)), ([1, 0.25], []))

    def test_join_that_needs_no_report_is_not_measured(self) -> None:
        self.says("d2", TO_EX, G1)
        self.late("d1", TO_EX, G1)
        self.assertEqual(self.times(JOIN), [])

    def test_repeats_of_a_report_are_not_measured(self) -> None:
        self.late("d1", TO_EX, G1)
        self.clock.pump([0.5] * 10)
        self.assertEqual(self.times(JOIN), [1, 0.25])

    def test_leave_is_measured_from_the_message_of_the_last_host(self) -> None:
        """Queries are sent first, which nobody answers; the host repeats its message."""
        for kind, arguments in ((TO_IN, (G1,)), (BLOCK, (SSM, S1))):
            self.latencies.waits.clear()
            group, *sources = arguments
            self.says("d1", TO_EX if not sources else RecordType.ALLOW_NEW_SOURCES, *arguments)
            self.late("d1", kind, *arguments)
            self.assertEqual(self.times(LEAVE), [], group)
            self.clock.pump([0.05] * 10)
            self.late("d1", kind, *arguments)
            self.clock.pump([0.05] * 70)
            count, seconds = self.times(LEAVE)
            interval = self.instance.downstreams["d1"].querier.settings.last_member_query_time
            self.assertEqual(count, 1)
            self.assertTrue(0 <= seconds - 0.25 - interval < 0.06, seconds)

    def test_nothing_is_measured_without_a_reader(self) -> None:
        self.log.events.latencies = None
        self.late("d1", TO_EX, G1)
        self.assertEqual(self.latencies.waits, {})
        self.assertIn(report(TO_EX, G1), self.sent("up"))
