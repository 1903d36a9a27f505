"""Drops: what was not acted upon is counted, and seen in the log without filling it."""

from __future__ import annotations

from collections import Counter

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.log_reader import MOST_LINES, SELDOM
from mcproxy.protocol.wire.packets import DropReason, WireError
from mcproxy.receiver.drops import Drops

from ..events.log_lines import LogLines


class DropsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.counters: Counter[tuple[str, str]] = Counter()
        self.log = LogLines(self.clock, "debug")
        self.drops = Drops("IGMP", self.counters, self.log.events)

    def refuse(self, hops: int, times: int = 1) -> None:
        for _ in range(times):
            self.drops.count_refused("lan", "10.0.0.9", WireError(DropReason.TTL, str(hops)))

    def test_message_with_another_ttl_is_counted_and_logged_for_debugging(self) -> None:
        """V-1."""
        self.refuse(64)
        self.assertEqual(self.counters, {("lan", "ttl"): 1})
        ((level, line, fields),) = self.log.written
        self.assertEqual((level, fields["interface"]), ("debug", "lan"))
        self.assertEqual(line, "IGMP message from 10.0.0.9 dropped: ttl: 64")

    def test_flood_of_refused_messages_does_not_fill_the_log(self) -> None:
        """SEC-08."""
        self.refuse(64, 1000)
        self.assertEqual(self.counters["lan", "ttl"], 1000)
        self.clock.advance(1)
        self.assertEqual(len(self.log.lines), MOST_LINES + 1)
        self.assertIn(f'{1000 - MOST_LINES} more events "drop" within a second', self.log.lines[-1])

    def test_query_of_a_wrong_source_is_warned_about_now_and_then(self) -> None:
        """IP6-12: on each interface, beside other warnings about it."""
        self.log.levels.set("warn")
        self.drops = Drops("MLD", self.counters, self.log.events)
        error = WireError(DropReason.QUERY_SOURCE, "not link-local")
        self.drops.count_excess("lan", "fe80::7")
        for _ in range(100):
            self.drops.count_refused("lan", "2001:db8::9", error)
            self.drops.count_refused("up", "::", error)
        self.assertEqual(self.counters["lan", "query-source"], 100)
        self.assertEqual(
            [line.partition(" was dropped")[0] for line in self.log.lines[1:]],
            ["a query of 2001:db8::9 on lan", "a query of :: on up"],
        )
        self.clock.advance(SELDOM)
        self.drops.count_refused("lan", "2001:db8::9", error)
        self.assertIn("send its MLD queries from a link-local", self.log.lines[-1])
        self.drops.count_refused("lan", "2001:db8::9", WireError(DropReason.SOURCE))
        self.assertEqual(len(self.log.lines), 4)

    def test_flooding_host_is_named_now_and_then(self) -> None:
        """SEC-08."""
        self.log.levels.set("warn")
        for _ in range(100):
            self.drops.count_excess("lan", "10.0.0.9")
        self.clock.advance(SELDOM)
        self.drops.count_excess("lan", "10.0.0.9")
        self.assertEqual(self.counters["lan", "flood"], 101)
        self.assertEqual(len(self.log.lines), 2)
        self.assertIn("10.0.0.9 sends more IGMP messages", self.log.lines[0])

    def test_messages_that_the_kernel_dropped_are_counted_and_logged(self) -> None:
        """SEC-08: since the start, however large the kernel's number is."""
        self.drops.start_at(2**32 - 2)
        self.drops.note_lost(2**32 - 2)
        self.drops.note_lost(3)
        self.drops.note_lost(3)
        self.assertEqual(self.counters, {("", "receive-queue"): 5})
        self.assertIn("the kernel dropped 5 IGMP messages", self.log.lines[0])
        self.assertEqual(len(self.log.lines), 1)
