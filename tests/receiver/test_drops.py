"""Drops: what was not acted upon is counted, and seen in the log without filling it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.wire.packets import DropReason, WireError
from mcproxy.receiver.drops import WARNING_INTERVAL, Drops


class Log:
    """Keeps the lines, with their level."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def debug(self, told: str, **fields: Any) -> None:
        self.lines.append(("debug", f"{fields.get('interface', '')}: {told.format(**fields)}"))

    def warn(self, told: str, **fields: Any) -> None:
        self.lines.append(("warn", f"{fields.get('interface', '')}: {told.format(**fields)}"))


class DropsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 0.0
        self.counters: Counter[tuple[str, str]] = Counter()
        self.log = Log()
        self.patch(Drops, "log", self.log)
        self.drops = Drops("IGMP", self.counters, lambda: self.now)

    def refuse(self, hops: int, times: int = 1) -> None:
        for _ in range(times):
            self.drops.count_refused("lan", "10.0.0.9", WireError(DropReason.TTL, str(hops)))

    def test_message_with_another_ttl_is_counted_and_logged_for_debugging(self) -> None:
        """V-1."""
        self.refuse(64)
        self.assertEqual(self.counters, {("lan", "ttl"): 1})
        told = "lan: IGMP message from 10.0.0.9 dropped: ttl: 64; 1 so far for this reason"
        self.assertEqual(self.log.lines, [("debug", told)])

    def test_flood_of_refused_messages_does_not_fill_the_log(self) -> None:
        """SEC-08."""
        self.refuse(64, 1000)
        self.assertEqual(self.counters["lan", "ttl"], 1000)
        self.assertEqual(len(self.log.lines), 10)

    def test_query_of_a_wrong_source_is_warned_about_now_and_then(self) -> None:
        """IP6-12: on each interface, beside other warnings about it."""
        self.drops = Drops("MLD", self.counters, lambda: self.now)
        error = WireError(DropReason.QUERY_SOURCE, "not link-local")
        self.drops.count_excess("lan", "fe80::7")
        for _ in range(100):
            self.drops.count_refused("lan", "2001:db8::9", error)
            self.drops.count_refused("up", "::", error)
        self.assertEqual(self.counters["lan", "query-source"], 100)
        warned = [told for level, told in self.log.lines if level == "warn"][1:]
        self.assertEqual(
            [told.partition(" was dropped")[0] for told in warned],
            [
                "lan: a query of 2001:db8::9 on lan",
                "up: a query of :: on up",
            ],
        )
        self.now = WARNING_INTERVAL
        self.drops.count_refused("lan", "2001:db8::9", error)
        self.assertIn("send its MLD queries from a link-local", self.log.lines[-1][1])
        self.drops.count_refused("lan", "2001:db8::9", WireError(DropReason.SOURCE))
        self.assertEqual(self.log.lines[-1][0], "debug")

    def test_flooding_host_is_named_now_and_then(self) -> None:
        """SEC-08."""
        for _ in range(100):
            self.drops.count_excess("lan", "10.0.0.9")
        self.now = WARNING_INTERVAL
        self.drops.count_excess("lan", "10.0.0.9")
        self.assertEqual(self.counters["lan", "flood"], 101)
        self.assertEqual([level for level, _ in self.log.lines], ["warn", "warn"])
        self.assertIn("10.0.0.9 sends more IGMP messages", self.log.lines[0][1])

    def test_messages_that_the_kernel_dropped_are_counted_and_logged(self) -> None:
        """SEC-08: since the start, however large the kernel's number is."""
        self.drops.start_at(2**32 - 2)
        self.drops.note_lost(2**32 - 2)
        self.drops.note_lost(3)
        self.drops.note_lost(3)
        self.assertEqual(self.counters, {("", "receive-queue"): 5})
        self.assertIn("the kernel dropped 5 IGMP messages", self.log.lines[0][1])
        self.assertEqual(len(self.log.lines), 1)
