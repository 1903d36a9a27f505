"""Source-by-source forwarding: data that comes in on another interface than its entry's iif."""

from __future__ import annotations

from mcproxy.events.log_reader import SELDOM
from mcproxy.instance.plan.forwarding import LOOK_INTERVAL
from mcproxy.instance.plan.group_ranges import shared_filter
from mcproxy.messages import WrongInterface
from mcproxy.protocol.family import IPV4
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.policy.directional_filters import DirectionalFilters, FilterPolicy

from .source_forwarding_case import LINKS, S1, S2, G, SourceForwardingTestCase, links


class SourceMovesTests(SourceForwardingTestCase):
    def test_entry_stays_while_its_iif_delivers(self) -> None:
        """FWD-15: a forged packet from a downstream is counted and moves nothing."""
        self.miss(S1)
        self.told()
        for _ in range(3):
            self.wrong_interface("d2", S1, here=10)
        self.assertEqual((self.told(), self.plan()[S1].parent), ([], "up1"))

    def test_data_on_another_interface_is_warned_about_at_intervals(self) -> None:
        """FWD-15: with the number of upcalls so far."""
        self.miss(S1)
        for interface in ("d1", "d2", "d2"):
            self.wrong_interface(interface, S1, here=10)
        self.table.counts, self.table.forwarded = {S1: 1}, {S1}
        self.clock.advance(SELDOM)
        self.miss(S1)
        self.wrong_interface("d2", S1, here=10)
        warned = [(fields["interface"], fields["count"]) for _, _, fields in self.log.written]
        self.assertEqual(warned, [("d1", 1), ("d2", 1), ("d2", 3)])

    def test_source_forged_first_is_moved_to_the_link_of_its_route(self) -> None:
        """FWD-15: if that delivers more than data that comes back could."""
        self.miss(S1, "d2")
        self.wrong_interface("up1", S1, here=10, elsewhere=20)
        self.assertEqual(self.plan()[S1].parent, "d2")
        self.wrong_interface("up1", S1, here=10, elsewhere=21)
        self.assertEqual(self.plan()[S1].parent, "up1")
        self.routes[S2] = LINKS["d1"]
        self.miss(S2, "d2")
        self.wrong_interface("d1", S2, here=10, elsewhere=21)
        self.assertEqual(self.plan()[S2].parent, "d1")

    def test_filter_holds_before_an_entry_moves(self) -> None:
        """FWD-15, MU-04: refused data takes no entry, and gives one up at once."""
        nothing = DirectionalFilters(inward=shared_filter(IPV4, (), allow=True))
        filters = {"d2": nothing, "d1": DirectionalFilters()}
        policy = FilterPolicy(downstream=filters.__getitem__)
        self.forwarding.reconfigure(policy, self.selection, LOOK_INTERVAL)
        self.miss(S1, "up1")
        self.wrong_interface("d2", S1, here=0, elsewhere=10)
        self.assertEqual(self.plan()[S1].parent, "up1")
        self.miss(S2, "d2")
        self.assertEqual(self.plan()[S2].outgoing, frozenset())
        self.forwarding.receive(WrongInterface("up1", S2, G))
        self.assertEqual(self.plan()[S2].parent, "up1")

    def test_source_on_a_link_of_another_querier_is_accepted_from_upstream(self) -> None:
        """FWD-16, FWD-03: its own data stays out, and takes no entry."""
        foreign = links({"d1": 11}, "up1", "up2").with_downstream("d2", 12, is_querier=False)
        self.forwarding.links_changed(foreign)
        self.told()
        self.miss(S1, "d2")
        self.assertEqual(self.told(), [(G, S1)])
        self.assertEqual(self.plan()[S1], Route(S1, "up1", frozenset(["d1"])))
        self.wrong_interface("d2", S1)
        self.assertEqual(self.plan()[S1].parent, "up1")
        self.forwarding.links_changed(links(LINKS, "up1", "up2"))
        self.assertEqual(self.plan()[S1].parent, "d2")

    def test_upcall_about_an_entry_that_is_gone_moves_nothing(self) -> None:
        """Its next packet is a cache miss."""
        self.miss(S1)
        self.told()
        self.forwarding.receive(WrongInterface("d2", S1, G))
        self.assertEqual((self.told(), self.plan()[S1].parent), ([], "up1"))

    def test_entry_that_is_gone_at_the_second_look_stays(self) -> None:
        self.miss(S1)
        self.table.here[S1] = 1
        self.forwarding.receive(WrongInterface("d2", S1, G))
        del self.table.here[S1]
        self.clock.advance(1)
        self.assertEqual(self.plan()[S1].parent, "up1")

    def test_link_that_goes_between_the_looks_gets_no_source(self) -> None:
        self.miss(S1)
        self.table.here[S1] = 1
        self.forwarding.receive(WrongInterface("d2", S1, G))
        self.forwarding.links_changed(links({"d1": 11}, "up1", "up2"))
        self.table.elsewhere[S1] += 10
        self.clock.advance(1)
        self.assertEqual(self.plan()[S1].parent, "up1")

    def test_closed_forwarding_decides_no_upcall_that_waits(self) -> None:
        self.miss(S1)
        self.table.here[S1] = 1
        self.forwarding.receive(WrongInterface("d2", S1, G))
        self.table.elsewhere[S1] += 10
        self.forwarding.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.plan()[S1].parent, "up1")
