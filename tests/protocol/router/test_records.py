"""What a router does with the records of the current version."""

from __future__ import annotations

from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.sources import ANY_SOURCE
from mcproxy.protocol.wire.packets import Leave

from ..families import ALLOW, BLOCK, IS_EX, IS_IN, START, TO_EX, TO_IN, both_families, group, host
from .simulated_router import RouterTests, query_at


@both_families
class CurrentStateTests(RouterTests):
    """Current-state records (B.2) set timers and never cause a query."""

    def tearDown(self) -> None:
        """No query was sent."""
        self.assertEqual(self.specific_queries(), [])

    def test_is_in_in_include_mode_adds_sources(self) -> None:
        """CS-01: listed sources get the membership interval, others keep their time."""
        self.given_include(1, 2)
        self.pass_time(60)
        self.says(IS_IN, 2, 3)
        self.check_include({1: 210, 2: 270, 3: 270})

    def test_is_ex_in_include_mode_changes_to_exclude_mode(self) -> None:
        """CS-02: known sources keep their time, new ones are blocked."""
        self.given_include(1, 2)
        self.pass_time(60)
        self.says(IS_EX, 2, 3)
        self.check_exclude({2: 210}, {3}, 270)

    def test_is_in_in_exclude_mode_unblocks_and_renews_sources(self) -> None:
        """CS-03: listed sources get the membership interval."""
        self.given_exclude(x=(1,), y=(2, 3))
        self.pass_time(60)
        self.says(IS_IN, 2, 4)
        self.check_exclude({1: 210, 2: 270, 4: 270}, {3}, 210)

    def test_is_ex_in_exclude_mode_replaces_the_lists(self) -> None:
        """CS-04: new sources get the membership interval."""
        self.given_exclude(x=(1, 2), y=(3,))
        self.pass_time(60)
        self.says(IS_EX, 2, 3, 4)
        self.check_exclude({2: 210, 4: 270}, {3}, 270)

    def test_empty_is_in_allow_and_block_change_nothing(self) -> None:
        """IGMP3-R-12, MLD2-R-12: neither in a new group nor in EXCLUDE mode."""
        for kind in (IS_IN, ALLOW, BLOCK):
            self.assertEqual(self.says(kind), Effects())
        self.given_exclude()
        for kind in (IS_IN, ALLOW, BLOCK):
            self.assertEqual(self.says(kind), Effects())
        self.check_exclude({}, set(), 270)

    def test_report_without_records_has_no_effect(self) -> None:
        """IGMP3-R-05, MLD2-R-05: nothing changes and nothing is sent."""
        self.assertEqual(self.reports(), Effects())


@both_families
class ChangeRecordTests(RouterTests):
    """Records of a changed filter mode or a changed source list (B.3)."""

    def test_allow_in_include_mode_adds_sources(self) -> None:
        """SC-01: no query is sent."""
        self.given_include(1)
        self.pass_time(60)
        self.says(ALLOW, 2)
        self.check_include({1: 210, 2: 270})
        self.assertEqual(self.specific_queries(), [])

    def test_block_in_include_mode_queries_wanted_sources(self) -> None:
        """SC-02: a source that nobody wants is not queried."""
        self.given_include(1, 2)
        self.says(BLOCK, 2, 3)
        self.check_include({1: 270, 2: 2})
        self.assertEqual(self.specific_queries(), [query_at(0, 2)])

    def test_to_ex_in_include_mode_changes_to_exclude_mode(self) -> None:
        """SC-03: sources of both lists are queried."""
        self.given_include(1, 2)
        self.says(TO_EX, 2, 3)
        self.check_exclude({2: 2}, {3}, 270)
        self.assertEqual(self.specific_queries(), [query_at(0, 2)])

    def test_to_in_in_include_mode_queries_unlisted_sources(self) -> None:
        """SC-04: listed sources get the membership interval."""
        self.given_include(1, 2)
        self.pass_time(60)
        self.says(TO_IN, 2, 3)
        self.check_include({1: 2, 2: 270, 3: 270})
        self.assertEqual(self.specific_queries(), [query_at(60, 1)])

    def test_allow_in_exclude_mode_unblocks_sources(self) -> None:
        """SC-05: no query is sent."""
        self.given_exclude(x=(1,), y=(2, 3))
        self.pass_time(60)
        self.says(ALLOW, 2, 4)
        self.check_exclude({1: 210, 2: 270, 4: 270}, {3}, 210)
        self.assertEqual(self.specific_queries(), [])

    def test_block_in_exclude_mode_queries_unblocked_sources(self) -> None:
        """SC-06, SC-14: the timer of the new source is the group's, lowered by the query."""
        self.given_exclude(x=(1,), y=(2,))
        self.pass_time(160)
        self.says(BLOCK, 1, 2, 3)
        self.check_exclude({1: 2, 3: 2}, {2}, 110)
        self.assertEqual(self.specific_queries(), [query_at(160, 1, 3)])

    def test_to_ex_in_exclude_mode_drops_unlisted_sources(self) -> None:
        """SC-07: the listed sources that are not blocked are queried."""
        self.given_exclude(x=(1, 2), y=(3, 5))
        self.pass_time(60)
        self.says(TO_EX, 2, 3, 4)
        self.check_exclude({2: 2, 4: 2}, {3}, 270)
        self.assertEqual(self.specific_queries(), [query_at(60, 2, 4)])

    def test_to_in_in_exclude_mode_queries_unlisted_sources_and_the_group(self) -> None:
        """SC-08, SC-11: listed sources are renewed."""
        self.given_exclude(x=(1, 2), y=(3,))
        self.says(TO_IN, 2, 5)
        self.check_exclude({1: 2, 2: 270, 5: 270}, {3}, 2)
        self.assertEqual(self.specific_queries(), [query_at(0, 1), query_at(0)])

    def test_block_and_to_ex_give_new_sources_the_rest_of_the_group_timer(self) -> None:
        """SC-12: even if less than the last member query time is left."""
        for kind in (BLOCK, TO_EX):
            self.setUp()
            self.given_exclude()
            self.pass_time(269)
            self.says(kind, 1)
            self.check_exclude({1: 1}, set(), 1 if kind is BLOCK else 270)
            self.assertEqual(self.specific_queries(), [])

    def test_blocked_new_source_is_forwarded_until_the_query_time_ends(self) -> None:
        """Then it is blocked, because nobody reported it."""
        self.given_exclude()
        self.pass_time(160)
        self.says(BLOCK, 1)
        self.check_exclude({1: 2}, set(), 110)
        self.pass_time(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(0.1)
        self.check_exclude({}, {1}, 108)

    def test_block_of_an_unwanted_source_sends_no_query(self) -> None:
        """SC-10: and leaves the timers as they are."""
        self.given_include(1)
        self.says(BLOCK, 9)
        self.check_include({1: 270})
        self.assertEqual(self.specific_queries(), [])

    def test_to_in_with_sources_creates_an_unknown_group(self) -> None:
        """SC-04, SC-09: the group is in INCLUDE mode."""
        self.says(TO_IN, 1)
        self.check_include({1: 270})
        self.assertEqual(self.specific_queries(), [])

    def test_leave_of_an_unknown_group_has_no_effect(self) -> None:
        """OLD-06: no state, no query."""
        self.says(TO_IN)
        self.says(BLOCK, 1)
        self.receives(Leave(group(self.family, 1)))
        self.assertEqual((self.querier.groups, self.specific_queries(), self.changed), ({}, [], []))

    def test_records_of_a_report_are_processed_in_order(self) -> None:
        """IGMP3-R-08, MLD2-R-08: the first record adds, the second queries."""
        self.given_include(2)
        self.reports(self.record(ALLOW, 1), self.record(BLOCK, 2))
        self.check_include({1: 270, 2: 2})
        self.assertEqual(self.specific_queries(), [query_at(0, 2)])


@both_families
class ReporterTests(RouterTests):
    """What a group knows about its reporters."""

    def test_group_knows_its_last_reporter_and_its_age(self) -> None:
        """The last host that reported it, and when it was first joined."""
        self.says(TO_EX, host_number=1)
        self.now += 5
        self.says(IS_EX, host_number=2)
        state = self.querier.groups[group(self.family, 1)]
        self.assertEqual((state.last_reporter, state.since), (host(self.family, 2), START))
