"""Forwarding entries, as the kernel would act upon them, against the rules of RFC 4605."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.family import Address
from mcproxy.protocol.forwarding.planner import Planner, Route
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, NOTHING, SourceFilter

from ..families import FamilyTests, both_families, examples, group, source

UPSTREAM = "up"
DOWNSTREAMS = frozenset(["down1", "down2", "down3"])
LINKS = (UPSTREAM, *sorted(DOWNSTREAMS))
NUMBERS = (1, 2, 3, 4)
"""Sources; filters name the first three at most."""

Subscriptions = Mapping[str, SourceFilter]


def forwarded(
    base: Route, entries: Sequence[Route], source: Address, arrival: str
) -> frozenset[str]:
    """Where the kernel's multicast routing sends a packet: ip_mr_forward, as a model."""
    anything = bytes(len(source))
    for entry in entries:
        if entry.source == source:
            return entry.outgoing if arrival == entry.parent else frozenset()
    for entry in entries:
        if entry.source == anything:
            covered = {entry.parent, arrival} <= base.outgoing
            if arrival in entry.outgoing or covered:
                allowed = arrival == entry.parent or covered
                return entry.outgoing - {arrival} if allowed else frozenset()
    if arrival in base.outgoing and arrival != base.parent:
        return frozenset([base.parent]) & base.outgoing
    return frozenset()


def wanted(subscriptions: Subscriptions, source: Address, arrival: str) -> frozenset[str]:
    """Where RFC 4605 wants the packet to go (FWD-01, 02, 04, 05)."""
    members = {name for name, one in subscriptions.items() if one.wants(source)}
    upwards = set() if arrival == UPSTREAM else {UPSTREAM}
    return frozenset((members | upwards) - {arrival})


def subscriptions(test: FamilyTests) -> st.SearchStrategy[Subscriptions]:
    """What some of the links want."""
    listed = st.frozensets(st.integers(1, 3)).map(lambda some: test.sources(*some))
    filters = st.builds(SourceFilter, st.sampled_from([INCLUDE, EXCLUDE]), listed)
    return st.dictionaries(st.sampled_from(sorted(DOWNSTREAMS)), filters)


@both_families
class PlannerTests(FamilyTests):
    """The entries of one group."""

    def setUp(self) -> None:
        """Every source is upstream unless a test says otherwise."""
        self.located: dict[Address, str] = {}
        self.planner = Planner(self.family.unspecified, UPSTREAM, self.locate)
        self.base = self.planner.base(DOWNSTREAMS)

    def locate(self, address: Address, group: Address) -> str:
        """The link that a source is on."""
        return self.located.get(address, UPSTREAM)

    def plan(self, subscriptions: Subscriptions) -> tuple[Route, ...]:
        """The entries of a group."""
        return self.planner.plan(group(self.family, 1), subscriptions)

    def any_source(self, *members: str) -> Route:
        """The (*,G) entry for some links."""
        outgoing = frozenset([UPSTREAM, *members])
        return Route(self.family.unspecified, UPSTREAM, outgoing)

    def of_source(self, number: int, parent: str, *outgoing: str) -> Route:
        """An (S,G) entry."""
        return Route(source(self.family, number), parent, frozenset(outgoing))

    def test_base_forwards_downstream_data_upstream_and_drops_the_rest(self) -> None:
        """FWD-02: all links are in it; it alone takes data of downstream sources up."""
        self.assertEqual(self.base, self.any_source(*DOWNSTREAMS))
        self.assertEqual(self.plan({}), ())
        one = source(self.family, 1)
        self.assertEqual(forwarded(self.base, (), one, "down1"), frozenset([UPSTREAM]))
        self.assertEqual(forwarded(self.base, (), one, UPSTREAM), frozenset())

    def test_any_source_request_has_one_entry_shared_between_groups(self) -> None:
        """FWD-01: one entry, before any data comes, and the same for groups alike."""
        plan = self.plan({"down1": self.excluding()})
        self.assertEqual(plan, (self.any_source("down1"),))
        self.assertIs(self.plan({"down1": self.excluding()}), plan)

    def test_included_source_has_an_entry_before_its_data(self) -> None:
        """FWD-05: entries for the wanted sources stand before their data comes."""
        plan = self.plan({"down1": self.including(1, 2), "down2": self.including(2)})
        expected = (
            self.of_source(1, UPSTREAM, "down1"),
            self.of_source(2, UPSTREAM, "down1", "down2"),
        )
        self.assertEqual(plan, expected)

    def test_source_that_all_exclude_has_an_entry_without_oifs(self) -> None:
        """FWD-05, FWD-11: an entry that leads nowhere."""
        plan = self.plan({"down1": self.excluding(1)})
        self.assertEqual(plan, (self.any_source("down1"), self.of_source(1, UPSTREAM)))

    def test_source_included_on_one_link_and_excluded_on_another_goes_to_the_first(self) -> None:
        """Each link gets what it wants of a source that both name."""
        plan = self.plan({"down1": self.excluding(1), "down2": self.including(1)})
        expected = (self.any_source("down1"), self.of_source(1, UPSTREAM, "down2"))
        self.assertEqual(plan, expected)

    def test_source_that_nobody_names_has_no_entry(self) -> None:
        """They go where all go and have no entries of their own."""
        none = {"down1": self.excluding(), "down2": self.excluding()}
        self.assertEqual(self.plan(none), (self.any_source("down1", "down2"),))
        covered = {"down1": self.excluding(), "down3": NOTHING}
        self.assertEqual(self.plan(covered), (self.any_source("down1"),))

    def test_downstream_source_goes_upstream_and_to_other_downstreams(self) -> None:
        """FWD-02, FWD-04: up, to the others that want it, and not back."""
        self.located[source(self.family, 1)] = "down1"
        plan = self.plan({"down1": self.including(1), "down2": self.including(1)})
        self.assertEqual(plan, (self.of_source(1, "down1", UPSTREAM, "down2"),))

    def test_base_without_downstreams_forwards_nothing(self) -> None:
        """A proxy without downstream links forwards nothing."""
        self.assertEqual(self.planner.base(frozenset()), self.any_source())

    @given(st.data())
    @examples(6)
    def test_packet_goes_where_the_rules_of_the_rfc_send_it(self, data: st.DataObject) -> None:
        """FWD-01, 02, 04, 05: for any subscriptions, sources and places of sources."""
        PlannerTests.setUp(self)
        wishes = data.draw(subscriptions(self))
        for number in NUMBERS:
            address = source(self.family, number)
            self.located[address] = data.draw(st.sampled_from(LINKS))
        plan = self.plan(wishes)
        with_entry = {entry.source for entry in plan}
        for address, link in self.located.items():
            for arrival in (link,) if address in with_entry else LINKS:
                self.assertEqual(
                    forwarded(self.base, plan, address, arrival),
                    wanted(wishes, address, arrival),
                )
        self.check_sound(plan)

    def check_sound(self, plan: Sequence[Route]) -> None:
        """What the kernel asks of entries, and no entry twice."""
        sources = [entry.source for entry in plan]
        self.assertEqual(len(sources), len(set(sources)))
        for entry in plan:
            any_source = entry.source == self.family.unspecified
            self.assertEqual(entry.parent in entry.outgoing, any_source)
            self.assertLessEqual(entry.outgoing, {UPSTREAM} | DOWNSTREAMS)
