"""Forwarding source by source: which entry each source has, and what is learned."""

from __future__ import annotations

from mcproxy.protocol.forwarding.observed_sources import ObservedSources
from mcproxy.protocol.forwarding.per_source import PerSourcePlanner
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.policy.directional_filters import FilterPolicy
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, SourceFilter
from mcproxy.protocol.upstreams.selection import Join, Selection

from ..directional_filters import policy
from ..families import FamilyTests, both_families, group, source


@both_families
class PlannerTests(FamilyTests):
    """Entries of sources that are somewhere."""

    def setUp(self) -> None:
        """Two upstreams, two downstreams; any of them may be where a source is."""
        self.group = group(self.family, 1)
        self.wishes = {"down1": ANY_SOURCE, "down2": self.only(1)}
        self.located: dict[bytes, str] = {}
        self.make(policy())

    def only(self, *numbers: int) -> SourceFilter:
        """INCLUDE of sources."""
        return SourceFilter(INCLUDE, self.sources(*numbers))

    def make(
        self, gates: FilterPolicy, join: Join = Join.FIRST, peers: tuple[str, ...] = ()
    ) -> None:
        """A planner with these filters."""
        self.selection = Selection(gates, join, peers=peers)
        self.selection.usable = ("up1", "up2", *peers)
        self.planner = PerSourcePlanner(self.family, gates, self.selection, self.located.get)
        self.planner.downstreams = frozenset(["down1", "down2", *peers])

    def check(self, number: int, arrival: str | None, parent: str, *outgoing: str) -> None:
        """The entry of a source whose data came in somewhere."""
        one = source(self.family, number)
        route = self.planner.route(one, self.group, self.wishes, arrival)
        self.assertEqual(route, Route(one, parent, frozenset(outgoing)))

    def test_from_the_upstream(self) -> None:
        """FWD-01, FWD-05: to the links that want it."""
        self.check(1, "up1", "up1", "down1", "down2")
        self.check(2, "up1", "up1", "down1")

    def test_from_the_other_upstream(self) -> None:
        """MU-05: its entry listens to the one that it is accepted from."""
        self.check(1, "up2", "up1", "down1", "down2")

    def test_from_a_downstream(self) -> None:
        """FWD-02, FWD-04: up, and to other links that want it."""
        self.check(1, "down1", "down1", "up1", "up2", "down2")
        self.check(2, "down2", "down2", "up1", "up2", "down1")
        self.check(2, "down1", "down1", "up1", "up2")

    def test_nobody_wants_it(self) -> None:
        """FWD-11: an entry without a way out."""
        self.wishes = {}
        self.check(1, "up1", "up1")

    def test_a_place_that_is_not_known(self) -> None:
        """By the route to the source, else the upstream."""
        self.located[source(self.family, 1)] = "down1"
        self.check(1, None, "down1", "up1", "up2", "down2")
        self.check(2, None, "up1", "down1")

    def test_a_link_where_another_is_querier(self) -> None:
        """FWD-03: nothing is taken from there; the entry is ready for the upstream's data."""
        self.planner.downstreams = frozenset(["down2"])
        self.wishes = {"down2": ANY_SOURCE}
        self.check(1, "down1", "up1", "down2")

    def test_no_upstream(self) -> None:
        """Without one, downstreams have each other's data; other data has no entry to be on."""
        self.selection.usable = ()
        self.check(1, "down1", "down1", "down2")
        one = source(self.family, 1)
        self.assertIsNone(self.planner.route(one, self.group, self.wishes, None))

    def test_sources_that_are_not_forwarded(self) -> None:
        """FWD-09, FWD-10: link-local, loopback and other addresses that are no source."""
        size = self.family.address_size
        link_local = bytes.fromhex("a9fe0101") if size == 4 else bytes.fromhex("fe80" + "01" * 14)
        loopback = bytes.fromhex("7f000001") if size == 4 else bytes(15) + b"\x01"
        for one in (link_local, loopback, bytes(size), group(self.family, 2)):
            for arrival in ("up1", "down1"):
                route = self.planner.route(one, self.group, self.wishes, arrival)
                self.assertEqual(route, Route(one, arrival, frozenset()))

    def test_groups_that_are_not_forwarded(self) -> None:
        """FWD-07: those of link-local scope."""
        self.group = self.family.all_nodes
        self.check(1, "up1", "up1")
        self.check(1, "down1", "down1")

    def test_data_that_may_not_come_in(self) -> None:
        """FWD-12, SEC-03, SEC-06, MS-02: a downstream's senders; an upstream's sources."""
        self.make(policy(down1_in=self.only(1), up1_in=self.only(1), up2_in=NOTHING))
        self.check(1, "down1", "down1", "up1", "up2", "down2")
        self.check(2, "down1", "down1")
        self.check(1, "up1", "up1", "down1", "down2")
        self.check(2, "up1", "up1")
        self.check(2, "up2", "up2")

    def test_data_that_may_not_go_out(self) -> None:
        """SEC-04: to a downstream, or up."""
        self.make(policy(down1_out=self.only(1), up1_out=self.only(2)))
        self.check(2, "up1", "up1")
        self.check(1, "down2", "down2", "up2", "down1")
        self.check(2, "down2", "down2", "up1", "up2")

    def test_groups_within_the_boundary(self) -> None:
        """ADR-06: from downstream to downstream, and no farther."""
        self.make(policy()._replace(within_boundary=lambda address: True))
        self.check(1, "down1", "down1", "down2")
        self.check(1, "up1", "up1")

    def test_the_one_that_delivers(self) -> None:
        """MU-09: the first upstream whose data came in, if it may."""
        self.make(policy(), Join.MUTEX)
        self.selection.delivers("up2", source(self.family, 1), self.group)
        self.check(1, "up2", "up2", "down1", "down2")
        self.check(1, "up1", "up2", "down1", "down2")

    def test_peers(self) -> None:
        """MS-07..09: own sources to peers that want them; what peers send to downstreams."""
        self.make(policy(), peers=("peer1", "peer2"))
        self.wishes |= {"peer1": ANY_SOURCE, "peer2": self.only(2)}
        self.check(1, "down1", "down1", "up1", "up2", "down2", "peer1")
        self.check(1, "up1", "up1", "down1", "down2")
        self.check(2, "peer1", "peer1", "down1")

    def test_listed(self) -> None:
        """Those asked for by name can have entries before their data; blocked ones need none."""
        self.wishes = {
            "down1": self.only(3, 1),
            "down2": self.only(1),
            "down3": SourceFilter(EXCLUDE, self.sources(4)),
        }
        self.assertEqual(list(self.planner.listed(self.wishes)), sorted(self.sources(1, 3)))


@both_families
class LearnedSourcesTests(FamilyTests):
    """FWD-13, FWD-14: what came in where, within bounds."""

    def setUp(self) -> None:
        """Room for three a link."""
        self.learned = ObservedSources(most=3)

    def note(self, number: int, arrival: str = "up", now: float = 0.0) -> bool:
        """Data of a source comes in."""
        return self.learned.note(source(self.family, number), self.group_(), arrival, now)

    def group_(self) -> bytes:
        """The group of all this."""
        return group(self.family, 1)

    def test_a_bound_for_each_link(self) -> None:
        """What is known stays, what is new is refused and counted."""
        self.assertEqual([self.note(n) for n in (1, 2, 3, 4, 1)], [True, True, True, False, True])
        self.assertEqual((len(self.learned), self.learned.refused["up"]), (3, 1))
        self.assertFalse(self.learned.has_room("up"))
        self.assertTrue(self.note(4, "down"))
        self.learned.forget(source(self.family, 1), self.group_())
        self.assertTrue(self.learned.has_room("up"))
        self.assertTrue(self.note(5))

    def test_a_source_that_moves(self) -> None:
        """It is in one place at a time, and makes room where it was."""
        self.note(1, "up")
        self.note(1, "down")
        [(address, heard)] = self.learned.of(self.group_()).items()
        self.assertEqual((address, heard.arrival), (source(self.family, 1), "down"))
        self.assertEqual([self.note(n) for n in (2, 3, 4)], [True, True, True])

    def test_a_full_link_keeps_a_source_where_it_was(self) -> None:
        """There is no room where it moved to."""
        for number in (1, 2, 3):
            self.note(number, "down")
        self.note(4, "up")
        self.assertFalse(self.note(4, "down"))
        self.assertEqual(self.learned.of(self.group_())[source(self.family, 4)].arrival, "up")

    def test_a_link_that_goes(self) -> None:
        """What was learned there goes with it, and nothing else."""
        self.note(1, "up")
        self.note(2, "down")
        self.assertEqual(self.learned.forget_interface("up"), [self.group_()])
        self.assertEqual(list(self.learned.of(self.group_())), [source(self.family, 2)])
        self.assertEqual(self.learned.forget_interface("down"), [self.group_()])
        self.assertEqual((self.learned.groups, len(self.learned)), ({}, 0))

    def test_who_sent(self) -> None:
        """By what the kernel counted since the last look."""
        self.note(1)
        self.note(2)
        counts = {(source(self.family, n), self.group_()): 5 for n in (1, 2)}
        self.assertEqual([sent for *_, sent in self.learned.look(counts, 10.0)], [True, True])
        counts[source(self.family, 2), self.group_()] = 6
        seen = {s: (sent, h.when) for s, _, h, sent in self.learned.look(counts, 20.0)}
        expected = {source(self.family, 1): (False, 10.0), source(self.family, 2): (True, 20.0)}
        self.assertEqual(seen, expected)
