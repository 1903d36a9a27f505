"""Several upstreams: each source is asked for at one of them, or at all until one delivers."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.policy.directional_filters import FilterPolicy
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, SourceFilter, merge
from mcproxy.protocol.upstreams.selection import SWITCHOVER_TIME, Join, Selection, SendUp

from ..directional_filters import opposite, policy
from ..families import FamilyTests, both_families, examples, group, source

UPSTREAMS = ("up1", "up2", "up3")
NUMBERS = range(1, 5)

lists = st.frozensets(st.sampled_from(NUMBERS), max_size=3)
modes = st.sampled_from([INCLUDE, EXCLUDE])


@both_families
class SelectionTests(FamilyTests):
    """MU-01..10, MS-07..10."""

    def setUp(self) -> None:
        self.group = group(self.family, 1)
        self.wishes = {"down1": ANY_SOURCE}

    def selection(self, gates: FilterPolicy | None = None, join: Join = Join.FIRST) -> Selection:
        """All upstreams usable."""
        made = Selection(gates or policy(), join)
        made.usable = UPSTREAMS
        return made

    def only(self, *numbers: int) -> SourceFilter:
        """INCLUDE of sources."""
        return SourceFilter(INCLUDE, self.sources(*numbers))

    def but(self, *numbers: int) -> SourceFilter:
        """EXCLUDE of sources."""
        return SourceFilter(EXCLUDE, self.sources(*numbers))

    def shares(self, made: Selection) -> dict[str, SourceFilter]:
        """What each upstream is asked for."""
        return {name: made.share(name, self.group, self.wishes) for name in UPSTREAMS}

    def check_shares(self, made: Selection, **expected: SourceFilter) -> None:
        """Just these upstreams are asked, and for just that."""
        self.assertEqual(self.shares(made), dict.fromkeys(UPSTREAMS, NOTHING) | expected)

    def provider(self, made: Selection, number: int) -> str | None:
        """The upstream that a source is accepted from."""
        return made.provider(source(self.family, number), self.group)

    # -- the first whose filter passes

    def test_first_upstream_provides_all_without_filters(self) -> None:
        """MU-03: without filters the order decides."""
        made = self.selection()
        self.check_shares(made, up1=ANY_SOURCE)
        self.assertEqual(self.provider(made, 1), "up1")

    def test_next_upstream_provides_all_when_the_first_fails(self) -> None:
        """MU-07: the next one, as soon as the first does not work."""
        made = self.selection()
        made.usable = ("up2", "up3")
        self.check_shares(made, up2=ANY_SOURCE)
        made.usable = ()
        self.check_shares(made)
        self.assertIsNone(self.provider(made, 1))

    def test_exclude_request_is_split_by_inward_filters(self) -> None:
        """MU-04: some sources are the first's, the others the next one's."""
        made = self.selection(policy(up1_in=self.only(1, 2)))
        self.check_shares(made, up1=self.only(1, 2), up2=self.but(1, 2))
        self.assertEqual([self.provider(made, n) for n in (1, 3)], ["up1", "up2"])

    def test_include_request_is_split_by_inward_filters(self) -> None:
        """MU-04: each source goes where it may."""
        self.wishes = {"down1": self.only(1, 2, 3)}
        made = self.selection(policy(up1_in=self.only(1), up2_in=self.only(2)))
        self.check_shares(made, up1=self.only(1), up2=self.only(2), up3=self.only(3))

    def test_source_that_no_filter_passes_is_not_requested(self) -> None:
        """MU-03: without an upstream that may it is not asked for."""
        made = self.selection(policy(up1_in=NOTHING, up2_in=NOTHING, up3_in=NOTHING))
        self.check_shares(made)
        self.assertIsNone(self.provider(made, 1))

    def test_membership_that_an_outward_filter_drops_is_not_requested(self) -> None:
        """A downstream's outward gate is for what it wants upstream, too."""
        self.wishes = {"down1": ANY_SOURCE, "down2": self.only(1, 2)}
        made = self.selection(policy(down1_out=self.only(3), down2_out=self.but(1)))
        self.check_shares(made, up1=self.only(2, 3))

    def test_group_within_the_boundary_is_not_requested_nor_accepted(self) -> None:
        """ADR-06: neither asked for, nor accepted, nor sent up."""
        gates = policy()._replace(within_boundary=lambda address: address == self.group)
        made = self.selection(gates)
        self.check_shares(made)
        self.assertIsNone(self.provider(made, 1))
        self.assertFalse(made.may_provide("up1", source(self.family, 1), self.group))
        self.assertEqual(made.sent_up(source(self.family, 1), self.group, "down1"), [])
        other = group(self.family, 2)
        self.assertEqual(made.share("up1", other, self.wishes), ANY_SOURCE)
        self.assertTrue(made.may_provide("up1", source(self.family, 1), other))

    @examples(3)
    @given(
        st.lists(st.tuples(modes, lists), min_size=3, max_size=3),
        st.lists(st.tuples(modes, lists), min_size=1, max_size=3),
        st.sets(st.sampled_from(UPSTREAMS)),
    )
    def test_source_is_requested_from_the_one_upstream_that_provides_it(
        self,
        passing: list[tuple[object, frozenset[int]]],
        wanted: list[tuple[object, frozenset[int]]],
        usable: set[str],
    ) -> None:
        """MU-03, MU-05, RO-04: that which accepts its data is asked for it, and no other."""
        filters = [SourceFilter(mode, self.sources(*numbers)) for mode, numbers in passing]  # type: ignore[arg-type]
        wishes = [SourceFilter(mode, self.sources(*numbers)) for mode, numbers in wanted]  # type: ignore[arg-type]
        named = dict(zip(("up1_in", "up2_in", "up3_in"), filters, strict=True))
        made = self.selection(policy(**named))
        made.usable = tuple(name for name in UPSTREAMS if name in usable)
        self.wishes = {f"down{n}": wish for n, wish in enumerate(wishes)}
        shares, all_wanted = self.shares(made), merge(wishes)
        for number in NUMBERS:
            one = source(self.family, number)
            may = [n for n in made.usable if named[f"{n}_in"].wants(one)]
            asked = [name for name, share in shares.items() if share.wants(one)]
            self.assertEqual(self.provider(made, number), may[0] if may else None)
            self.assertEqual(asked, may[:1] if all_wanted.wants(one) else [])
            providing = [n for n in UPSTREAMS if made.may_provide(n, one, self.group)]
            self.assertEqual(providing, may[:1])

    # -- the one that delivers

    def test_all_upstreams_are_joined_until_one_delivers(self) -> None:
        """MU-09: then it alone is."""
        made = self.selection(join=Join.MUTEX)
        self.check_shares(made, **dict.fromkeys(UPSTREAMS, ANY_SOURCE))
        one = source(self.family, 1)
        self.assertTrue(made.delivers("up2", one, self.group))
        self.assertFalse(made.delivers("up2", one, self.group))
        self.assertFalse(made.delivers("up3", one, self.group))
        self.check_shares(made, up2=ANY_SOURCE)
        self.assertEqual(self.provider(made, 1), "up2")

    def test_silent_source_is_requested_from_all_upstreams_again(self) -> None:
        """MU-07: all are asked again."""
        made = self.selection(join=Join.MUTEX)
        one = source(self.family, 1)
        made.delivers("up2", one, self.group)
        self.assertTrue(made.stops_delivering(one, self.group))
        self.assertFalse(made.stops_delivering(one, self.group))
        self.check_shares(made, **dict.fromkeys(UPSTREAMS, ANY_SOURCE))

    def test_lost_upstream_changes_nothing_for_other_sources(self) -> None:
        """What another one delivers is left as it is."""
        made = self.selection(join=Join.MUTEX)
        self.wishes = {"down1": self.only(1, 2)}
        for number, name in ((1, "up1"), (2, "up2")):
            made.delivers(name, source(self.family, number), self.group)
        self.check_shares(made, up1=self.only(1), up2=self.only(2))
        made.usable = ("up2", "up3")
        self.assertEqual(made.lost("up1"), [(source(self.family, 1), self.group)])
        self.check_shares(made, up2=self.only(1, 2), up3=self.only(1))

    def test_delivering_upstream_is_not_replaced_until_it_falls_silent(self) -> None:
        """Nobody while one delivers, then all that the filters let."""
        made = self.selection(policy(up1_in=self.only(2)), join=Join.MUTEX)
        one = source(self.family, 1)

        def able() -> list[str]:
            return [name for name in UPSTREAMS if made.may_replace_provider(name, one, self.group)]

        made.delivers("up2", one, self.group)
        self.assertEqual(able(), ["up2"])
        made.stops_delivering(one, self.group)
        self.assertEqual(able(), ["up2", "up3"])

    def test_data_that_a_filter_drops_is_no_delivery(self) -> None:
        """Filters hold for it as well."""
        made = self.selection(policy(up1_in=self.only(1)), join=Join.MUTEX)
        self.assertFalse(made.delivers("up1", source(self.family, 2), self.group))
        self.assertTrue(made.delivers("up3", source(self.family, 2), self.group))

    def test_delivery_changes_nothing_with_join_first(self) -> None:
        """Nothing is told to anybody."""
        made = self.selection()
        self.assertFalse(made.delivers("up1", source(self.family, 1), self.group))
        self.assertFalse(made.stops_delivering(source(self.family, 1), self.group))

    # -- switchover

    def returning(self, gates: FilterPolicy | None = None, **settings: Any) -> Selection:
        """The first upstream is back, and taken for the first again."""
        made = Selection(gates or policy(), **settings)
        for working in (UPSTREAMS, UPSTREAMS[1:], UPSTREAMS, UPSTREAMS):
            made.note(UPSTREAMS, working, 1000.0)
        return made

    def test_both_upstreams_are_joined_during_a_switchover(self) -> None:
        """MU-08: and data is taken from the second, until the time is over."""
        made = self.returning()
        self.check_shares(made, up1=ANY_SOURCE, up2=ANY_SOURCE)
        self.assertEqual(self.provider(made, 1), "up2")
        self.assertEqual(made.next_deadline(), 1000 + SWITCHOVER_TIME)
        self.assertFalse(made.note(UPSTREAMS, UPSTREAMS, 1000 + SWITCHOVER_TIME - 0.1))
        self.assertTrue(made.note(UPSTREAMS, UPSTREAMS, 1000 + SWITCHOVER_TIME))
        self.check_shares(made, up1=ANY_SOURCE)
        self.assertEqual(self.provider(made, 1), "up1")
        self.assertIsNone(made.next_deadline())

    def test_source_that_the_new_upstream_delivers_stays_with_it(self) -> None:
        """MU-05, MU-08: and does not go back."""
        made = self.returning()
        one, other = (source(self.family, number) for number in (1, 2))
        able = [name for name in UPSTREAMS if made.may_replace_provider(name, one, self.group)]
        self.assertEqual(able, ["up1", "up2"])
        made.delivers("up2", one, self.group)
        self.assertEqual(self.provider(made, 1), "up2")
        made.delivers("up1", one, self.group)
        self.assertEqual([self.provider(made, 1), self.provider(made, 2)], ["up1", "up2"])
        able = [name for name in UPSTREAMS if made.may_replace_provider(name, one, self.group)]
        self.assertEqual(able, ["up1"])
        self.assertTrue(made.may_provide("up2", other, self.group))

    def test_switchover_ends_when_the_new_upstream_fails(self) -> None:
        """MU-07, MU-08: what had gone over comes back at once."""
        made = self.returning()
        made.delivers("up1", source(self.family, 1), self.group)
        self.assertTrue(made.note(UPSTREAMS, UPSTREAMS[1:], 1001.0))
        self.check_shares(made, up2=ANY_SOURCE)
        self.assertEqual(self.provider(made, 1), "up2")
        self.assertIsNone(made.next_deadline())

    def test_switchover_ends_when_the_previous_upstream_fails(self) -> None:
        """MU-07."""
        made = self.returning()
        made.note(UPSTREAMS, ("up1", "up3"), 1001.0)
        self.assertIn(self.provider(made, 1), ("up1", "up3"))
        made.note(UPSTREAMS, ("up1",), 1001.0)
        self.check_shares(made, up1=ANY_SOURCE)
        self.assertEqual(self.provider(made, 1), "up1")

    def test_switchover_requests_twice_what_changes_its_upstream_alone(self) -> None:
        """MU-04, MU-08: filters hold as ever."""
        made = self.returning(policy(up1_in=self.only(1), up2_in=self.only(1, 2)))
        self.check_shares(made, up1=self.only(1), up2=self.only(1, 2), up3=self.but(1, 2))
        self.assertEqual([self.provider(made, n) for n in (1, 2, 3)], ["up2", "up2", "up3"])

    def test_source_that_only_a_held_upstream_passes_is_requested_from_it(self) -> None:
        """MU-08: it does not wait."""
        gates = policy(up1_in=self.only(1, 2), up2_in=self.only(1), up3_in=self.only(1))
        made = self.returning(gates, hold_time=10.0)
        self.assertEqual(list(made.preference.held()), ["up1"])
        self.wishes = {"down1": self.only(1, 2)}
        self.check_shares(made, up1=self.only(2), up2=self.only(1))
        self.assertEqual([self.provider(made, n) for n in (1, 2)], ["up2", "up1"])

    def test_new_upstream_is_used_at_once_without_a_switchover(self) -> None:
        """MU-03: links are told one by one when we begin."""
        made = Selection(policy())
        made.note(UPSTREAMS, ("up2",), 1000.0)
        made.note(UPSTREAMS, UPSTREAMS, 1000.0)
        self.check_shares(made, up1=ANY_SOURCE)

    def test_new_upstream_of_lowest_priority_changes_nothing(self) -> None:
        """MU-07."""
        made = Selection(policy(), peers=["peer1"])
        for working in ("up1", "peer1"), ("up1", "up2", "peer1"):
            made.note((*UPSTREAMS, "peer1"), working, 1000.0)
        self.assertEqual(made.usable, ("up1", "up2", "peer1"))
        self.check_shares(made, up1=ANY_SOURCE)
        self.assertIsNone(made.next_deadline())

    def test_switchover_continues_with_another_policy_but_not_with_mutex(self) -> None:
        """With mutex all are joined anyway."""
        before = self.returning()
        before.delivers("up1", source(self.family, 1), self.group)
        made = Selection(policy())
        made.continue_from(before)
        self.assertEqual([self.provider(made, 1), self.provider(made, 2)], ["up1", "up2"])
        self.assertEqual(made.next_deadline(), 1000 + SWITCHOVER_TIME)
        mutex = Selection(policy(), Join.MUTEX)
        mutex.continue_from(before)
        self.assertIsNone(mutex.next_deadline())
        self.check_shares(mutex, **dict.fromkeys(UPSTREAMS, ANY_SOURCE))

    def test_downstream_data_goes_to_the_returning_upstream_after_the_hold_time(self) -> None:
        """MU-06, MU-08."""
        one = source(self.family, 1)
        made = self.returning(send_up=SendUp.FIRST, hold_time=10.0)
        self.assertEqual(made.sent_up(one, self.group, "down1"), ["up2"])
        made.note(UPSTREAMS, UPSTREAMS, 1010.0)
        self.assertEqual(made.sent_up(one, self.group, "down1"), ["up1"])

    # -- data of downstream sources

    def test_downstream_data_goes_to_upstreams_whose_outward_filter_passes_it(self) -> None:
        """FWD-02, MU-06: to all whose outward gate lets it pass, or to the first of them."""
        one = source(self.family, 1)
        gates = policy(up1_out=self.but(1))
        made = self.selection(gates)
        self.assertEqual(made.sent_up(one, self.group, "down1"), ["up2", "up3"])
        made = Selection(gates, send_up=SendUp.FIRST)
        made.usable = UPSTREAMS
        self.assertEqual(made.sent_up(one, self.group, "down1"), ["up2"])
        self.assertEqual(made.sent_up(source(self.family, 2), self.group, "down1"), ["up1"])
        made = Selection(gates, send_up=SendUp.NONE)
        made.note(["up1", "up2", "up3"], ["up1", "up2", "up3"], 0.0)
        self.assertEqual(made.sent_up(one, self.group, "down1"), [])

    # -- peers

    def test_request_of_a_peer_is_not_passed_on(self) -> None:
        """MS-08, MS-10: what peers want goes to no upstream, and their data to none."""
        made = Selection(policy(), peers=["peer1", "peer2"])
        made.usable = ("up1", "peer1", "peer2")
        self.wishes = {"down1": self.only(1), "peer1": self.only(2)}
        shares = {name: made.share(name, self.group, self.wishes) for name in made.usable}
        self.assertEqual(
            shares, {"up1": self.only(1), "peer1": self.only(1), "peer2": self.only(1)}
        )
        one = source(self.family, 1)
        self.assertEqual(made.sent_up(one, self.group, "down1"), ["up1"])
        self.assertEqual(made.sent_up(one, self.group, "peer1"), [])
        self.assertTrue(made.may_provide("peer2", one, self.group))
        self.assertEqual(made.provider(one, self.group), "up1")

    def test_opposite_filters_divide_all_sources(self) -> None:
        """The filters of these tests divide all sources."""
        for passing in (self.only(1), self.but(1), ANY_SOURCE, NOTHING):
            for number in NUMBERS:
                one = source(self.family, number)
                self.assertIsNot(passing.wants(one), opposite(passing).wants(one))
