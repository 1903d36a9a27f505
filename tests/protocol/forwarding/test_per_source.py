"""Source-by-source forwarding: which entry each source has."""

from __future__ import annotations

from mcproxy.protocol.forwarding.per_source import PerSourcePlanner
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.policy.directional_filters import FilterPolicy
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, SourceFilter
from mcproxy.protocol.upstreams.selection import Join, Selection

from ..directional_filters import policy
from ..families import FamilyTests, both_families, group, source


@both_families
class PlannerTests(FamilyTests):
    """The entry of a source, by where its data comes in."""

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
        self.planner.set_downstreams(frozenset(["down1", "down2", *peers]))

    def check(self, number: int, arrival: str | None, parent: str, *outgoing: str) -> None:
        """The entry of a source whose data came in somewhere."""
        one = source(self.family, number)
        route = self.planner.route(one, self.group, self.wishes, arrival)
        self.assertEqual(route, Route(one, parent, frozenset(outgoing)))

    def test_upstream_data_goes_to_downstreams_that_want_it(self) -> None:
        """FWD-01, FWD-05: to the links that want it."""
        self.check(1, "up1", "up1", "down1", "down2")
        self.check(2, "up1", "up1", "down1")

    def test_data_of_another_upstream_has_the_entry_of_the_selected_one(self) -> None:
        """MU-05: its entry listens to the one that it is accepted from."""
        self.check(1, "up2", "up1", "down1", "down2")

    def test_downstream_data_goes_upstream_and_to_other_downstreams(self) -> None:
        """FWD-02, FWD-04: up, and to other links that want it."""
        self.check(1, "down1", "down1", "up1", "up2", "down2")
        self.check(2, "down2", "down2", "up1", "up2", "down1")
        self.check(2, "down1", "down1", "up1", "up2")

    def test_unwanted_source_has_an_entry_without_oifs(self) -> None:
        """FWD-11: an entry without a way out."""
        self.wishes = {}
        self.check(1, "up1", "up1")

    def test_source_without_data_is_on_the_link_of_its_route_or_upstream(self) -> None:
        """By the route to the source, else the upstream."""
        self.located[source(self.family, 1)] = "down1"
        self.check(1, None, "down1", "up1", "up2", "down2")
        self.check(2, None, "up1", "down1")

    def test_data_from_a_link_of_another_querier_is_not_accepted(self) -> None:
        """FWD-03: nothing is taken from there; the entry is ready for the upstream's data."""
        self.planner.set_downstreams(frozenset(["down2"]))
        self.wishes = {"down2": ANY_SOURCE}
        self.check(1, "down1", "up1", "down2")

    def test_data_without_an_upstream_goes_between_downstreams(self) -> None:
        """Without one, downstreams have each other's data; other data has no entry to be on."""
        self.selection.usable = ()
        self.check(1, "down1", "down1", "down2")
        one = source(self.family, 1)
        self.assertIsNone(self.planner.route(one, self.group, self.wishes, None))

    def test_source_address_that_is_never_forwarded_has_no_oifs(self) -> None:
        """FWD-09, FWD-10: link-local, loopback and other addresses that are no source."""
        size = self.family.address_size
        link_local = bytes.fromhex("a9fe0101") if size == 4 else bytes.fromhex("fe80" + "01" * 14)
        loopback = bytes.fromhex("7f000001") if size == 4 else bytes(15) + b"\x01"
        for one in (link_local, loopback, bytes(size), group(self.family, 2)):
            for arrival in ("up1", "down1"):
                route = self.planner.route(one, self.group, self.wishes, arrival)
                self.assertEqual(route, Route(one, arrival, frozenset()))

    def test_group_of_link_local_scope_has_no_oifs(self) -> None:
        """FWD-07: those of link-local scope."""
        self.group = self.family.all_nodes
        self.check(1, "up1", "up1")
        self.check(1, "down1", "down1")

    def test_inward_filter_drops_data_of_its_link(self) -> None:
        """FWD-12, SEC-03, SEC-06, MS-02: a downstream's senders; an upstream's sources."""
        self.make(policy(down1_in=self.only(1), up1_in=self.only(1), up2_in=NOTHING))
        self.check(1, "down1", "down1", "up1", "up2", "down2")
        self.check(2, "down1", "down1")
        self.check(2, "down2", "down2", "up1", "up2", "down1")
        self.check(1, "up1", "up1", "down1", "down2")
        self.check(2, "up1", "up1")
        self.check(2, "up2", "up2")

    def test_outward_filter_keeps_data_from_its_link(self) -> None:
        """SEC-04: to a downstream, or up."""
        self.make(policy(down1_out=self.only(1), up1_out=self.only(2)))
        self.check(2, "up1", "up1")
        self.check(1, "down2", "down2", "up2", "down1")
        self.check(2, "down2", "down2", "up1", "up2")

    def test_group_within_the_boundary_stays_downstream(self) -> None:
        """ADR-06: from downstream to downstream, and no farther."""
        self.make(policy()._replace(within_boundary=lambda address: True))
        self.check(1, "down1", "down1", "down2")
        self.check(1, "up1", "up1")

    def test_delivering_upstream_is_the_iif(self) -> None:
        """MU-09: the first upstream whose data came in, if it may."""
        self.make(policy(), Join.MUTEX)
        self.selection.delivers("up2", source(self.family, 1), self.group)
        self.check(1, "up2", "up2", "down1", "down2")
        self.check(1, "up1", "up2", "down1", "down2")

    def test_peer_receives_data_of_own_sources_alone(self) -> None:
        """MS-07..09: own sources to peers that want them; what peers send to downstreams."""
        self.make(policy(), peers=("peer1", "peer2"))
        self.wishes |= {"peer1": ANY_SOURCE, "peer2": self.only(2)}
        self.check(1, "down1", "down1", "up1", "up2", "down2", "peer1")
        self.check(1, "up1", "up1", "down1", "down2")
        self.check(2, "peer1", "peer1", "down1")

    def test_listed_sources_are_those_of_include_filters(self) -> None:
        """Those asked for by name can have entries before their data; blocked ones need none."""
        self.wishes = {
            "down1": self.only(3, 1),
            "down2": self.only(1),
            "down3": SourceFilter(EXCLUDE, self.sources(4)),
        }
        self.assertEqual(list(self.planner.listed(self.wishes)), sorted(self.sources(1, 3)))
