"""Forwarding by groups: upcalls that move a source, and those that ask nothing."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.bus import Events
from mcproxy.instance.group_forwarding import GroupForwarding
from mcproxy.messages import CacheMiss, WrongInterface
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.forwarding.moves import LOOK_TIME
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter
from mcproxy.timer import Timer

from .source_forwarding_case import ANY, LINKS, S1, S2, FakeTable, G, links


class GroupForwardingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.table = Clock(), FakeTable()
        self.routes: dict[bytes, int] = {}
        table: Any = self.table
        timer = Timer(self.clock)
        self.forwarding = GroupForwarding("tv", IPV4, "up", self.routes.get, timer, Events(), table)
        self.forwarding.links_changed(links(LINKS, "up"))

    def wrong_interface(
        self, interface: str, source: bytes, here: int = 0, elsewhere: int = 10, group: bytes = G
    ) -> None:
        """An upcall, and the packets that the entry gets on its iif and elsewhere after it."""
        self.table.here[source] += 0
        self.forwarding.receive(WrongInterface(interface, source, group))
        self.table.here[source] += here
        self.table.elsewhere[source] += elsewhere
        self.clock.advance(LOOK_TIME)

    def iif(self, source: bytes, group: bytes = G) -> str:
        wanted = {"d2": SourceFilter(INCLUDE, frozenset([source]))}
        [route] = self.forwarding.plan(group, wanted, source)
        return route.parent

    def test_cache_miss_is_ignored_and_wrong_interface_moves_the_source(self) -> None:
        """Entries for groups leave nothing to ask about but data on links of others."""
        table, forwarding = self.table, self.forwarding
        forwarding.receive(CacheMiss("d1", S1, G))
        self.assertEqual((table.told, list(forwarding.groups())), ([], []))
        self.wrong_interface("d1", S1)
        self.assertEqual(table.told, [G])

    def test_plan_of_one_source_has_its_entry_alone(self) -> None:
        """It is asked for after source forwarding marked the source, which this one replaced."""
        forwarding = self.forwarding
        wanted = {"d1": ANY_SOURCE, "d2": SourceFilter(INCLUDE, frozenset([S1]))}
        of_group, of_source = (
            Route(ANY, "up", frozenset(["up", "d1"])),
            Route(S1, "up", frozenset(["d1", "d2"])),
        )
        self.assertEqual(set(forwarding.plan(G, wanted, None)), {of_group, of_source})
        self.assertEqual(forwarding.plan(G, wanted, S1), (of_source,))
        self.assertEqual(forwarding.plan(G, wanted, S2), ())

    def test_closed_forwarding_ignores_upcalls(self) -> None:
        table, forwarding = self.table, self.forwarding
        forwarding.close()
        self.wrong_interface("d1", S1)
        self.assertEqual(table.told, [])

    def test_closed_forwarding_decides_no_upcall_that_waits(self) -> None:
        self.table.here[S1] = 1
        self.forwarding.receive(WrongInterface("d1", S1, G))
        self.forwarding.close()
        self.assertEqual((self.table.told, self.clock.getDelayedCalls()), ([], []))

    def test_entry_stays_while_its_iif_delivers(self) -> None:
        """FWD-15: a forged packet downstream, and data that a router upstream sends back."""
        self.routes[S2] = LINKS["d1"]
        for source, interface, iif in ((S1, "d1", "up"), (S2, "up", "d1")):
            for _ in range(3):
                self.wrong_interface(interface, source, here=10)
            self.assertEqual((self.iif(source), self.table.told), (iif, []))

    def test_entry_stays_after_single_packets_elsewhere_and_returns_by_its_route(self) -> None:
        """FWD-15: one packet is no proof; a source that was forged first is moved by its route."""
        self.wrong_interface("d1", S1, elsewhere=0)
        self.assertEqual(self.iif(S1), "up")
        self.wrong_interface("d1", S1, elsewhere=10)
        self.assertEqual(self.iif(S1), "d1")
        self.wrong_interface("up", S1, here=10, elsewhere=20)
        self.assertEqual(self.iif(S1), "d1")
        self.wrong_interface("up", S1, here=10, elsewhere=21)
        self.assertEqual(self.iif(S1), "up")

    def test_entries_of_other_groups_do_not_move_with_a_source(self) -> None:
        """FWD-15: who takes over a silent group must not get the groups that deliver."""
        self.wrong_interface("d1", S1)
        self.assertEqual((self.iif(S1), self.iif(S1, packed("239.1.1.2"))), ("d1", "up"))
