"""Source-by-source forwarding: upcalls and counters of the kernel, and what follows."""

from __future__ import annotations

from mcproxy.instance.plan.forwarding import LOOK_INTERVAL
from mcproxy.instance.source_forwarding import SourceForwarding
from mcproxy.protocol.forwarding.observed_sources import IDLE_TIME, UNWANTED_IDLE_TIME
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter
from mcproxy.protocol.upstreams.selection import Join

from .source_forwarding_case import ANY, LINKS, S1, S2, S3, G, SourceForwardingTestCase, links


class SourceForwardingTests(SourceForwardingTestCase):
    def test_new_source_is_planned_alone_at_once(self) -> None:
        """FWD-11, FWD-14: it alone is planned, at once."""
        self.miss(S1)
        self.assertEqual(self.told(), [(G, S1)])
        expected = Route(S1, "up1", frozenset(["d1"]))
        self.assertEqual(self.plan(), {S1: expected})
        self.assertEqual(self.forwarding.plan(G, {"d1": ANY_SOURCE}, S1), (expected,))
        self.assertEqual(self.forwarding.plan(G, {"d1": ANY_SOURCE}, S2), ())
        self.assertEqual(list(self.forwarding.groups()), [G])

    def test_listed_source_has_its_entry_before_its_data(self) -> None:
        """Their entries stand before; those of hosts that block them come with the data."""
        wishes = {"d1": SourceFilter(INCLUDE, frozenset([S1, S2]))}
        self.miss(S2, "d2")
        self.assertEqual(
            self.plan(wishes),
            {
                S1: Route(S1, "up1", frozenset(["d1"])),
                S2: Route(S2, "d2", frozenset(["up1", "up2", "d1"])),
            },
        )
        self.assertEqual(
            self.forwarding.plan(G, wishes, S1), (Route(S1, "up1", frozenset(["d1"])),)
        )

    def test_upcall_on_a_foreign_link_is_ignored(self) -> None:
        """Links of other instances, and those that have just gone."""
        self.miss(S1, "elsewhere")
        self.assertEqual((self.told(), self.plan()), ([], {}))

    def test_source_that_moves_has_another_iif(self) -> None:
        """FWD-14: to a downstream, and back; not to an upstream that is not listened to."""
        self.miss(S1)
        self.wrong_interface("d2", S1)
        self.assertEqual(self.plan()[S1].parent, "d2")
        self.wrong_interface("up2", S1)
        self.assertEqual(self.plan()[S1].parent, "d2")
        self.wrong_interface("up1", S1)
        self.assertEqual(self.plan()[S1].parent, "up1")

    def test_returning_upstream_provides_what_it_delivers(self) -> None:
        """MU-08: until then data of the second is accepted."""
        self.miss(S1, "up2")
        self.miss(S2, "up2")
        names = ("up1", "up2")
        for working in names, ("up2",), names, names:
            self.selection.note(names, working, self.clock.seconds())
        self.assertEqual([self.plan()[s].parent for s in (S1, S2)], ["up2", "up2"])
        self.told()
        self.wrong_interface("up1", S1)
        self.assertEqual(self.told(), [(G, S1)])
        self.wrong_interface("up2", S1)
        self.miss(S3, "up1")
        parents = [self.plan()[s].parent for s in (S1, S2, S3)]
        self.assertEqual(parents, ["up1", "up2", "up1"])

    def test_downstream_data_that_comes_back_from_upstream_moves_no_source(self) -> None:
        """MS-11: a source stays where it is seen and routed to, unless it moves downstream."""
        self.routes = {S1: LINKS["d1"], S2: LINKS["d2"]}
        self.make(Join.FIRST, LOOK_INTERVAL)
        for source in (S1, S2):
            self.miss(source, "up1")
            self.wrong_interface("d1", source)
            self.assertEqual(self.plan()[source].parent, "d1")
            self.wrong_interface("up1", source, here=10 if source == S1 else 0)
        self.assertEqual([self.plan()[s].parent for s in (S1, S2)], ["d1", "up1"])
        self.wrong_interface("d2", S1)
        self.assertEqual(self.plan()[S1].parent, "d2")

    def test_lost_link_takes_its_sources_with_it(self) -> None:
        self.miss(S1, "d1")
        self.miss(S2, "up1")
        self.told()
        self.forwarding.links_changed(links({"d2": 12}, "up1"))
        self.assertEqual(self.told(), [ANY, G])
        self.assertEqual(list(self.plan({})), [S2])

    def test_new_source_beyond_the_limit_is_dropped_by_the_kernel(self) -> None:
        """SEC-04: what is known goes on; for the rest the kernel need not ask."""
        self.make(Join.FIRST, LOOK_INTERVAL, most=2)
        for source in (S1, S2, S3, S3):
            self.miss(source)
        self.assertEqual(self.told(), [(G, S1), (G, S2), ANY])
        self.assertEqual(self.forwarding.base(), (Route(ANY, "up1", frozenset(["up1"])),))
        self.assertEqual((sorted(self.plan()), self.log.interfaces), ([S1, S2], ["up1"]))
        self.assertEqual(self.forwarding.sources.refused["up1"], 2)
        self.miss(S3, "d1")
        self.assertEqual(self.told(), [(G, S3)])
        self.clock.pump([LOOK_INTERVAL] * 10)
        self.assertEqual(self.forwarding.base(), ())
        self.assertIn(ANY, self.told())
        self.miss(S1)
        self.assertEqual(self.told(), [(G, S1)])

    def test_sources_that_send_and_those_asked_for_by_name_may_have_entries(self) -> None:
        """SEC-08: each of them can be planned alone."""
        self.miss(S1)
        wanted = {"d1": SourceFilter(INCLUDE, frozenset([S2]))}
        self.assertEqual(self.forwarding.planned_sources(G, wanted), {S1, S2})

    # -- counters

    def test_idle_source_is_forgotten(self) -> None:
        """FWD-13: soon where nobody wants them, else after a while."""
        self.miss(S1)
        self.miss(S2)
        self.table.forwarded = {S1}
        self.table.counts = {S1: 7, S2: 7}
        self.clock.advance(LOOK_INTERVAL)
        self.told()
        self.clock.pump([LOOK_INTERVAL] * int(UNWANTED_IDLE_TIME / LOOK_INTERVAL))
        self.assertEqual((self.told(), list(self.plan())), ([(G, S2)], [S1]))
        self.clock.pump([LOOK_INTERVAL] * int(IDLE_TIME / LOOK_INTERVAL))
        self.assertEqual((self.told(), self.plan()), ([(G, S1)], {}))
        looks = self.table.asked
        self.clock.advance(10 * LOOK_INTERVAL)
        self.assertEqual(self.table.asked, looks)  # nothing to look after, no wake-up

    def test_sending_source_is_kept(self) -> None:
        self.miss(S1)
        for count in range(100):
            self.table.counts = {S1: count + 1}
            self.clock.advance(LOOK_INTERVAL)
        self.assertEqual(list(self.plan()), [S1])

    def test_packets_on_a_wrong_interface_do_not_keep_a_source(self) -> None:
        """What comes in on a wrong interface is dropped."""
        self.miss(S1)
        for count in range(8):
            self.table.counts, self.table.wrong = {S1: 7 + count}, {S1: count}
            self.clock.advance(LOOK_INTERVAL)
        self.assertEqual(self.plan(), {})

    def test_counters_that_cannot_be_read_are_read_again_later(self) -> None:
        """Next time, then."""
        self.miss(S1)
        self.table.broken = True
        self.clock.advance(LOOK_INTERVAL)
        self.table.broken = False
        self.clock.pump([LOOK_INTERVAL] * 4)
        self.assertEqual((self.plan(), self.table.asked), ({}, 3))

    def test_counters_that_fail_are_warned_of_once_until_they_can_be_read(self) -> None:
        warned: list[str] = []
        log = {"warn": lambda told, **_: warned.append(told)}
        self.patch(SourceForwarding, "log", type("Log", (), log))
        self.miss(S1)
        for broken in (True, True, False, True):
            self.table.counts = {S1: self.table.asked}
            self.table.broken = broken
            self.clock.advance(LOOK_INTERVAL)
        self.assertEqual((len(warned), self.table.asked), (2, 4))

    def test_counters_that_fail_by_a_mistake_of_ours_are_logged_and_read_again(self) -> None:
        self.miss(S1)
        self.table.broken, self.table.error = True, KeyError("vif")
        self.clock.pump([LOOK_INTERVAL] * 2)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 2)
        self.assertEqual(self.table.asked, 2)

    # -- the end

    def test_first_upstream_that_delivers_is_asked_alone(self) -> None:
        """MU-09: others are asked no more, and what they send is dropped."""
        self.make(Join.MUTEX, 2.0)
        wishes = {"d1": SourceFilter(INCLUDE, frozenset([S1]))}
        self.assertEqual(self.plan(wishes), {})
        self.miss(S1, "up2")
        self.assertEqual((self.asked, self.told()), ([G], [(G, S1)]))
        self.wrong_interface("up1", S1)
        self.assertEqual(self.plan(wishes), {S1: Route(S1, "up2", frozenset(["d1"]))})
        self.assertEqual(self.asked, [G])

    def test_upstream_that_delivers_again_must_be_observed_anew(self) -> None:
        """MU-07: another that sends all the time has to be seen anew, and is then kept."""
        self.make(Join.MUTEX, 2.0)
        self.miss(S1, "up1")
        self.wrong_interface("up2", S1)
        self.selection.usable = ("up2",)
        self.forwarding.links_changed(links(LINKS, "up2"))
        self.assertEqual(self.plan(), {})
        self.miss(S1, "up2")
        self.assertEqual(self.asked, [G, G])
        self.selection.usable = ("up1", "up2")
        self.forwarding.links_changed(links(LINKS, "up1", "up2"))
        self.assertEqual(self.plan()[S1].parent, "up2")

    def test_silent_upstream_is_replaced_by_the_next_that_delivers(self) -> None:
        """MU-07: all are asked again, and the next that delivers takes over."""
        self.make(Join.MUTEX, 2.0)
        self.miss(S1, "up2")
        self.table.counts = {S1: 5}
        self.clock.advance(2)
        self.assertEqual(self.asked, [G])
        self.clock.advance(2)
        self.assertEqual((self.asked, self.plan()), ([G, G], {}))
        self.miss(S1, "up1")
        self.assertEqual(self.plan()[S1].parent, "up1")
