"""The membership database: the wishes of several links are merged into one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.membership import MembershipDatabase
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING, SourceFilter, merge
from mcproxy.protocol.wire.packets import Record, RecordType, Report

from .families import (
    ALLOW,
    BLOCK,
    IS_EX,
    START,
    TO_EX,
    TO_IN,
    FamilyTests,
    both_families,
    examples,
    group,
    host,
)

LINKS = ("eth1", "eth2", "eth3")


@both_families
class MembershipDatabaseTests(FamilyTests):
    """The membership database of RFC 4605, 4.1."""

    def setUp(self) -> None:
        """Three links on which nobody wants anything."""
        self.now = START
        self.queriers = {name: Querier(self.family, QuerierSettings()) for name in LINKS}
        self.database = MembershipDatabase(self.queriers)

    def reports(self, link: str, *records: Record) -> None:
        """Let a host on a link report."""
        self.queriers[link].receive(Report(records), host(self.family, 1), self.now)

    def merged(self) -> SourceFilter:
        """Return what is wanted of group 1 on all links."""
        return self.database.merged(group(self.family, 1))

    def pass_time(self, seconds: float) -> None:
        """Let time pass for all links."""
        self.now += seconds
        for querier in self.queriers.values():
            querier.advance(self.now)

    def test_group_that_nobody_wants_has_no_entry(self) -> None:
        """DB-03: nothing is wanted."""
        self.assertIs(self.merged(), NOTHING)
        self.assertEqual(self.database.subscriptions(group(self.family, 1)), {})
        self.assertEqual(list(self.database.groups()), [])

    def test_merge_of_exclude_and_include_excludes_what_nobody_wants(self) -> None:
        """DB-01: the sources that all exclude and none includes."""
        self.reports("eth1", self.record(TO_EX, 1, 2, 3, 4))
        self.reports("eth2", self.record(TO_EX, 2, 3, 4, 5))
        self.reports("eth3", self.record(ALLOW, 4, 5, 6))
        self.assertEqual(self.merged(), self.excluding(2, 3))

    def test_merge_of_include_filters_includes_all_their_sources(self) -> None:
        """DB-02, the worked vector."""
        self.reports("eth1", self.record(ALLOW, 1, 2, 3))
        self.reports("eth2", self.record(ALLOW, 2, 3, 4))
        self.reports("eth3", self.record(ALLOW, 5))
        self.assertEqual(self.merged(), self.including(1, 2, 3, 4, 5))

    def test_requested_sources_of_an_exclude_filter_are_not_in_the_subscription(self) -> None:
        """E.2: X is forwarded anyway."""
        self.reports("eth1", self.record(IS_EX, 2), self.record(ALLOW, 1))
        self.assertEqual(self.merged(), self.excluding(2))

    def test_renewed_timers_do_not_change_the_merge(self) -> None:
        """DB-09: the merged filter is the same as before."""
        self.reports("eth1", self.record(TO_EX, 1))
        before = self.merged()
        self.pass_time(100)
        self.reports("eth1", self.record(IS_EX, 1))
        self.assertEqual(self.merged(), before)

    def test_leave_on_one_link_does_not_affect_other_links(self) -> None:
        """RT-05: the other link still wants all sources."""
        for link in ("eth1", "eth2"):
            self.reports(link, self.record(TO_EX))
        self.reports("eth1", self.record(TO_IN))
        self.pass_time(2)
        subscriptions = self.database.subscriptions(group(self.family, 1))
        self.assertEqual(subscriptions, {"eth2": ANY_SOURCE})
        self.assertEqual(self.merged(), ANY_SOURCE)

    def test_removed_link_wants_nothing(self) -> None:
        """PX-08: its wishes are gone."""
        self.reports("eth1", self.record(TO_EX))
        del self.queriers["eth1"]
        self.assertIs(self.merged(), NOTHING)

    def test_groups_are_listed_once(self) -> None:
        """Each group that some link wants."""
        self.reports("eth1", self.record(TO_EX), self.record(ALLOW, 1, group_number=2))
        self.reports("eth2", self.record(TO_EX))
        self.reports("eth3", self.record(BLOCK, 1, group_number=3))
        self.assertEqual(
            sorted(self.database.groups()), [group(self.family, 1), group(self.family, 2)]
        )

    def test_list_of_groups_is_the_callers_own_and_has_static_ones(self) -> None:
        """A migration removes from it what has migrated."""
        self.reports("eth1", self.record(TO_EX))
        static = {group(self.family, 9): ANY_SOURCE}
        database = MembershipDatabase(self.queriers, static)
        listed = database.groups()
        self.assertEqual(set(listed), {group(self.family, 1), group(self.family, 9)})
        listed.clear()
        self.assertEqual(list(self.queriers["eth1"].groups), [group(self.family, 1)])
        self.assertEqual(len(static), 1)

    def test_groups_are_taken_while_hosts_join_and_leave(self) -> None:
        """Each that is wanted all the time comes once; others may be left out."""
        for number in range(1, 5):
            self.reports("eth1", self.record(TO_EX, group_number=number))
            self.reports("eth2", self.record(TO_EX, group_number=2 * number))
        taken = self.database.groups_in_time()
        first = next(taken)
        self.reports("eth1", self.record(TO_EX, group_number=9))
        self.reports("eth3", self.record(TO_EX, group_number=10))
        self.reports("eth2", self.record(TO_IN, group_number=8))
        self.pass_time(3)
        del self.queriers["eth3"]
        found = [first, *taken]
        self.assertEqual(len(found), len(set(found)))
        always = {group(self.family, number) for number in (1, 2, 3, 4, 6)}
        perhaps = {group(self.family, number) for number in (8, 9, 10)}
        self.assertEqual(always - set(found), set())
        self.assertEqual(set(found) - always - perhaps, set())

    def test_link_that_goes_hides_no_group_from_those_who_take_them_in_many_turns(self) -> None:
        """Its querier may belong to another instance by then, where hosts join."""
        self.reports("eth1", self.record(TO_EX, group_number=1))
        self.reports("eth2", self.record(TO_EX, group_number=2))
        taken = self.database.groups_in_time()
        found = [next(taken)]
        gone = self.queriers["eth1"]
        self.reports("eth1", self.record(TO_EX, group_number=2))
        del self.queriers["eth1"]
        self.assertIn(group(self.family, 2), gone.groups)
        found += taken
        self.assertEqual(found, [group(self.family, number) for number in (1, 2)])

    @given(st.data())
    @examples(3)
    def test_merge_of_random_reports_is_the_merge_of_the_links(self, data: st.DataObject) -> None:
        """DB-01, DB-02: whatever they want."""
        MembershipDatabaseTests.setUp(self)
        for _ in range(data.draw(st.integers(1, 8))):
            kind = data.draw(st.sampled_from(RecordType))
            numbers = data.draw(st.frozensets(st.integers(1, 4)))
            self.reports(data.draw(st.sampled_from(LINKS)), self.record(kind, *numbers))
            self.pass_time(data.draw(st.sampled_from([0.0, 1.0, 2.0, 200.0])))
        address = group(self.family, 1)
        wanted = {name: q.subscription(address) for name, q in self.queriers.items()}
        self.assertEqual(self.merged(), merge(wanted.values()))
        named = {name: one for name, one in wanted.items() if one != NOTHING}
        self.assertEqual(self.database.subscriptions(address), named)
