"""``upstream-data = "none"``: nothing of downstream sources goes upstream, still by groups."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.forwarding.planner import NO_INTERFACE, Planner, Route

from ..families import FamilyTests, both_families, examples, group, source
from .test_planner import DOWNSTREAMS, LINKS, NUMBERS, UPSTREAM, forwarded, subscriptions, wanted


@both_families
class NothingSentUpTests(FamilyTests):
    """FWD-02: an administrator may keep data of downstream sources from the upstream."""

    def planner(self, located: dict[bytes, str]) -> Planner:
        """A planner that knows where some sources are; the others are upstream."""

        def locate(address: bytes, group: bytes) -> str:
            return located.get(address, UPSTREAM)

        return Planner(self.family.unspecified, UPSTREAM, locate, sends_up=False)

    def test_base_has_no_interface_as_its_iif(self) -> None:
        base = self.planner({}).base(DOWNSTREAMS)
        self.assertEqual(base.parent, f"{NO_INTERFACE}{UPSTREAM}")
        self.assertEqual(base.outgoing, DOWNSTREAMS | {UPSTREAM})
        for link in LINKS:
            self.assertEqual(forwarded(base, (), source(self.family, 1), link), frozenset())

    def test_any_source_entry_does_not_lead_upstream(self) -> None:
        plan = self.planner({}).plan(group(self.family, 1), {"down1": self.excluding()})
        entry = Route(self.family.unspecified, UPSTREAM, frozenset(["down1"]))
        self.assertEqual(plan, (entry,))

    @given(st.data())
    @examples(3)
    def test_packet_goes_to_members_and_never_upstream(self, data: st.DataObject) -> None:
        """FWD-01, 04, 05: for any subscriptions, sources and places of sources."""
        located = {
            source(self.family, number): data.draw(st.sampled_from(LINKS)) for number in NUMBERS
        }
        planner = self.planner(located)
        wishes = data.draw(subscriptions(self))
        plan = planner.plan(group(self.family, 1), wishes)
        with_entry = {entry.source for entry in plan}
        for address, link in located.items():
            for arrival in (link,) if address in with_entry else LINKS:
                self.assertEqual(
                    forwarded(planner.base(DOWNSTREAMS), plan, address, arrival),
                    wanted(wishes, address, arrival) - {UPSTREAM},
                )
