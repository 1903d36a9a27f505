"""A host with so many groups that it reports them in several turns of the event loop."""

from __future__ import annotations

from collections import Counter

from mcproxy.protocol.family import Address
from mcproxy.protocol.host.current_version import MOST_RECORDS
from mcproxy.protocol.host.older_version import MOST_REPORTS
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import OldReport, Report, Send

from ..families import TO_EX, TO_IN, both_families, group
from .simulated_host import HostTests, OlderQuerierTests

MANY = 2500


def reported(sends: list[Send]) -> list[Address]:
    """Return the groups of the records in some reports."""
    packets = [packet for _, packet in sends if isinstance(packet, Report)]
    return [record.group for report in packets for record in report]


@both_families
class ManyGroupTests(HostTests):
    """No call reports many more groups than ``MOST_RECORDS``."""

    def setUp(self) -> None:
        """Many groups that nobody wants yet."""
        super().setUp()
        base = group(self.family, 1)[:-2]
        self.many = [base + n.to_bytes(2, "big") for n in range(MANY)]

    def turns(self) -> list[list[Address]]:
        """Return the groups that the host reports now, turn by turn."""
        found = []
        while (when := self.host.next_deadline()) is not None and when <= self.now:
            found.append(reported(self.host.advance(self.now)))
        return found

    def test_join_of_many_groups_is_reported_in_several_turns(self) -> None:
        """HS-04, HS-09: at the same time, in their order, and repeated once."""
        first = reported(self.host.update([(one, ANY_SOURCE) for one in self.many], self.now))
        turns = [first, *self.turns()]
        self.assertEqual([len(one) for one in turns], [MOST_RECORDS, MOST_RECORDS, 500])
        self.assertEqual([one for turn in turns for one in turn], self.many)
        self.pass_time(20)
        again = [record for records in self.sent_records() for record in records]
        self.assertEqual({record.type for record in again}, {TO_EX})
        self.assertCountEqual([record.group for record in again], self.many)

    def test_group_that_changes_before_its_turn_is_reported_as_it_is(self) -> None:
        """HS-05: and not once more in its turn."""
        self.host.update([(one, ANY_SOURCE) for one in self.many], self.now)
        last = self.many[-1]
        self.note(self.host.update([(last, NOTHING)], self.now))
        [(record,)] = self.sent_records()
        self.assertEqual((record.type, record.group), (TO_IN, last))
        self.assertNotIn(last, [one for turn in self.turns() for one in turn])

    def test_all_groups_are_left_in_one_call(self) -> None:
        """HS-11: when the proxy stops there is no later turn."""
        self.host.update([(one, ANY_SOURCE) for one in self.many], self.now)
        self.assertCountEqual(reported(self.host.leave(self.now)), self.many)
        self.assertEqual(self.turns(), [])

    def test_repeats_that_are_due_together_are_sent_in_several_turns(self) -> None:
        """HS-04: each group once in all of them."""
        for one in self.many:
            self.host.update([(one, ANY_SOURCE)], self.now)
        self.now += 1
        turns = self.turns()
        self.assertEqual([len(one) for one in turns], [MOST_RECORDS, MOST_RECORDS, 500])
        self.assertEqual(set(Counter(one for turn in turns for one in turn).values()), {1})


@both_families
class ManyOlderGroupTests(OlderQuerierTests):
    """No call sends more reports of an older version than ``MOST_REPORTS``."""

    def test_answers_that_are_due_together_are_sent_in_several_turns(self) -> None:
        """H2-03: at the same time, each group once."""
        base = group(self.family, 1)[:-2]
        many = [base + n.to_bytes(2, "big") for n in range(500)]
        self.host = self.make_host(self.older)
        self.host.update([(one, ANY_SOURCE) for one in many], self.now)
        self.pass_time(20)
        self.receives_older_query()
        self.now += 5
        turns = []
        while (when := self.host.next_deadline()) is not None and when <= self.now:
            turns.append([packet for _, packet in self.host.advance(self.now)])
        self.assertEqual([len(one) for one in turns], [MOST_REPORTS, MOST_REPORTS, 100])
        expected = [OldReport(self.older, one) for one in many]
        self.assertCountEqual([packet for turn in turns for packet in turn], expected)
