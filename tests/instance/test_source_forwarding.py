"""Forwarding source by source: what the kernel asks and counts, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.group_forwarding import GroupForwarding
from mcproxy.instance.source_forwarding import LOOK_INTERVAL, SourceForwarding
from mcproxy.linux.mroute.dump import InstalledRoute
from mcproxy.messages import CacheMiss, WrongInterface
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.forwarding.observed_sources import (
    IDLE_TIME,
    UNWANTED_IDLE_TIME,
    ObservedSources,
)
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.policy.directional_filters import FilterPolicy
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter
from mcproxy.protocol.upstreams.selection import Join, Selection
from mcproxy.timer import Timer

ANY = IPV4.unspecified
G = packed("239.1.1.1")
S1, S2, S3 = (packed(f"192.0.2.{n}") for n in (1, 2, 3))
LINKS = {"d1": 11, "d2": 12}


class FakeTable:
    """Notes what is to be planned anew, and has counters."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.counts: dict[bytes, int] = {}
        self.wrong: dict[bytes, int] = {}
        self.forwarded: set[bytes] = set()
        self.asked = 0
        self.broken = False

    def changed(self, groups: Iterable[bytes]) -> None:
        self.told += groups

    def source_changed(self, group: bytes, source: bytes) -> None:
        self.told.append((group, source))

    def counters(self) -> Deferred[list[InstalledRoute]]:
        self.asked += 1
        answer: Deferred[list[InstalledRoute]] = Deferred()
        if self.broken:
            answer.errback(OSError("no answer"))
        else:
            answer.callback(
                [
                    InstalledRoute(
                        s, G, 1, (2,) if s in self.forwarded else (), n, 0, self.wrong.get(s, 0)
                    )
                    for s, n in self.counts.items()
                ]
            )
        return answer


class SourcePlaneTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.table = Clock(), FakeTable()
        self.asked: list[bytes] = []
        self.routes: dict[bytes, int] = {}
        self.make(Join.FIRST, LOOK_INTERVAL)

    def make(self, join: Join, look_interval: float) -> None:
        self.selection = Selection(FilterPolicy(), join)
        self.selection.usable = ("up1", "up2")
        table: Any = self.table
        self.forwarding = SourceForwarding(
            "tv", IPV4, FilterPolicy(), self.selection, look_interval, self.routes.get,
            Timer(self.clock), table, self.asked.extend,
        )  # fmt: skip
        self.forwarding.links_changed(LINKS, frozenset(["up1", "up2"]))
        self.table.told.clear()

    def miss(self, source: bytes, interface: str = "up1") -> None:
        self.forwarding.receive(CacheMiss(interface, source, G))

    def told(self) -> list[object]:
        told = list(self.table.told)
        self.table.told.clear()
        return told

    def plan(self, wishes: Mapping[str, SourceFilter] | None = None) -> dict[bytes, Route]:
        wanted = {"d1": ANY_SOURCE} if wishes is None else wishes
        return {route.source: route for route in self.forwarding.plan(G, wanted, None)}

    def test_a_new_source(self) -> None:
        """FWD-11, FWD-14: it alone is planned, at once."""
        self.miss(S1)
        self.assertEqual(self.told(), [(G, S1)])
        expected = Route(S1, "up1", frozenset(["d1"]))
        self.assertEqual(self.plan(), {S1: expected})
        self.assertEqual(self.forwarding.plan(G, {"d1": ANY_SOURCE}, S1), (expected,))
        self.assertEqual(self.forwarding.plan(G, {"d1": ANY_SOURCE}, S2), ())
        self.assertEqual(list(self.forwarding.groups()), [G])

    def test_listed_sources_need_no_packet(self) -> None:
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

    def test_where_we_have_nothing_to_say(self) -> None:
        """Links of other instances, and those that have just gone."""
        self.miss(S1, "elsewhere")
        self.assertEqual((self.told(), self.plan()), ([], {}))

    def test_a_source_that_moves(self) -> None:
        """FWD-14: to a downstream, and back; not to an upstream that is not listened to."""
        self.miss(S1)
        self.forwarding.receive(WrongInterface("d2", S1, G))
        self.assertEqual(self.plan()[S1].parent, "d2")
        self.forwarding.receive(WrongInterface("up2", S1, G))
        self.assertEqual(self.plan()[S1].parent, "d2")
        self.forwarding.receive(WrongInterface("up1", S1, G))
        self.assertEqual(self.plan()[S1].parent, "up1")

    def test_the_first_takes_back_what_it_delivers(self) -> None:
        """MU-08: until then data of the second is accepted."""
        self.miss(S1, "up2")
        self.miss(S2, "up2")
        names = ("up1", "up2")
        for working in names, ("up2",), names, names:
            self.selection.note(names, working, self.clock.seconds())
        self.assertEqual([self.plan()[s].parent for s in (S1, S2)], ["up2", "up2"])
        self.told()
        self.forwarding.receive(WrongInterface("up1", S1, G))
        self.assertEqual(self.told(), [(G, S1)])
        self.forwarding.receive(WrongInterface("up2", S1, G))
        self.miss(S3, "up1")
        parents = [self.plan()[s].parent for s in (S1, S2, S3)]
        self.assertEqual(parents, ["up1", "up2", "up1"])

    def test_data_that_comes_back_from_upstream(self) -> None:
        """MS-11: a source stays where it is seen and routed to, unless it moves downstream."""
        self.routes = {S1: LINKS["d1"], S2: LINKS["d2"]}
        self.make(Join.FIRST, LOOK_INTERVAL)
        for source in (S1, S2):
            self.miss(source, "up1")
            self.forwarding.receive(WrongInterface("d1", source, G))
            self.assertEqual(self.plan()[source].parent, "d1")
            self.forwarding.receive(WrongInterface("up1", source, G))
        self.assertEqual([self.plan()[s].parent for s in (S1, S2)], ["d1", "up1"])
        self.forwarding.receive(WrongInterface("d2", S1, G))
        self.assertEqual(self.plan()[S1].parent, "d2")

    def test_a_link_that_goes(self) -> None:
        self.miss(S1, "d1")
        self.miss(S2, "up1")
        self.told()
        self.forwarding.links_changed({"d2": 12}, frozenset(["up1"]))
        self.assertEqual(self.told(), [ANY, G])
        self.assertEqual(list(self.plan({})), [S2])

    def test_too_many_sources(self) -> None:
        """SEC-04: what is known goes on; for the rest the kernel need not ask."""
        warned: list[str] = []
        log = {"warn": lambda *_, **fields: warned.append(fields["interface"])}
        self.patch(SourceForwarding, "log", type("Log", (), log))
        self.patch(self.forwarding, "sources", ObservedSources(most=2))
        for source in (S1, S2, S3, S3):
            self.miss(source)
        self.assertEqual(self.told(), [(G, S1), (G, S2), ANY])
        self.assertEqual(self.forwarding.base(), (Route(ANY, "up1", frozenset(["up1"])),))
        self.assertEqual((sorted(self.plan()), warned), ([S1, S2], ["up1"]))
        self.assertEqual(self.forwarding.sources.refused["up1"], 2)
        self.miss(S3, "d1")
        self.assertEqual(self.told(), [(G, S3)])
        self.clock.pump([LOOK_INTERVAL] * 10)
        self.assertEqual(self.forwarding.base(), ())
        self.assertIn(ANY, self.told())
        self.miss(S1)
        self.assertEqual(self.told(), [(G, S1)])

    # -- counters

    def test_silent_sources_are_forgotten(self) -> None:
        """FWD-13: soon where nobody wants them, else after a while."""
        self.miss(S1)
        self.miss(S2)
        self.table.forwarded = {S1}
        self.table.counts = {S1: 7, S2: 7}
        self.clock.advance(LOOK_INTERVAL)
        self.told()
        self.clock.pump([LOOK_INTERVAL] * int(UNWANTED_IDLE_TIME / LOOK_INTERVAL))
        self.assertEqual((self.told(), list(self.plan())), ([G], [S1]))
        self.clock.pump([LOOK_INTERVAL] * int(IDLE_TIME / LOOK_INTERVAL))
        self.assertEqual((self.told(), self.plan()), ([G], {}))
        looks = self.table.asked
        self.clock.advance(10 * LOOK_INTERVAL)
        self.assertEqual(self.table.asked, looks)  # nothing to look after, no wake-up

    def test_sources_that_send_are_kept(self) -> None:
        self.miss(S1)
        for count in range(100):
            self.table.counts = {S1: count + 1}
            self.clock.advance(LOOK_INTERVAL)
        self.assertEqual(list(self.plan()), [S1])

    def test_packets_elsewhere_are_no_sign_of_life(self) -> None:
        """What comes in on a wrong interface is dropped."""
        self.miss(S1)
        for count in range(8):
            self.table.counts, self.table.wrong = {S1: 7 + count}, {S1: count}
            self.clock.advance(LOOK_INTERVAL)
        self.assertEqual(self.plan(), {})

    def test_counters_that_cannot_be_read(self) -> None:
        """Next time, then."""
        self.miss(S1)
        self.table.broken = True
        self.clock.advance(LOOK_INTERVAL)
        self.table.broken = False
        self.clock.pump([LOOK_INTERVAL] * 4)
        self.assertEqual((self.plan(), self.table.asked), ({}, 3))

    def test_it_ends(self) -> None:
        self.miss(S1)
        self.forwarding.close()
        self.clock.advance(100)
        self.assertEqual((self.table.asked, self.clock.getDelayedCalls()), (0, []))

    # -- several upstreams at once

    def test_the_first_that_delivers(self) -> None:
        """MU-09: others are asked no more, and what they send is dropped."""
        self.make(Join.MUTEX, 2.0)
        wishes = {"d1": SourceFilter(INCLUDE, frozenset([S1]))}
        self.assertEqual(self.plan(wishes), {})
        self.miss(S1, "up2")
        self.assertEqual((self.asked, self.told()), ([G], [(G, S1)]))
        self.forwarding.receive(WrongInterface("up1", S1, G))
        self.assertEqual(self.plan(wishes), {S1: Route(S1, "up2", frozenset(["d1"]))})
        self.assertEqual(self.asked, [G])

    def test_the_one_that_delivers_goes(self) -> None:
        """MU-07: another that sends all the time has to be seen anew, and is then kept."""
        self.make(Join.MUTEX, 2.0)
        self.miss(S1, "up1")
        self.forwarding.receive(WrongInterface("up2", S1, G))
        self.selection.usable = ("up2",)
        self.forwarding.links_changed(LINKS, frozenset(["up2"]))
        self.assertEqual(self.plan(), {})
        self.miss(S1, "up2")
        self.assertEqual(self.asked, [G, G])
        self.selection.usable = ("up1", "up2")
        self.forwarding.links_changed(LINKS, frozenset(["up1", "up2"]))
        self.assertEqual(self.plan()[S1].parent, "up2")

    def test_it_falls_silent(self) -> None:
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


class GroupPlaneTests(SynchronousTestCase):
    def test_cache_misses_mean_nothing(self) -> None:
        """Entries for groups leave nothing to ask about but data on links of others."""
        table: Any = FakeTable()
        plane = GroupForwarding(IPV4, "up", lambda _: None, table)
        plane.links_changed(LINKS, frozenset(["up"]))
        plane.receive(CacheMiss("d1", S1, G))
        self.assertEqual((table.told, list(plane.groups())), ([], []))
        plane.receive(WrongInterface("d1", S1, G))
        self.assertEqual(table.told, [G])
