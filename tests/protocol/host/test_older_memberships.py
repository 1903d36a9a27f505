"""Joins, leaves and answers of a host under an older querier."""

from __future__ import annotations

from mcproxy.protocol.host.host import Host
from mcproxy.protocol.sources import NOTHING
from mcproxy.protocol.wire.packets import Query, Report

from ..families import ALLOW, IS_EX, START, both_families, group, ssm_group
from .simulated_host import OlderQuerierTests


@both_families
class OlderMembershipTests(OlderQuerierTests):
    """Joins, leaves and answers in the older version (C.3)."""

    def setUp(self) -> None:
        """An older querier is present."""
        super().setUp()
        self.receives_older_query()

    def test_join_is_reported_at_once_and_again_within_10_seconds(self) -> None:
        """H2-02, H2-07: twice in all."""
        self.wants(self.excluding())
        self.pass_time(100)
        self.assertEqual(self.sent_messages(), [(0, self.report()), (5, self.report())])

    def test_number_of_reports_is_the_robustness(self) -> None:
        """H2-02: 1, 2 and 4."""
        for robustness, times in ((1, [0]), (2, [0, 5]), (4, [0, 5, 10, 15])):
            self.setUp()
            self.host.robustness = robustness
            self.wants(self.excluding())
            self.pass_time(100)
            self.assertEqual([when for when, _ in self.sent_messages()], times)

    def test_each_repeat_has_a_random_delay_of_its_own(self) -> None:
        """HS-04, TM-03: up to 10 s."""
        self.host.robustness = 3
        self.delay = 0.25
        self.wants(self.excluding())
        self.delay = 1.0
        self.pass_time(100)
        self.assertEqual([when for when, _ in self.sent_messages()], [0, 2.5, 12.5])

    def test_any_source_filter_is_reported_as_a_membership(self) -> None:
        """H2-01: a changed list is not reported."""
        self.wants(self.including(1))
        self.pass_time(10)
        self.assertEqual([packet for _, packet in self.sent_messages()], [self.report()] * 2)
        for wanted in (self.including(2), self.excluding(), self.excluding(1), self.including(3)):
            self.wants(wanted)
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [])
        self.wants(NOTHING)
        self.assertEqual([packet for _, packet in self.sent_messages()], [self.leave()])

    def test_leave_is_sent_once_to_all_routers(self) -> None:
        """H2-05: even if another host reported last."""
        for wanted in (self.excluding(), self.including(1)):
            self.setUp()
            self.wants(wanted)
            self.pass_time(20)
            self.sent_messages()
            self.receives(self.report())
            self.wants(NOTHING)
            self.assertEqual(self.sent_messages(), [(20, self.leave())])
            self.pass_time(20)
            self.assertEqual(self.sent_messages(), [])

    def test_leave_cancels_repeats_and_answers(self) -> None:
        """H2-05: nothing follows it."""
        self.wants(self.excluding())
        self.receives_query()
        self.wants(NOTHING)
        self.pass_time(20)
        self.assertEqual(
            [packet for _, packet in self.sent_messages()], [self.report(), self.leave()]
        )

    def test_join_after_a_leave_is_reported_as_the_first_time(self) -> None:
        """H2-02: at once and again."""
        self.wants(self.excluding())
        self.wants(NOTHING)
        self.sent_messages()
        self.wants(self.excluding())
        self.pass_time(20)
        self.assertEqual([packet for _, packet in self.sent_messages()], [self.report()] * 2)

    def test_general_query_is_answered_with_one_report_per_group(self) -> None:
        """H2-03: each in a packet of its own."""
        self.joins(1, 2)
        self.receives_query(within=8)
        self.pass_time(8)
        self.assertEqual(self.sent_messages(), [(24, self.report(1)), (24, self.report(2))])

    def test_each_group_has_a_random_delay_of_its_own(self) -> None:
        """H2-03: for one general query."""
        self.joins(1, 2)
        fractions = iter([0.75, 0.25])
        self.host = Host(self.family, lambda: 1.0 - next(fractions))
        self.host.groups.update({group(self.family, n): self.excluding() for n in (1, 2)})
        self.host.robustness = 1
        self.receives_query(within=8)
        self.sent_messages()
        self.pass_time(8)
        self.assertEqual(self.sent_messages(), [(22, self.report(2)), (26, self.report(1))])

    def test_group_query_is_answered_for_that_group_only(self) -> None:
        """H2-03: the other group is not reported."""
        self.joins(1, 2)
        self.receives_query(None, 2, within=1)
        self.pass_time(10)
        self.assertEqual(self.sent_messages(), [(20.5, self.report(2))])

    def test_query_for_an_unknown_group_is_not_answered(self) -> None:
        """HQ-06: no packet is sent."""
        self.joins(1)
        self.receives_query(None, 2, within=1)
        self.pass_time(10)
        self.assertEqual(self.sent_messages(), [])

    def test_running_delay_is_kept_unless_a_new_query_allows_less_time(self) -> None:
        """H2-03: then the delay is drawn again."""
        for within, when in ((4, 25), (3, 25), (2, 23)):
            self.setUp()
            self.joins(1)
            self.receives_query(within=10)
            self.pass_time(2)
            self.receives_query(within=within)
            self.pass_time(20)
            self.assertEqual(self.sent_messages(), [(when, self.report())])

    def test_query_with_response_time_0_is_answered_at_once(self) -> None:
        """MLD1-02: at the same time."""
        self.joins(1)
        self.receives_query(within=0)
        self.pass_time(0)
        self.assertEqual(self.sent_messages(), [(20, self.report())])

    def test_report_of_another_host_suppresses_the_answer(self) -> None:
        """H2-04: for its group only."""
        self.joins(1, 2)
        self.receives_query()
        self.pass_time(1)
        self.receives(self.report())
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [(25, self.report(2))])

    def test_report_of_another_host_suppresses_the_repeat_of_a_join(self) -> None:
        """H2-04: no further report is sent."""
        self.wants(self.excluding())
        self.receives(self.report())
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [(0, self.report())])

    def test_other_messages_do_not_suppress_the_answer(self) -> None:
        """H2-04: earlier reports, other groups, leaves, current reports."""
        self.joins(1)
        self.receives(self.report())
        self.receives_query()
        for packet in (self.report(2), self.leave(), Report((self.record(IS_EX),))):
            self.receives(packet)
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [(25, self.report())])

    def test_answer_replaces_the_repeat_of_a_join(self) -> None:
        """H2-03: a group has one timer."""
        self.wants(self.excluding())
        self.receives_query(None, 1, within=1)
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [(0, self.report()), (0.5, self.report())])

    def test_leave_of_all_groups_sends_a_leave_for_each(self) -> None:
        """HS-11: no group is wanted then."""
        self.joins(1, 2)
        self.receives_query()
        self.note(self.host.leave(self.now))
        self.assertEqual(
            [packet for _, packet in self.sent_messages()], [self.leave(1), self.leave(2)]
        )
        self.assertEqual(self.host.groups, {})
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [])

    def test_times_of_the_last_query_and_report_are_known(self) -> None:
        """A leave counts as a report."""
        self.assertEqual((self.host.last_query, self.host.last_report), (START, None))
        self.wants(self.excluding())
        self.pass_time(10)
        self.assertEqual(self.host.last_report, START + 5)
        self.wants(NOTHING)
        self.assertEqual(self.host.last_report, START + 10)


@both_families
class OlderSsmTests(OlderQuerierTests):
    """Source-specific groups, which older versions cannot report (B.13, E.4)."""

    def want(self, *numbers: int) -> None:
        """Change what is wanted of a source-specific group."""
        changes = [(ssm_group(self.family, 1), self.including(*numbers))]
        self.note(self.host.update(changes, self.now))

    def test_ssm_group_is_not_reported_in_an_older_version(self) -> None:
        """PSSM-01, SSM-05: neither joins nor answers nor leaves."""
        self.receives_older_query()
        self.want(1)
        self.want(1, 2)
        self.receives_query()
        self.receives(Query(self.older, ssm_group(self.family, 1), 1.0))
        self.pass_time(20)
        self.want()
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [])

    def test_other_groups_are_reported_beside_an_ssm_group(self) -> None:
        """SSM-05: as usual."""
        self.receives_older_query()
        self.want(1)
        self.wants(self.excluding())
        self.assertEqual(self.sent_messages(), [(0, self.report())])
        self.note(self.host.leave(self.now))
        self.assertEqual(self.sent_messages(), [(0, self.leave())])

    def test_ssm_group_is_reported_when_the_current_version_returns(self) -> None:
        """SSM-05, HC-03: with its sources."""
        self.want(1)
        self.sent_messages()
        self.receives_older_query()
        self.pass_time(self.present() - 0.1)
        self.assertEqual(self.sent_messages(), [])
        self.pass_time(0.1)
        [(_, report)] = self.sent_messages()
        assert isinstance(report, Report)
        self.assertEqual([record.type for record in report], [ALLOW])
