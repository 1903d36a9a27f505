"""Answers of a host to queries in the current version."""

from __future__ import annotations

from mcproxy.protocol.host.current_version import MOST_ASKED
from mcproxy.protocol.sources import NOTHING
from mcproxy.protocol.wire.packets import Leave, Query, Record, Report

from ..families import IS_EX, IS_IN, START, TO_EX, TO_IN, both_families, group
from .simulated_host import HostTests


@both_families
class AnswerTests(HostTests):
    """Answers to queries (C.2)."""

    def answers(self) -> list[tuple[float, tuple[Record, ...]]]:
        """Return what is reported in the next minute, by seconds from the query."""
        begin = self.now - START
        self.pass_time(60)
        return [(when - begin, records) for when, records in self.sent_messages()]

    def test_general_query_is_answered_with_the_state_of_all_groups(self) -> None:
        """HQ-02, HR-01: in one report."""
        self.has_reported(self.excluding(1), self.including(2))
        self.receives_general_query(within=10, delay=0.75)
        state = (self.record(IS_EX, 1), self.record(IS_IN, 2, group_number=2))
        self.assertEqual(self.answers(), [(7.5, state)])

    def test_general_query_without_groups_is_not_answered(self) -> None:
        """HR-01: no state, no report."""
        self.receives_general_query()
        self.assertEqual(self.answers(), [])

    def test_answer_with_many_groups_is_split_to_fit_the_mtu(self) -> None:
        """HR-01: each group is listed once."""
        self.host.set_mtu(1280)
        base = group(self.family, 1)[:-2]
        changes = [(base + n.to_bytes(2, "big"), self.excluding()) for n in range(300)]
        self.host.update(changes, self.now)
        self.pass_time(10)
        self.sent.clear()
        self.receives_general_query()
        self.pass_time(10)
        reports = self.sent_records()
        self.assertEqual(
            {record.group for one in reports for record in one}, self.host.groups.keys()
        )
        self.assertEqual(sum(map(len, reports)), 300)
        self.assertGreater(len(reports), 1)

    def test_group_query_is_answered_with_the_state_of_the_group(self) -> None:
        """HQ-03, HR-02: for INCLUDE and for EXCLUDE."""
        self.has_reported(self.including(1, 2), self.excluding())
        self.receives_query()
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 1, 2),))])
        self.receives_query(group_number=2)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_EX, group_number=2),))])

    def test_query_for_an_unknown_group_is_not_answered(self) -> None:
        """HQ-06: with sources or without."""
        self.receives_query()
        self.assertIsNone(self.host.next_deadline())
        self.receives_query(1, 2)
        self.assertEqual(self.answers(), [])

    def test_source_query_in_include_mode_is_answered_with_the_wanted_sources(self) -> None:
        """HR-03: an unwanted source is not listed."""
        self.has_reported(self.including(1, 2))
        self.receives_query(2, 3)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 2),))])

    def test_source_query_in_exclude_mode_is_answered_with_the_sources_not_blocked(self) -> None:
        """HR-04: the blocked source is not listed."""
        self.has_reported(self.excluding(1))
        self.receives_query(1, 2)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 2),))])

    def test_source_query_for_unwanted_sources_is_not_answered(self) -> None:
        """HR-03, HR-04: in INCLUDE and in EXCLUDE mode."""
        self.has_reported(self.including(1), self.excluding(1))
        self.receives_query(9)
        self.receives_query(1, group_number=2)
        self.assertEqual(self.answers(), [])

    def test_group_query_after_a_source_query_is_answered_once(self) -> None:
        """HQ-04: for the whole group, at the earlier time."""
        for first, second, when in ((0.25, 0.75, 0.25), (0.75, 0.25, 0.25)):
            self.setUp()
            self.has_reported(self.including(1, 2))
            self.receives_query(1, delay=first)
            self.receives_query(delay=second)
            self.assertEqual(self.answers(), [(when, (self.record(IS_IN, 1, 2),))])

    def test_source_query_after_a_group_query_is_answered_for_the_group(self) -> None:
        """HQ-04: once, at the earlier time."""
        self.has_reported(self.including(1, 2))
        self.receives_query(delay=0.5)
        self.receives_query(1, delay=0.25)
        self.assertEqual(self.answers(), [(0.25, (self.record(IS_IN, 1, 2),))])

    def test_source_queries_for_different_sources_are_answered_once(self) -> None:
        """HQ-05: for all the sources, at the earlier time."""
        for first, second in ((0.25, 0.75), (0.75, 0.25)):
            self.setUp()
            self.has_reported(self.including(1, 2, 3))
            self.receives_query(1, delay=first)
            self.receives_query(2, 9, delay=second)
            self.assertEqual(self.answers(), [(0.25, (self.record(IS_IN, 1, 2),))])

    def test_queries_for_very_many_sources_are_answered_for_the_group(self) -> None:
        """HQ-05, SEC-04: so that queries cannot fill the memory."""
        self.has_reported(self.including(1, 2, 3))
        for first in (0, MOST_ASKED - 1):
            numbers = range(first, first + MOST_ASKED - 1)
            listed = frozenset(self.sources(1)) | {
                b"\x0b" * (self.family.address_size - 2) + number.to_bytes(2, "big")
                for number in numbers
            }
            self.receives(
                Query(self.family.current_version, group(self.family, 1), 1.0, listed), delay=0.5
            )
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 1, 2, 3),))])

    def test_earlier_general_answer_replaces_a_specific_answer(self) -> None:
        """HQ-01: the specific answer is not needed."""
        self.has_reported(self.excluding())
        self.receives_general_query(within=10, delay=0.1)
        self.receives_query(within=10, delay=0.5)
        self.assertEqual(self.answers(), [(1, (self.record(IS_EX),))])

    def test_earlier_specific_answer_is_sent_beside_the_general_answer(self) -> None:
        """HQ-01, HQ-03: each at its time."""
        self.has_reported(self.excluding())
        self.receives_general_query(within=10, delay=0.5)
        self.receives_query(within=1, delay=0.5)
        answer = (self.record(IS_EX),)
        self.assertEqual(self.answers(), [(0.5, answer), (5, answer)])

    def test_repeated_general_query_is_answered_once(self) -> None:
        """HQ-01, HQ-02: at the earlier time."""
        for first, second in ((0.25, 0.75), (0.75, 0.25)):
            self.setUp()
            self.has_reported(self.excluding())
            self.receives_general_query(within=8, delay=first)
            self.receives_general_query(within=8, delay=second)
            self.assertEqual(self.answers(), [(2, (self.record(IS_EX),))])

    def test_query_with_response_time_0_is_answered_at_once(self) -> None:
        """ENC-05, MLD1-02: the deadline is now."""
        self.has_reported(self.excluding())
        self.receives_general_query(within=0)
        self.assertEqual(self.host.next_deadline(), self.now)
        self.assertEqual(self.answers(), [(0, (self.record(IS_EX),))])

    def test_group_that_was_left_meanwhile_is_not_answered_for(self) -> None:
        """HR-02..04: only the leaves are reported."""
        self.has_reported(self.excluding(), self.excluding())
        self.receives_query(delay=1)
        self.receives_query(1, group_number=2, delay=1)
        self.wants(NOTHING, NOTHING)
        self.pass_time(10)
        types = {record.type for records in self.sent_records() for record in records}
        self.assertEqual(types, {TO_IN})

    def test_query_after_an_answer_is_answered_for_its_own_sources(self) -> None:
        """HR-05: the earlier sources are forgotten."""
        self.has_reported(self.including(1, 2))
        self.receives_query(1)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 1),))])
        self.receives_query(2)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 2),))])

    def test_query_with_suppress_flag_is_answered(self) -> None:
        """HR-08: the flag is for routers."""
        self.has_reported(self.excluding())
        self.receives(Query(self.version, group(self.family, 1), 1.0, suppress=True), 0.5)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_EX),))])

    def test_query_for_the_all_nodes_group_is_not_answered(self) -> None:
        """HR-09, IGMP3-Q-07, MLD1-03: though another group is wanted."""
        self.has_reported(self.excluding())
        self.receives(Query(self.version, self.family.all_nodes, 1.0), 0.5)
        self.assertEqual(self.answers(), [])

    def test_reports_of_other_hosts_do_not_suppress_an_answer(self) -> None:
        """HR-06: neither do leaves."""
        self.has_reported(self.excluding())
        self.receives_query()
        for packet in (Report((self.record(IS_EX),)), Leave(group(self.family, 1))):
            self.host.receive(packet, self.now)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_EX),))])

    def test_answer_and_repeat_that_are_due_together_share_a_report(self) -> None:
        """The change stands first."""
        self.wants(self.excluding(1))
        self.sent.clear()
        self.receives_query()
        expected = (self.record(TO_EX, 1), self.record(IS_EX, 1))
        self.assertEqual(self.answers(), [(0.5, expected)])

    def test_time_of_the_last_query_is_known(self) -> None:
        """None before the first query."""
        self.assertIsNone(self.host.last_query)
        self.receives_general_query()
        self.assertEqual(self.host.last_query, START)
