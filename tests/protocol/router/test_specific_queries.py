"""When a router sends specific queries after leaves, and how they end."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Query, Record

from ..families import (
    ALLOW,
    BLOCK,
    IS_EX,
    IS_IN,
    TO_IN,
    both_families,
    group,
    host,
    many_sources,
    source,
)
from .simulated_router import RouterTests, query_at


@both_families
class SpecificQueryTests(RouterTests):
    """Specific queries and their retransmission (B.7)."""

    def test_leave_sends_two_queries_and_ends_the_group_after_2_seconds(self) -> None:
        """SQ-01, SQ-08, TX-02: queries at 0 s and 1 s."""
        self.given_exclude()
        self.says(TO_IN)
        self.check_exclude({}, set(), 2)
        self.pass_time(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(100)
        self.assertEqual(self.querier.groups, {})
        self.assertEqual(self.specific_queries(), [query_at(0), query_at(1)])

    def test_group_query_asks_for_answers_within_the_last_member_query_interval(self) -> None:
        """SQ-06: it carries the querier's settings."""
        self.given_exclude()
        self.says(TO_IN)
        [(_, query)] = self.sent
        version = self.family.current_version
        expected = Query(version, group(self.family, 1), 1.0, robustness=2, interval=125)
        self.assertEqual(query, expected)

    def test_group_query_after_an_answer_has_the_suppress_flag(self) -> None:
        """SQ-02: other routers then leave their timers as they are."""
        self.given_exclude()
        self.says(TO_IN)
        self.pass_time(0.5)
        self.says(IS_EX, host_number=2)
        self.pass_time(1.5)
        self.assertEqual(self.specific_queries(), [query_at(0), query_at(1, suppress=True)])
        self.check_exclude({}, set(), 268.5)
        self.pass_time(268)
        self.assertEqual(self.subscription(), ANY_SOURCE)

    def test_answered_sources_are_queried_in_a_packet_with_the_suppress_flag(self) -> None:
        """SQ-03, SQ-04, SQ-11: the other sources are queried in a packet of their own."""
        self.given_include(1, 2)
        self.says(BLOCK, 1, 2)
        self.pass_time(0.4)
        self.says(IS_IN, 1, host_number=2)
        self.pass_time(1.6)
        expected = [query_at(0, 1, 2), query_at(1, 1, suppress=True), query_at(1, 2)]
        self.assertEqual(self.specific_queries(), expected)
        self.assertEqual(self.subscription(), self.including(1))
        self.assertIsNone(self.querier.groups[group(self.family, 1)].pending)

    def test_source_added_during_queries_is_queried_twice(self) -> None:
        """SQ-07: the other sources are queried as often as they have left."""
        self.given_include(1, 2)
        self.says(BLOCK, 1)
        self.pass_time(0.5)
        self.says(BLOCK, 2)
        self.pass_time(3)
        self.assertEqual(
            self.specific_queries(), [query_at(0, 1), query_at(0.5, 1, 2), query_at(1.5, 2)]
        )

    def test_repeated_block_does_not_restart_the_queries(self) -> None:
        """SQ-03: the source ends in time."""
        self.given_include(1, 2)
        self.says(BLOCK, 1)
        self.pass_time(0.5)
        self.says(BLOCK, 1)
        self.pass_time(1.5)
        self.assertEqual(self.specific_queries(), [query_at(0, 1), query_at(1, 1)])
        self.assertEqual(self.subscription(), self.including(2))

    def test_repeated_leave_does_not_extend_the_group_timer(self) -> None:
        """SQ-01: the group ends 2 s after the first leave."""
        self.given_exclude()
        self.says(TO_IN)
        self.pass_time(0.75)
        self.says(TO_IN)
        self.pass_time(1.25)
        self.assertEqual(self.querier.groups, {})
        self.assertEqual(self.specific_queries(), [query_at(0), query_at(0.75), query_at(1.75)])

    def test_group_queries_stop_when_the_group_changes_to_include_mode(self) -> None:
        """SQ-09: queries for sources go on."""
        self.given_exclude(x=(1, 2))
        self.pass_time(260)
        self.says(IS_IN, 1, 2)
        self.pass_time(9)
        self.says(TO_IN, 2)
        self.pass_time(10)
        self.assertEqual(
            self.specific_queries(), [query_at(269, 1), query_at(269), query_at(270, 1)]
        )
        self.check_include({2: 260})

    def test_queries_stop_for_a_source_that_is_forgotten(self) -> None:
        """SQ-09: IS_EX removed it from the list."""
        self.given_exclude(x=(1, 2))
        self.says(BLOCK, 1, 2)
        self.pass_time(0.5)
        self.says(IS_EX, 2)
        self.pass_time(1)
        self.assertEqual(self.specific_queries(), [query_at(0, 1, 2), query_at(1, 2)])

    def test_source_that_returns_is_not_queried_again(self) -> None:
        """SQ-09: its earlier queries ended when it was forgotten."""
        self.given_include(1)
        self.says(TO_IN)
        self.says(IS_EX)
        self.says(IS_IN, 1)
        self.pass_time(5)
        self.assertEqual(self.specific_queries(), [query_at(0, 1)])
        self.check_exclude({1: 265}, set(), 265)

    def test_late_call_of_advance_sends_no_query_for_expired_sources(self) -> None:
        """SQ-09: a busy process calls it 3 s later."""
        for begin in (self.given_include, lambda *x: self.given_exclude(x)):
            self.setUp()
            begin(1, 2)
            self.says(BLOCK, 1)
            self.now += 3
            self.note(self.querier.advance(self.now))
            self.assertEqual(self.specific_queries(), [query_at(0, 1)])
            self.assertFalse(self.subscription().wants(source(self.family, 1)))
            self.assertTrue(self.subscription().wants(source(self.family, 2)))

    def test_queries_stop_when_the_group_expires(self) -> None:
        """SQ-09: a new join does not resume them."""
        self.given_exclude()
        self.pass_time(269.5)
        self.says(TO_IN)
        self.pass_time(0.5)
        self.given_exclude()
        self.pass_time(10)
        self.assertEqual(self.specific_queries(), [query_at(269.5)])

    def test_last_member_query_count_is_the_robustness(self) -> None:
        """SQ-08: the group ends after as many intervals."""
        for robustness, times in ((1, [0]), (3, [0, 1, 2])):
            self.setUp()
            self.querier = Querier(self.family, replace(self.settings, robustness=robustness))
            self.given_exclude()
            self.says(TO_IN)
            self.pass_time(robustness - 0.1)
            self.assertEqual(self.subscription(), ANY_SOURCE)
            self.pass_time(0.1)
            self.assertEqual(self.subscription(), NOTHING)
            self.assertEqual(self.specific_queries(), [query_at(when) for when in times])

    def test_groups_have_independent_queries(self) -> None:
        """RT-05: each group keeps its own times."""
        for number in (1, 2):
            self.says(IS_EX, group_number=number)
            self.says(TO_IN, group_number=number)
            self.pass_time(0.5)
        self.pass_time(5)
        expected = [query_at(0), query_at(0.5, group=2), query_at(1), query_at(1.5, group=2)]
        self.assertEqual(self.specific_queries(), expected)

    def test_source_query_is_split_to_fit_the_mtu(self) -> None:
        """SQ-12, IGMP3-Q-06, MLD2-Q-06: each source is listed once."""
        most = {1500: {4: 366, 16: 89}, 1280: {4: 311, 16: 75}, 1496: {4: 365, 16: 88}}
        for mtu, by_size in most.items():
            self.setUp()
            self.querier.set_mtu(mtu)
            listed = many_sources(self.family, 400)
            self.reports(Record(ALLOW, group(self.family, 1), listed))
            self.reports(Record(BLOCK, group(self.family, 1), listed))
            whole, rest = divmod(400, by_size[self.family.address_size])
            queries = [query for _, query in self.sent]
            sizes = [len(query.sources) for query in queries]
            self.assertEqual(sizes, [by_size[self.family.address_size]] * whole + [rest])
            self.assertEqual(frozenset().union(*(q.sources for q in queries)), listed)
            for query in queries:
                there = datagram.destination(self.family, query)
                packet = datagram.encode(self.family, host(self.family, 1), there, query)
                self.assertLessEqual(len(packet), mtu)
