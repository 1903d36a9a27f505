"""How long changes of hosts wait for their entries."""

from __future__ import annotations

from mcproxy.latency import JOIN, LEAVE, Latencies
from mcproxy.protocol.forwarding.planner import Route

from ..stamps import stamped
from .support import G1, G2, RoutingTestCase, any_source


class MeasuredEntriesTests(RoutingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.latencies = Latencies(self.clock.seconds, self.clock.seconds)
        self.events_log.events.latencies = self.latencies
        self.held = []

    def host_wants(self, group: bytes, *routes: Route) -> None:
        """A report that arrives now changes what a host wants of a group."""
        known = {group} if routes else set()
        self.latencies.arrive(stamped(self.clock.seconds()))
        self.latencies.begin("ipv4", "d1", [group], known)
        self.want(group, *routes)
        self.latencies.end()
        self.latencies.done()

    def times(self, kind: str) -> list[float]:
        """How many entries were waited for, and how long in all."""
        waits = self.latencies.waits.get(("ipv4", kind))
        count = 0 if waits is None else sum(waits.entry.counts)
        return [] if waits is None or not count else [count, waits.entry.sum]

    def test_entry_is_waited_for_until_the_routing_thread_has_installed_it(self) -> None:
        self.host_wants(G1, any_source("up", "d1"))
        self.clock.advance(0.5)
        self.assertEqual(self.times(JOIN), [])
        self.let_go_on()
        self.assertEqual((self.times(JOIN), self.times(LEAVE)), ([1, 0.5], []))

    def test_changes_during_a_batch_wait_for_the_next_one(self) -> None:
        self.host_wants(G1, any_source("up", "d1"))
        self.host_wants(G2, any_source("up", "d1"))
        self.host_wants(G1)
        first = self.held.pop(0) if self.held else None
        assert first is not None
        first.callback(None)
        self.assertEqual(self.times(JOIN), [1, 0.0])
        self.clock.advance(0.5)
        self.let_go_on()
        self.assertEqual((self.times(JOIN), self.times(LEAVE)), ([2, 0.5], [1, 0.5]))

    def test_change_that_is_planned_twice_is_counted_once(self) -> None:
        self.latencies.arrive(stamped(self.clock.seconds()))
        self.latencies.begin("ipv4", "d1", [G1, G2], {G1, G2})
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d1"))
        self.latencies.end()
        self.let_go_on()
        self.assertEqual(self.times(JOIN), [1, 0.0])

    def test_change_that_needs_no_entry_waits_for_none(self) -> None:
        self.host_wants(G1)
        self.let_go_on()
        self.want(G2, any_source("up", "d1"))
        self.let_go_on()
        self.assertEqual((self.times(JOIN), self.times(LEAVE)), ([], []))
