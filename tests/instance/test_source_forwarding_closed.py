"""Source forwarding after its end: whatever comes late is ignored."""

from __future__ import annotations

from typing import Any

from mcproxy.instance.group_forwarding import GroupForwarding
from mcproxy.instance.plan.forwarding import LOOK_INTERVAL
from mcproxy.messages import WrongInterface
from mcproxy.protocol.family import IPV4
from mcproxy.timer import Timer

from .source_forwarding_case import ANY, LINKS, S1, S2, S3, G, SourceForwardingTestCase, links


class ClosedSourceForwardingTests(SourceForwardingTestCase):
    def test_closed_forwarding_reads_no_counters(self) -> None:
        self.miss(S1)
        self.forwarding.close()
        self.clock.advance(100)
        self.assertEqual((self.table.asked, self.clock.getDelayedCalls()), (0, []))

    def test_closed_forwarding_ignores_late_counters(self) -> None:
        """An answer that was under way does not start a new cycle."""
        self.table.answers = []
        self.miss(S1)
        self.miss(S2)
        self.clock.advance(LOOK_INTERVAL)
        self.table.counts = {S1: 7}
        self.forwarding.close()
        self.told()
        [answer] = self.table.answers
        answer()
        self.clock.pump([LOOK_INTERVAL] * 100)
        self.assertEqual((self.table.asked, self.told(), self.asked), (1, [], []))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closed_forwarding_ignores_a_late_failure(self) -> None:
        self.table.answers, self.table.broken = [], True
        self.miss(S1)
        self.clock.advance(LOOK_INTERVAL)
        self.forwarding.close()
        [answer] = self.table.answers
        answer()
        self.clock.pump([LOOK_INTERVAL] * 100)
        self.assertEqual((self.table.asked, self.clock.getDelayedCalls()), (1, []))

    def test_closed_forwarding_ignores_late_upcalls(self) -> None:
        self.miss(S1)
        self.told()
        self.forwarding.close()
        self.miss(S2)
        self.forwarding.receive(WrongInterface("d1", S1, G))
        self.forwarding.restore_source(S3, G, "up1")
        self.assertEqual((self.told(), list(self.plan())), ([], [S1]))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closed_forwarding_ignores_a_late_timer(self) -> None:
        self.miss(S1)
        self.forwarding.close()
        self.forwarding._due(LOOK_INTERVAL)
        self.assertEqual((self.table.asked, self.clock.getDelayedCalls()), (0, []))

    def test_closed_forwarding_ends_its_migration(self) -> None:
        table: Any = self.table
        before = GroupForwarding(
            "tv", IPV4, "up1", lambda _: None, Timer(self.clock), self.log.events, table
        )
        before.links_changed(links(LINKS, "up1"))
        self.forwarding.migrate_from(before, [G])
        self.assertEqual(list(self.plan()), [ANY])
        self.forwarding.close()
        self.clock.pump([1.0] * 10)
        before.receive(WrongInterface("d1", S1, G))
        self.assertEqual((self.told(), self.clock.getDelayedCalls()), ([], []))

    # -- several upstreams at once
