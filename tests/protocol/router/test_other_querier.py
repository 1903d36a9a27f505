"""What a router does with its groups while another router is the querier."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import Query

from ..families import BLOCK, IS_EX, IS_IN, START, TO_EX, TO_IN, both_families, group, host
from .simulated_election import ElectionTests
from .simulated_router import RouterTests, query_at


@both_families
class SuppressFlagTests(RouterTests):
    """The S flag of another querier's queries."""

    def test_query_with_suppress_flag_lowers_no_timer(self) -> None:
        """IGMP3-Q-04, MLD2-Q-04: neither the group's nor a source's; without the flag, both."""
        self.querier.set_address(host(self.family, 5))
        version = self.family.current_version
        general = Query(version, self.family.unspecified, 10.0, suppress=True)
        self.receives(general, host_number=1)
        self.assertEqual(self.querier.election.other, host(self.family, 1))
        self.given_exclude(x=(1,))
        query = Query(version, group(self.family, 1), 1.0, suppress=True)
        for listed in (self.sources(), self.sources(1)):
            self.receives(replace(query, sources=listed), host_number=1)
        self.check_exclude({1: 270}, set(), 270)
        self.receives(replace(query, sources=self.sources(1), suppress=False), host_number=1)
        self.check_exclude({1: 2}, set(), 270)
        self.receives(replace(query, suppress=False), host_number=1)
        self.check_exclude({1: 2}, set(), 2)

    def test_suppress_flag_does_not_prevent_the_election(self) -> None:
        """IGMP3-Q-04, MLD2-Q-04: the flag is about timers of groups only."""
        self.querier.set_address(host(self.family, 5))
        general = Query(self.family.current_version, self.family.unspecified, 10.0, suppress=True)
        self.assertTrue(self.receives(general, host_number=1).role_changed)
        self.assertFalse(self.querier.is_querier)


@both_families
class OtherQuerierTests(ElectionTests):
    """Groups while another router is the querier (B.7, B.9)."""

    def setUp(self) -> None:
        """The other router is the querier."""
        super().setUp()
        self.query()

    def test_reports_change_groups_while_another_router_is_the_querier(self) -> None:
        """QE-09: timers run as usual."""
        self.given_exclude(x=(1,), y=(2,))
        self.check_exclude({1: 270}, {2}, 270)
        self.says(TO_EX, 3)
        self.check_exclude({3: 270}, set(), 270)
        self.query()
        self.pass_time(200)
        self.query()
        self.pass_time(70)
        self.assertEqual((self.subscription(), self.specific_queries()), (NOTHING, []))

    def test_leave_waits_for_the_query_of_the_other_querier(self) -> None:
        """GQ-03, QE-09, QR-01: we send none; its query lowers the timer."""
        self.given_exclude()
        self.says(TO_IN)
        self.check_exclude({}, set(), 270)
        self.pass_time(0.5)
        self.query(about_group=True)
        self.check_exclude({}, set(), 2)
        self.pass_time(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(0.1)
        self.assertEqual((self.subscription(), self.specific_queries()), (NOTHING, []))
        self.assertEqual(self.changed[-1:], [group(self.family, 1)])

    def test_report_after_the_other_queriers_query_keeps_the_group(self) -> None:
        """QR-01, QR-03: a query with the S flag does not lower the timer again."""
        self.given_exclude()
        self.query(about_group=True)
        self.pass_time(0.5)
        self.says(IS_EX)
        self.pass_time(0.5)
        self.query(about_group=True, suppress=True)
        self.check_exclude({}, set(), 269.5)

    def test_leaves_send_no_query_and_lower_no_timer(self) -> None:
        """GQ-03: whatever the record is."""
        for kind in (BLOCK, TO_EX, TO_IN):
            self.setUp()
            self.given_exclude(x=(1, 2))
            self.says(kind, 1)
            self.check_exclude({1: 270, 2: 270} if kind is not TO_EX else {1: 270}, set(), 270)
            self.pass_time(10)
            self.assertEqual(self.specific_queries(), [])

    def test_source_query_lowers_the_timers_of_its_sources(self) -> None:
        """QR-02: except blocked ones."""
        self.given_exclude(x=(1, 2), y=(3,))
        self.query(1, 3, 4)
        self.check_exclude({1: 2, 2: 270}, {3}, 270)
        self.pass_time(2)
        self.check_exclude({2: 268}, {1, 3}, 268)

    def test_source_query_ends_unreported_sources_in_include_mode(self) -> None:
        """QR-02: reported ones stay."""
        self.given_include(1, 2)
        self.query(1)
        self.check_include({1: 2, 2: 270})
        self.pass_time(1)
        self.says(IS_IN, 1)
        self.query(2)
        self.pass_time(2)
        self.check_include({1: 268})

    def test_query_with_suppress_flag_lowers_no_timer(self) -> None:
        """QR-03: for the group and for sources."""
        self.given_exclude(x=(1,))
        self.query(about_group=True, suppress=True)
        self.query(1, suppress=True)
        self.check_exclude({1: 270}, set(), 270)

    def test_general_query_lowers_no_timer(self) -> None:
        """QR-04: no group is named."""
        self.given_exclude(x=(1,))
        self.query()
        self.check_exclude({1: 270}, set(), 270)

    def test_group_query_changes_nothing_in_include_mode(self) -> None:
        """QR-01: there is no group timer to lower."""
        self.given_include(1)
        self.query(about_group=True)
        self.check_include({1: 270})
        self.assertIsNotNone(self.querier.next_deadline())

    def test_query_for_an_unknown_group_creates_no_state(self) -> None:
        """QR-01: for the group and for sources."""
        self.query(about_group=True)
        self.query(1)
        self.assertEqual(self.querier.groups, {})

    def test_query_never_raises_a_timer(self) -> None:
        """QR-01, QR-02: though it allows 100 s."""
        self.given_exclude(x=(1,))
        self.query(1, about_group=True)
        self.query(about_group=True)
        self.pass_time(1)
        self.query(about_group=True, within=100)
        self.query(1, within=100)
        self.check_exclude({1: 1}, set(), 1)

    def test_timers_are_lowered_to_robustness_times_the_response_time_of_the_query(self) -> None:
        """QR-05: with the adopted robustness."""
        self.given_exclude()
        self.query(about_group=True, robustness=4, within=0.5)
        self.check_exclude({}, set(), 2)
        self.query(about_group=True, robustness=3, within=0.5)
        self.check_exclude({}, set(), 1.5)

    def test_query_of_an_older_version_lowers_timers(self) -> None:
        """QR-01: it has no S flag."""
        self.given_exclude()
        older = self.family.current_version - 1
        self.query(about_group=True, version=older, robustness=0, interval=0)
        self.check_exclude({}, set(), 2)

    def test_query_that_wins_the_election_lowers_timers(self) -> None:
        """QR-01, QE-13: it changes the querier and the timers, but in MLD only."""
        ElectionTests.setUp(self)
        self.given_exclude()
        self.query(about_group=True)
        self.check_exclude({}, set(), 270 if self.family is IPV4 else 2)

    def test_loser_finishes_its_running_queries_in_igmp_only(self) -> None:
        """SQ-10: the timers stay lowered in both."""
        ElectionTests.setUp(self)
        self.given_exclude(x=(1,))
        self.says(TO_IN)
        self.pass_time(0.5)
        self.query()
        self.check_exclude({1: 1.5}, set(), 1.5)
        self.pass_time(10)
        sent = [query_at(0, 1), query_at(0)]
        if self.family is IPV4:
            sent += [query_at(1, 1), query_at(1)]
        self.assertEqual(self.specific_queries(), sent)
        self.assertEqual(self.querier.groups, {})

    def test_stopped_queries_do_not_resume_when_we_become_the_querier_again(self) -> None:
        """SQ-10: in IGMP the query that was due later was sent all the same."""
        ElectionTests.setUp(self)
        self.serves(replace(self.settings, last_member_query_interval=20))
        self.given_exclude()
        self.says(TO_IN)
        self.query(interval=10)
        self.says(IS_EX)
        self.pass_time(25)
        self.check_querier_and_member()
        self.pass_time(100)
        left = [when - START for when, query in self.sent[1:] if any(query.group)]
        self.assertEqual(left, [20] if self.family is IPV4 else [])

    def check_querier_and_member(self) -> None:
        """Check that we are the querier and that there is a member."""
        self.assertTrue(self.querier.is_querier)
        self.assertEqual(self.subscription(), ANY_SOURCE)

    def test_new_querier_keeps_the_groups_and_queries_leaves(self) -> None:
        """QE-09: the timers run on."""
        self.pass_time(55)
        self.given_exclude(x=(1,), y=(2,))
        self.pass_time(200)
        self.assertEqual(self.general(), [255])
        self.check_exclude({1: 70}, {2}, 70)
        self.says(TO_IN)
        self.pass_time(5)
        self.assertEqual(
            self.specific_queries(),
            [query_at(255, 1), query_at(255), query_at(256, 1), query_at(256)],
        )
        self.assertEqual(self.querier.groups, {})

    def test_new_querier_keeps_groups_until_hosts_could_answer_its_first_query(self) -> None:
        """QE-03, QE-09: by its own timer the group would end 5 s after the takeover."""
        self.given_exclude(x=(1,))
        self.pass_time(10)
        self.query()
        self.pass_time(255)
        self.check_exclude({1: 10}, set(), 10)
        self.pass_time(9.9)
        self.says(IS_EX)
        self.check_exclude({}, set(), 270)

    def test_takeover_shortens_no_timer(self) -> None:
        """QE-09: longer timers stay as they are."""
        self.query()
        self.pass_time(200)
        self.given_exclude(x=(1,), y=(2,))
        self.pass_time(55)
        self.check_is_querier()
        self.check_exclude({1: 215}, {2}, 215)

    def test_immediate_leave_does_not_apply_while_another_router_is_the_querier(self) -> None:
        """GQ-03: but hosts are tracked for later."""
        ElectionTests.setUp(self)
        self.serves(replace(self.settings, immediate_leave=True))
        self.query()
        self.pass_time(250)
        for number in (1, 2):
            self.says(TO_EX, host_number=number)
        self.says(TO_EX, group_number=2)
        self.says(TO_IN, group_number=2)
        self.says(TO_IN, host_number=1)
        self.assertEqual((self.subscription(2), self.specific_queries()), (ANY_SOURCE, []))
        self.pass_time(5)
        self.sent.clear()
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.subscription(), self.specific_queries()), (NOTHING, []))
