"""State-change reports of a host in the current version."""

from __future__ import annotations

from mcproxy.protocol.host.host import Host
from mcproxy.protocol.sources import INCLUDE, NOTHING, SourceFilter
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Record

from ..families import (
    ALLOW,
    BLOCK,
    START,
    TO_EX,
    TO_IN,
    both_families,
    group,
    host,
    many_sources,
    ssm_group,
)
from .simulated_host import HostTests


@both_families
class ChangeReportTests(HostTests):
    """State-change reports (C.1)."""

    def test_join_is_reported_at_once_and_again_within_a_second(self) -> None:
        """HS-04: nothing more is due then."""
        self.wants(self.excluding())
        self.pass_time(20)
        join = (self.record(TO_EX),)
        self.assertEqual(self.sent_messages(), [(0, join), (0.5, join)])
        self.assertIsNone(self.host.next_deadline())

    def test_repeats_that_are_nearly_due_go_out_with_the_first(self) -> None:
        """HS-04: joins one after the other are repeated in few reports."""
        for number, delay in ((1, 0.5), (2, 0.495), (3, 0.6)):
            self.delay = delay
            wanted = [(group(self.family, number), self.excluding())]
            self.note(self.host.update(wanted, self.now))
            self.pass_time(0.005)
        self.sent.clear()
        self.pass_time(20)
        self.assertEqual([len(report) for _, report in self.sent], [2, 1])

    def test_repeat_with_a_short_delay_is_not_sent_twice_at_once(self) -> None:
        """HS-04: transmissions are apart, to survive a loss."""
        self.receives_general_query(robustness=3)
        self.pass_time(20)
        self.delay = 0.01
        self.wants(self.excluding())
        self.pass_time(20)
        times = [when for when, _ in self.sent]
        self.assertEqual(len(times), 3)
        self.assertEqual(len(set(times)), 3)

    def test_each_change_is_reported_with_the_records_of_its_row(self) -> None:
        """HS-01..03, IGMP3-R-12, MLD2-R-12: empty lists are left out."""
        inc, exc, record = self.including, self.excluding, self.record
        rows = [
            (inc(1, 2), inc(2, 3), [record(ALLOW, 3), record(BLOCK, 1)]),
            (inc(1), inc(1, 2), [record(ALLOW, 2)]),
            (inc(1, 2), inc(1), [record(BLOCK, 2)]),
            (inc(1), NOTHING, [record(BLOCK, 1)]),
            (exc(1, 2), exc(2, 3), [record(ALLOW, 1), record(BLOCK, 3)]),
            (exc(1), exc(), [record(ALLOW, 1)]),
            (exc(), exc(1), [record(BLOCK, 1)]),
            (inc(1), exc(2), [record(TO_EX, 2)]),
            (NOTHING, exc(), [record(TO_EX)]),
            (exc(1), inc(2), [record(TO_IN, 2)]),
            (exc(1), NOTHING, [record(TO_IN)]),
        ]
        for before, after, records in rows:
            self.setUp()
            self.has_reported(before)
            self.wants(after)
            self.pass_time(10)
            self.assertEqual(self.sent_records(), [tuple(records)] * 2)

    def test_changes_of_the_worked_merges_are_reported(self) -> None:
        """E.2: the examples of the RFC."""
        self.wants(self.excluding(2, 3))
        self.assertEqual(self.sent_records(), [(self.record(TO_EX, 2, 3),)])
        self.has_reported(self.excluding(2, 3))
        self.wants(self.excluding(3, 5))
        expected = (self.record(ALLOW, 2), self.record(BLOCK, 5))
        self.assertEqual(self.sent_records(), [expected])
        self.has_reported(self.excluding(2, 3))
        self.wants(self.including(4))
        self.assertEqual(self.sent_records(), [(self.record(TO_IN, 4),)])

    def test_unchanged_group_is_not_reported(self) -> None:
        """DB-04: no packet is sent."""
        self.has_reported(self.excluding(1))
        self.wants(self.excluding(1), NOTHING)
        self.pass_time(10)
        self.assertEqual(self.sent_messages(), [])

    def test_change_of_sources_is_one_report_with_allow_and_block(self) -> None:
        """Sent twice."""
        self.has_reported(self.including(1))
        self.now = START
        self.wants(self.including(2))
        self.pass_time(10)
        both = (self.record(ALLOW, 2), self.record(BLOCK, 1))
        self.assertEqual(self.sent_messages(), [(0, both), (0.5, both)])

    def test_source_change_after_a_mode_change_is_repeated_on_its_own(self) -> None:
        """HS-05..07: when the mode has no repeats left."""
        self.wants(self.excluding())
        self.pass_time(0.125)
        self.wants(self.excluding(1))
        self.pass_time(10)
        expected = [
            (0, (self.record(TO_EX),)),
            (0.125, (self.record(TO_EX, 1),)),
            (0.625, (self.record(BLOCK, 1),)),
        ]
        self.assertEqual(self.sent_messages(), expected)

    def test_source_that_is_added_and_removed_is_repeated_as_removed(self) -> None:
        """HS-08: only the last change is repeated."""
        self.has_reported(self.including(9))
        self.wants(self.including(9, 1))
        self.pass_time(0.1)
        self.wants(self.including(9))
        self.pass_time(10)
        expected = [(self.record(ALLOW, 1),), (self.record(BLOCK, 1),), (self.record(BLOCK, 1),)]
        self.assertEqual(self.sent_records(), expected)

    def test_mode_change_replaces_pending_source_changes(self) -> None:
        """HS-06: the whole list is reported instead."""
        self.has_reported(self.including(1))
        self.wants(self.including(1, 2))
        self.wants(self.excluding(3))
        self.pass_time(10)
        expected = [(self.record(ALLOW, 2),), (self.record(TO_EX, 3),), (self.record(TO_EX, 3),)]
        self.assertEqual(self.sent_records(), expected)

    def test_mode_change_drops_source_changes_with_more_repeats_left(self) -> None:
        """HS-06: the robustness has become smaller."""
        self.host.robustness = 7
        self.wants(self.including(1))
        self.host.robustness = 1
        self.wants(self.excluding())
        self.pass_time(10)
        self.assertEqual(self.sent_records(), [(self.record(ALLOW, 1),), (self.record(TO_EX),)])

    def test_leave_after_a_join_is_reported_at_once_and_repeated(self) -> None:
        """HS-05: the join is not repeated."""
        self.wants(self.excluding())
        self.wants(NOTHING)
        self.pass_time(10)
        join, leave = (self.record(TO_EX),), (self.record(TO_IN),)
        self.assertEqual(self.sent_records(), [join, leave, leave])

    def test_number_of_reports_is_the_robustness_of_the_last_query(self) -> None:
        """HS-10: 0 means the default of 2."""
        for robustness, times in ((3, 3), (1, 1), (7, 7), (0, 2)):
            self.setUp()
            self.receives_general_query(robustness=robustness)
            self.wants(self.excluding())
            self.pass_time(20)
            reports = [r for r in self.sent_records() if r[0].type is TO_EX]
            self.assertEqual(reports, [(self.record(TO_EX),)] * times)

    def test_each_repeat_has_a_random_delay_of_its_own(self) -> None:
        """HS-04, TM-03: above 0 and up to 1 s."""
        fractions = iter([0.25, 1.0, 0.5])
        self.host = Host(self.family, lambda: 1.0 - next(fractions))
        self.host.robustness = 4
        self.wants(self.excluding())
        self.pass_time(10)
        self.assertEqual([when for when, _ in self.sent_messages()], [0, 0.25, 1.25, 1.75])

    def test_groups_that_change_together_share_a_report(self) -> None:
        """HS-09: and its repeat."""
        self.wants(self.excluding(), self.including(1), self.excluding(2))
        self.pass_time(10)
        records = (
            self.record(TO_EX, group_number=1),
            self.record(ALLOW, 1, group_number=2),
            self.record(TO_EX, 2, group_number=3),
        )
        self.assertEqual(self.sent_messages(), [(0, records), (0.5, records)])

    def test_group_that_changes_again_leaves_the_shared_repeat(self) -> None:
        """HS-05: it has a repeat of its own."""
        self.wants(self.excluding(), self.excluding())
        self.pass_time(0.25)
        self.wants(NOTHING)
        self.pass_time(10)
        leave, second = self.record(TO_IN), self.record(TO_EX, group_number=2)
        expected = [(0.25, (leave,)), (0.5, (second,)), (0.75, (leave,))]
        self.assertEqual(self.sent_messages()[1:], expected)

    def test_group_listed_twice_in_an_update_is_reported_once(self) -> None:
        """And repeated once."""
        g = group(self.family, 1)
        self.note(self.host.update([(g, self.excluding()), (g, self.excluding())], self.now))
        self.pass_time(10)
        self.assertEqual(self.sent_records(), [(self.record(TO_EX),)] * 2)

    def test_ssm_group_is_reported_with_its_sources(self) -> None:
        """PSSM-02, SSM-05: the list is not changed."""
        g = ssm_group(self.family, 1)
        self.note(self.host.update([(g, self.including(1, 2))], self.now))
        self.assertEqual(self.sent_records(), [(Record(ALLOW, g, self.sources(1, 2)),)])

    def test_reports_fit_the_current_mtu(self) -> None:
        """IP4-06, IP6-09: all sources are reported."""
        self.host.set_mtu(1288)  # with a header of 40 bytes, one source more would fit
        wanted = SourceFilter(INCLUDE, many_sources(self.family, 400))
        self.wants(wanted)
        self.assertGreater(len(self.sent), 1)
        for _, report in self.sent:
            there = self.family.report_destination
            packet = datagram.encode(self.family, host(self.family, 1), there, report)
            self.assertLessEqual(len(packet), 1288)
        listed = [record.sources for records in self.sent_records() for record in records]
        self.assertEqual(frozenset().union(*listed), wanted.sources)

    def test_time_of_the_last_report_is_known(self) -> None:
        """Of the last repeat."""
        self.assertIsNone(self.host.last_report)
        self.wants(self.excluding())
        self.pass_time(10)
        self.assertEqual(self.host.last_report, START + 0.5)
