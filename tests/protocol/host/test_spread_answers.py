"""Answers to general queries about hundreds of groups."""

from __future__ import annotations

from itertools import pairwise

from mcproxy.protocol.family import Address
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.encoding import encode_report
from mcproxy.protocol.wire.packets import Report

from ..families import IS_EX, START, both_families, group
from .simulated_host import HostTests

MANY = 1000


@both_families
class SpreadAnswerTests(HostTests):
    """The reports of an answer are spread over the response time (C.2)."""

    def setUp(self) -> None:
        """The host has reported many groups."""
        super().setUp()
        base = group(self.family, 1)[:-2]
        self.known = [base + n.to_bytes(2, "big") for n in range(MANY)]
        self.host.update([(one, ANY_SOURCE) for one in self.known], self.now)
        self.pass_time(10)
        self.sent.clear()

    def answers(self, seconds: float) -> list[tuple[float, list[Address]]]:
        """Return what is answered in these seconds: the times from now, and the groups."""
        begin = self.now - START
        self.pass_time(seconds)
        found = []
        for when, records in self.sent_messages():
            self.assertEqual({one.type for one in records}, {IS_EX})
            found.append((when - begin, [one.group for one in records]))
        return found

    def test_reports_are_spread_over_the_response_time(self) -> None:
        """HR-10, HQ-02: one for each part of it, and none at once."""
        for fraction in (0.001, 0.5, 1.0):
            self.delay = fraction
            self.receives_general_query(within=10, delay=fraction)
            found = self.answers(20)
            slot = 10 / len(found)
            self.assertGreater(len(found), 3)
            for number, (when, _) in enumerate(found):
                self.assertAlmostEqual(when, slot * (number + fraction))
            self.assertCountEqual([one for _, listed in found for one in listed], self.known)

    def test_each_report_but_the_last_is_full(self) -> None:
        """HR-01, HR-10: as many groups in each as fit."""
        self.receives_general_query(within=10)
        found = self.answers(10)
        sizes = {len(listed) for _, listed in found[:-1]}
        (size,) = sizes
        record = len(encode_report(0, Report([self.record(IS_EX)]))) - 8
        self.assertEqual(size, (self.family.room(1500) - 8) // record)

    def test_repeated_query_does_not_delay_an_answer_that_has_not_begun(self) -> None:
        """HQ-01, HR-10: the first one answers both."""
        self.delay = 1.0
        self.receives_general_query(within=10, delay=1.0)
        self.pass_time(0.5)
        self.receives_general_query(within=10, delay=1.0)
        found = self.answers(20)
        self.assertAlmostEqual(found[-1][0], 9.5)
        self.assertCountEqual([one for _, listed in found for one in listed], self.known)

    def test_query_during_an_answer_reports_all_groups_again(self) -> None:
        """HR-10: those that wait come first, and all are reported within the new time."""
        self.receives_general_query(within=10)
        before = [one for _, listed in self.answers(6) for one in listed]
        self.assertTrue(0 < len(before) < MANY)
        self.receives_general_query(within=10)
        found = self.answers(10)
        order = [one for _, listed in found for one in listed]
        waiting = set(self.known) - set(before)
        self.assertEqual(set(order[: len(waiting)]), waiting)
        self.assertCountEqual(order, self.known)
        self.assertEqual(self.answers(30), [])

    def test_flood_of_queries_neither_delays_nor_multiplies_the_answer(self) -> None:
        """HR-10: each group is reported in time."""
        heard: list[tuple[float, list[Address]]] = []
        for step in range(100):
            self.receives_general_query(within=10)
            heard += [(step / 10 + when, listed) for when, listed in self.answers(0.1)]
        self.assertEqual({one for _, listed in heard for one in listed}, set(self.known))

    def test_flood_of_queries_for_immediate_answers_does_not_hurry_the_answer(self) -> None:
        """HR-10: not more than two reports in a millisecond."""
        heard: list[tuple[float, list[Address]]] = []
        for step in range(500):
            self.receives_general_query(within=0)
            heard += [(step / 1e4 + when, listed) for when, listed in self.answers(0.0001)]
        self.assertEqual({one for _, listed in heard for one in listed}, set(self.known))
        self.assertLess(len(heard), 100)

    def test_group_query_during_an_answer_is_answered_in_time(self) -> None:
        """HQ-03: a general answer that takes longer does not replace it."""
        self.receives_general_query(within=10, delay=0.5)
        last = self.known[-1]
        self.host.groups[group(self.family, 1)] = ANY_SOURCE
        self.receives_query(within=1, delay=0.5)
        early = [one for when, listed in self.answers(1) if when <= 1 for one in listed]
        self.assertIn(group(self.family, 1), early)
        self.assertNotIn(last, early)

    def test_groups_that_change_during_an_answer_are_reported_as_they_are(self) -> None:
        """HR-01: left groups are not listed, joined ones are in the last report."""
        self.receives_general_query(within=10)
        self.answers(2)
        new = group(self.family, 9)[:-2] + b"\xff\xff"
        self.host.update([(new, ANY_SOURCE), (self.known[-1], NOTHING)], self.now)
        self.sent.clear()
        self.pass_time(10)
        answered = {
            one.group for records in self.sent_records() for one in records if one.type is IS_EX
        }
        self.assertIn(new, answered)
        self.assertNotIn(self.known[-1], answered)

    def test_no_group_is_reported_twice(self) -> None:
        """HR-10: also those that were joined with the query, or left and joined again."""
        again = self.known[:2]
        self.host.update([(one, NOTHING) for one in again], self.now)
        self.pass_time(10)
        self.sent.clear()
        self.host.update([(again[0], ANY_SOURCE)], self.now)
        self.receives_general_query(within=10)
        self.host.update([(again[1], ANY_SOURCE)], self.now)
        self.pass_time(3)
        self.host.update([(one, NOTHING) for one in self.known[2:4]], self.now)
        self.host.update([(one, ANY_SOURCE) for one in self.known[2:4]], self.now)
        self.pass_time(10)
        answered = [
            one.group for records in self.sent_records() for one in records if one.type is IS_EX
        ]
        self.assertCountEqual(answered, self.known)

    def test_reports_are_full_where_some_groups_have_sources(self) -> None:
        """HR-01: with as many groups in each as fit beside the sources."""
        for number, one in enumerate(self.known):
            if number % 7 == 0 or number < 100:
                self.host.update([(one, self.including(*range(1, 2 + number % 5)))], self.now)
        self.pass_time(10)
        self.sent.clear()
        self.receives_general_query(within=10)
        self.pass_time(10)
        room = self.family.room(1500)
        reports = self.sent_records()
        self.assertCountEqual([one.group for report in reports for one in report], self.known)
        for report, following in pairwise(reports):
            self.assertLessEqual(len(encode_report(0, Report(report))), room)
            self.assertGreater(len(encode_report(0, Report([*report, following[0]]))), room)
