"""The host part in the current version: change reports, answers, losses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.family import Address
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import NO_SOURCES, Leave, Query, Record, Report, Send

from ..bench import START
from ..slowhost import SlowAnswers, Told
from ..support import (
    ALLOW,
    BLOCK,
    IS_EX,
    IS_IN,
    TO_EX,
    TO_IN,
    FamilyTests,
    both_families,
    examples,
    group,
    host,
    ssm_group,
)
from ..wire.test_encoding import many_sources

ANSWERS = (IS_IN, IS_EX)


class HostTests(FamilyTests):
    """Tests that tell a host what is wanted and asked, and note what it reports, and when."""

    def setUp(self) -> None:
        """A host that wants nothing; each of its delays is ``delay`` times the longest."""
        self.now = START
        self.delay = 0.5
        self.host = Host(self.family, lambda: 1.0 - self.delay)
        self.sent: list[tuple[float, Report]] = []

    def note(self, sends: Iterable[Send]) -> None:
        """Keep what was sent, each to where all routers of the version listen."""
        for there, packet in sends:
            assert isinstance(packet, Report)
            self.assertEqual(there, self.family.report_destination)
            self.sent.append((self.now, packet))

    def wants(self, *wanted: SourceFilter) -> None:
        """What is wanted of groups 1, 2 and so on, from now on."""
        changes = [(group(self.family, n), one) for n, one in enumerate(wanted, start=1)]
        self.note(self.host.update(changes, self.now))

    def settles_on(self, *wanted: SourceFilter) -> None:
        """What is wanted, all of it told already."""
        self.wants(*wanted)
        self.passes(10)
        self.sent.clear()

    def passes(self, seconds: float) -> None:
        """Time goes on, deadline by deadline."""
        end = self.now + seconds
        while (when := self.host.next_deadline()) is not None and when <= end:
            self.now = when
            self.note(self.host.advance(self.now))
        self.now = end

    def asked(
        self, *numbers: int, group_number: int = 1, within: float = 1.0, delay: float = 0.5
    ) -> None:
        """A specific query comes in, to be answered after ``delay`` times ``within``."""
        listed = self.sources(*numbers)
        self.hears(Query(self.version, group(self.family, group_number), within, listed), delay)

    def asked_about_all(
        self, within: float = 10.0, delay: float = 0.5, robustness: int = 2
    ) -> None:
        """A general query comes in."""
        any_group = self.family.unspecified
        self.hears(Query(self.version, any_group, within, robustness=robustness), delay)

    def hears(self, query: Query, delay: float) -> None:
        """A query comes in."""
        usual, self.delay = self.delay, delay
        self.host.receive(query, self.now)
        self.delay = usual

    @property
    def version(self) -> int:
        """The current version."""
        return self.family.current_version

    def told(self) -> list[tuple[float, tuple[Record, ...]]]:
        """The reports since the last look: seconds from the start, and records."""
        told = [(when - START, report.records) for when, report in self.sent]
        self.sent.clear()
        return told

    def records_told(self) -> list[tuple[Record, ...]]:
        """The reports since the last look, without their times."""
        return [records for _, records in self.told()]


@both_families
class ChangeTests(HostTests):
    """State-change reports (C.1)."""

    def test_join(self) -> None:
        """T-100, HS-04: at once, and again within a second."""
        self.wants(self.excluding())
        self.passes(20)
        join = (self.record(TO_EX),)
        self.assertEqual(self.told(), [(0, join), (0.5, join)])
        self.assertIsNone(self.host.next_deadline())

    def test_each_kind_of_change(self) -> None:
        """HS-01..03, IGMP3-R-12, MLD2-R-12: the records of the four rows, empty lists left out."""
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
            self.settles_on(before)
            self.wants(after)
            self.passes(10)
            self.assertEqual(self.records_told(), [tuple(records)] * 2)

    def test_vectors_of_the_database(self) -> None:
        """T-134, E.2: what the worked merges report."""
        self.wants(self.excluding(2, 3))
        self.assertEqual(self.records_told(), [(self.record(TO_EX, 2, 3),)])
        self.settles_on(self.excluding(2, 3))
        self.wants(self.excluding(3, 5))
        expected = (self.record(ALLOW, 2), self.record(BLOCK, 5))
        self.assertEqual(self.records_told(), [expected])
        self.settles_on(self.excluding(2, 3))
        self.wants(self.including(4))
        self.assertEqual(self.records_told(), [(self.record(TO_IN, 4),)])

    def test_no_change(self) -> None:
        """DB-04: no packet."""
        self.settles_on(self.excluding(1))
        self.wants(self.excluding(1), NOTHING)
        self.passes(10)
        self.assertEqual(self.told(), [])

    def test_list_change(self) -> None:
        """T-101: one report with both records, twice."""
        self.settles_on(self.including(1))
        self.now = START
        self.wants(self.including(2))
        self.passes(10)
        both = (self.record(ALLOW, 2), self.record(BLOCK, 1))
        self.assertEqual(self.told(), [(0, both), (0.5, both)])

    def test_change_of_list_after_change_of_mode(self) -> None:
        """T-102, HS-05..07: the source goes on in a record of its own."""
        self.wants(self.excluding())
        self.passes(0.125)
        self.wants(self.excluding(1))
        self.passes(10)
        expected = [
            (0, (self.record(TO_EX),)),
            (0.125, (self.record(TO_EX, 1),)),
            (0.625, (self.record(BLOCK, 1),)),
        ]
        self.assertEqual(self.told(), expected)

    def test_source_that_comes_and_goes(self) -> None:
        """T-103, HS-08: only its final side is repeated."""
        self.settles_on(self.including(9))
        self.wants(self.including(9, 1))
        self.passes(0.1)
        self.wants(self.including(9))
        self.passes(10)
        expected = [(self.record(ALLOW, 1),), (self.record(BLOCK, 1),), (self.record(BLOCK, 1),)]
        self.assertEqual(self.records_told(), expected)

    def test_change_of_mode_drops_pending_sources(self) -> None:
        """HS-06: the whole list is told instead."""
        self.settles_on(self.including(1))
        self.wants(self.including(1, 2))
        self.wants(self.excluding(3))
        self.passes(10)
        expected = [(self.record(ALLOW, 2),), (self.record(TO_EX, 3),), (self.record(TO_EX, 3),)]
        self.assertEqual(self.records_told(), expected)

    def test_change_of_mode_under_another_robustness(self) -> None:
        """HS-06: sources that had more repeats left than the mode has are dropped as well."""
        self.host.robustness = 7
        self.wants(self.including(1))
        self.host.robustness = 1
        self.wants(self.excluding())
        self.passes(10)
        self.assertEqual(self.records_told(), [(self.record(ALLOW, 1),), (self.record(TO_EX),)])

    def test_join_and_leave(self) -> None:
        """HS-05: the leave goes out at once and is told as often."""
        self.wants(self.excluding())
        self.wants(NOTHING)
        self.passes(10)
        join, leave = (self.record(TO_EX),), (self.record(TO_IN),)
        self.assertEqual(self.records_told(), [join, leave, leave])

    def test_robustness(self) -> None:
        """T-104, HS-10: as the last query said; 0 means the default of 2."""
        for robustness, times in ((3, 3), (1, 1), (7, 7), (0, 2)):
            self.setUp()
            self.asked_about_all(robustness=robustness)
            self.wants(self.excluding())
            self.passes(20)
            reports = [r for r in self.records_told() if r[0].type is TO_EX]
            self.assertEqual(reports, [(self.record(TO_EX),)] * times)

    def test_delays_are_drawn_anew(self) -> None:
        """HS-04, TM-03: each repeat has a delay of its own, above 0 and up to 1 s."""
        fractions = iter([0.25, 1.0, 0.5])
        self.host = Host(self.family, lambda: 1.0 - next(fractions))
        self.host.robustness = 4
        self.wants(self.excluding())
        self.passes(10)
        self.assertEqual([when for when, _ in self.told()], [0, 0.25, 1.25, 1.75])

    def test_groups_that_change_together(self) -> None:
        """HS-09: one report, and one repeat."""
        self.wants(self.excluding(), self.including(1), self.excluding(2))
        self.passes(10)
        records = (
            self.record(TO_EX, group_number=1),
            self.record(ALLOW, 1, group_number=2),
            self.record(TO_EX, 2, group_number=3),
        )
        self.assertEqual(self.told(), [(0, records), (0.5, records)])

    def test_one_of_several_changes_again(self) -> None:
        """HS-05: it leaves the common repeat and has its own."""
        self.wants(self.excluding(), self.excluding())
        self.passes(0.25)
        self.wants(NOTHING)
        self.passes(10)
        leave, second = self.record(TO_IN), self.record(TO_EX, group_number=2)
        expected = [(0.25, (leave,)), (0.5, (second,)), (0.75, (leave,))]
        self.assertEqual(self.told()[1:], expected)

    def test_group_named_twice(self) -> None:
        """A group may be named again in one update, with the same wish."""
        g = group(self.family, 1)
        self.note(self.host.update([(g, self.excluding()), (g, self.excluding())], self.now))
        self.passes(10)
        self.assertEqual(self.records_told(), [(self.record(TO_EX),)] * 2)

    def test_source_specific_group(self) -> None:
        """PSSM-02, SSM-05: its list goes upstream unchanged, in records of sources."""
        g = ssm_group(self.family, 1)
        self.note(self.host.update([(g, self.including(1, 2))], self.now))
        self.assertEqual(self.records_told(), [(Record(ALLOW, g, self.sources(1, 2)),)])

    def test_mtu(self) -> None:
        """IP4-06, IP6-09: what is reported fits the link as it is now."""
        self.host.set_mtu(1280)
        wanted = SourceFilter(INCLUDE, many_sources(self.family, 400))
        self.wants(wanted)
        self.assertGreater(len(self.sent), 1)
        for _, report in self.sent:
            there = self.family.report_destination
            packet = datagram.encode(self.family, host(self.family, 1), there, report)
            self.assertLessEqual(len(packet), 1280)
        listed = [record.sources for records in self.records_told() for record in records]
        self.assertEqual(frozenset().union(*listed), wanted.sources)

    def test_last_report(self) -> None:
        """When something was reported is known."""
        self.assertIsNone(self.host.last_report)
        self.wants(self.excluding())
        self.passes(10)
        self.assertEqual(self.host.last_report, START + 0.5)


@both_families
class LinkTests(HostTests):
    """The upstream link goes and comes, and the daemon ends."""

    def test_link_comes_back(self) -> None:
        """HR-07: all groups are joined anew, as often as any change."""
        self.settles_on(self.excluding(1), self.including(2))
        self.asked_about_all()
        self.host.cancel_pending()
        self.assertIsNone(self.host.next_deadline())
        self.note(self.host.rejoin(self.now))
        self.passes(10)
        joins = (self.record(TO_EX, 1), self.record(ALLOW, 2, group_number=2))
        self.assertEqual(self.records_told(), [joins, joins])

    def test_nothing_to_join(self) -> None:
        """Without groups there is nothing to say."""
        self.assertEqual(list(self.host.rejoin(self.now)), [])
        self.assertEqual(list(self.host.leave(self.now)), [])

    def test_silence(self) -> None:
        """HR-07: neither repeats nor answers, but what is wanted is known."""
        self.wants(self.excluding(1))
        self.asked_about_all()
        self.asked()
        self.host.cancel_pending()
        self.sent.clear()
        self.passes(20)
        self.assertEqual(self.told(), [])
        self.assertEqual(self.host.groups, {group(self.family, 1): self.excluding(1)})
        self.asked_about_all()
        self.passes(20)
        self.assertEqual(self.records_told(), [(self.record(IS_EX, 1),)])

    def test_end(self) -> None:
        """T-119, HS-11: every group is left, once."""
        self.wants(self.excluding(), self.including(1), self.excluding(1))
        self.sent.clear()
        self.note(self.host.leave(self.now))
        leaves = (
            self.record(TO_IN),
            self.record(BLOCK, 1, group_number=2),
            self.record(TO_IN, group_number=3),
        )
        self.assertEqual(self.records_told(), [leaves])
        self.assertIsNone(self.host.next_deadline())
        self.assertEqual(self.host.groups, {})


@both_families
class AnswerTests(HostTests):
    """Answers to queries (C.2)."""

    def answers(self) -> list[tuple[float, tuple[Record, ...]]]:
        """What is reported in the next minute, by seconds from the query."""
        begin = self.now - START
        self.passes(60)
        return [(when - begin, records) for when, records in self.told()]

    def test_general_query(self) -> None:
        """T-105, HQ-02, HR-01: the state of all groups in one report."""
        self.settles_on(self.excluding(1), self.including(2))
        self.asked_about_all(within=10, delay=0.75)
        state = (self.record(IS_EX, 1), self.record(IS_IN, 2, group_number=2))
        self.assertEqual(self.answers(), [(7.5, state)])

    def test_general_query_without_groups(self) -> None:
        """HR-01: no state, no report."""
        self.asked_about_all()
        self.assertEqual(self.answers(), [])

    def test_many_groups(self) -> None:
        """HR-01: packed to the MTU."""
        self.host.set_mtu(1280)
        base = group(self.family, 1)[:-2]
        changes = [(base + n.to_bytes(2, "big"), self.excluding()) for n in range(300)]
        self.host.update(changes, self.now)
        self.passes(10)
        self.sent.clear()
        self.asked_about_all()
        self.passes(10)
        reports = self.records_told()
        self.assertEqual(
            {record.group for one in reports for record in one}, self.host.groups.keys()
        )
        self.assertEqual(sum(map(len, reports)), 300)
        self.assertGreater(len(reports), 1)

    def test_group_query(self) -> None:
        """HQ-03, HR-02."""
        self.settles_on(self.including(1, 2), self.excluding())
        self.asked()
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 1, 2),))])
        self.asked(group_number=2)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_EX, group_number=2),))])

    def test_unknown_group(self) -> None:
        """T-106, HQ-06."""
        self.asked()
        self.assertIsNone(self.host.next_deadline())
        self.asked(1, 2)
        self.assertEqual(self.answers(), [])

    def test_sources_in_include(self) -> None:
        """T-107, HR-03."""
        self.settles_on(self.including(1, 2))
        self.asked(2, 3)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 2),))])

    def test_sources_in_exclude(self) -> None:
        """T-108, HR-04."""
        self.settles_on(self.excluding(1))
        self.asked(1, 2)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 2),))])

    def test_other_sources(self) -> None:
        """T-109, HR-03, HR-04: what is not wanted is not answered."""
        self.settles_on(self.including(1), self.excluding(1))
        self.asked(9)
        self.asked(1, group_number=2)
        self.assertEqual(self.answers(), [])

    def test_sources_and_then_the_group(self) -> None:
        """T-110, HQ-04: one answer for the whole group, at the earlier time."""
        for first, second, when in ((0.25, 0.75, 0.25), (0.75, 0.25, 0.25)):
            self.setUp()
            self.settles_on(self.including(1, 2))
            self.asked(1, delay=first)
            self.asked(delay=second)
            self.assertEqual(self.answers(), [(when, (self.record(IS_IN, 1, 2),))])

    def test_the_group_and_then_sources(self) -> None:
        """HQ-04: the whole group is still what is asked about."""
        self.settles_on(self.including(1, 2))
        self.asked(delay=0.5)
        self.asked(1, delay=0.25)
        self.assertEqual(self.answers(), [(0.25, (self.record(IS_IN, 1, 2),))])

    def test_sources_and_then_others(self) -> None:
        """T-111, HQ-05: one answer about all of them, at the earlier time."""
        for first, second in ((0.25, 0.75), (0.75, 0.25)):
            self.setUp()
            self.settles_on(self.including(1, 2, 3))
            self.asked(1, delay=first)
            self.asked(2, 9, delay=second)
            self.assertEqual(self.answers(), [(0.25, (self.record(IS_IN, 1, 2),))])

    def test_general_answer_comes_first(self) -> None:
        """T-112, HQ-01: a later specific answer is not needed."""
        self.settles_on(self.excluding())
        self.asked_about_all(within=10, delay=0.1)
        self.asked(within=10, delay=0.5)
        self.assertEqual(self.answers(), [(1, (self.record(IS_EX),))])

    def test_specific_answer_comes_first(self) -> None:
        """HQ-01, HQ-03: an earlier one is given beside the general one."""
        self.settles_on(self.excluding())
        self.asked_about_all(within=10, delay=0.5)
        self.asked(within=1, delay=0.5)
        answer = (self.record(IS_EX),)
        self.assertEqual(self.answers(), [(0.5, answer), (5, answer)])

    def test_general_query_again(self) -> None:
        """HQ-01, HQ-02: the earlier of two answers stands for both."""
        for first, second in ((0.25, 0.75), (0.75, 0.25)):
            self.setUp()
            self.settles_on(self.excluding())
            self.asked_about_all(within=8, delay=first)
            self.asked_about_all(within=8, delay=second)
            self.assertEqual(self.answers(), [(2, (self.record(IS_EX),))])

    def test_at_once(self) -> None:
        """ENC-05, MLD1-02: within 0 s means now."""
        self.settles_on(self.excluding())
        self.asked_about_all(within=0)
        self.assertEqual(self.host.next_deadline(), self.now)
        self.assertEqual(self.answers(), [(0, (self.record(IS_EX),))])

    def test_group_that_was_left_meanwhile(self) -> None:
        """HR-02..04: what has no state then is not answered."""
        self.settles_on(self.excluding(), self.excluding())
        self.asked(delay=1)
        self.asked(1, group_number=2, delay=1)
        self.wants(NOTHING, NOTHING)
        self.passes(10)
        types = {record.type for records in self.records_told() for record in records}
        self.assertEqual(types, {TO_IN})

    def test_asked_again_after_the_answer(self) -> None:
        """HR-05: the list of the first question is forgotten."""
        self.settles_on(self.including(1, 2))
        self.asked(1)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 1),))])
        self.asked(2)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_IN, 2),))])

    def test_suppress_flag(self) -> None:
        """HR-08: it is for routers."""
        self.settles_on(self.excluding())
        self.hears(Query(self.version, group(self.family, 1), 1.0, suppress=True), 0.5)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_EX),))])

    def test_all_nodes(self) -> None:
        """HR-09, IGMP3-Q-07, MLD1-03: that group is never answered for."""
        self.settles_on(self.excluding())
        self.hears(Query(self.version, self.family.all_nodes, 1.0), 0.5)
        self.assertEqual(self.answers(), [])

    def test_reports_of_others(self) -> None:
        """HR-06: they do not keep us from answering."""
        self.settles_on(self.excluding())
        self.asked()
        for packet in (Report((self.record(IS_EX),)), Leave(group(self.family, 1))):
            self.host.receive(packet, self.now)
        self.assertEqual(self.answers(), [(0.5, (self.record(IS_EX),))])

    def test_answer_and_repeat_at_once(self) -> None:
        """What is due together goes out together."""
        self.wants(self.excluding(1))
        self.sent.clear()
        self.asked()
        expected = (self.record(TO_EX, 1), self.record(IS_EX, 1))
        self.assertEqual(self.answers(), [(0.5, expected)])

    def test_last_query(self) -> None:
        """When a querier was heard is known."""
        self.assertIsNone(self.host.last_query)
        self.asked_about_all()
        self.assertEqual(self.host.last_query, START)


# -- random histories

Wishes = list[tuple[int, FilterMode, frozenset[int]]]
wishes: st.SearchStrategy[Wishes] = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.sampled_from([INCLUDE, EXCLUDE]),
        st.frozensets(st.integers(1, 3)),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda wish: wish[0],
)
pauses = st.sampled_from([0.0, 0.125, 0.375, 1.0, 5.0])


@both_families
class HistoryTests(HostTests):
    """The host beside slow models of it."""

    def change(self, some: Wishes) -> list[tuple[Address, SourceFilter]]:
        """Wishes as the host gets them."""
        return [
            (group(self.family, number), SourceFilter(mode, self.sources(*numbers)))
            for number, mode, numbers in some
        ]

    @given(st.integers(1, 3), st.lists(st.tuples(wishes, pauses), max_size=15), st.randoms())
    @examples(5)
    def test_transmissions(
        self, robustness: int, history: list[tuple[Wishes, float]], random: Random
    ) -> None:
        """HS-02..09: every transmission carries what its changes ask for, and none is missing."""
        HostTests.setUp(self)
        self.host = Host(self.family, lambda: random.random() * 0.999)
        self.host.robustness = robustness
        model = {group(self.family, number): Told(robustness) for number in (1, 2)}
        for some, pause in [*history, ([], 10.0)]:
            changes = self.change(some)
            changed = [g for g, wanted in changes if wanted != model[g].wanted]
            for address, wanted in changes:
                model[address].change(wanted)
            self.note(self.host.update(changes, self.now))
            self.check_transmitted(model, changed)
            end = self.now + pause
            while (when := self.host.next_deadline()) is not None and when <= end:
                self.assertTrue(self.now < when <= self.now + 1.0)
                self.now = when
                self.note(self.host.advance(self.now))
                self.check_transmitted(model, [])
            self.now = end
        self.assertFalse(any(one.outstanding() for one in model.values()))

    def check_transmitted(self, model: dict[Address, Told], changed: list[Address]) -> None:
        """The reports since the last look are the next transmissions of their groups."""
        records = [record for report in self.records_told() for record in report]
        transmitted = {record.group for record in records}
        self.assertLessEqual(set(changed), transmitted)
        for address in transmitted:
            expected = model[address].expected(address)
            self.assertEqual({r for r in records if r.group == address}, expected)
            model[address].number += 1
        self.assertEqual(len(records), len(set(records)))
        if any(one.outstanding() for one in model.values()):
            self.assertIsNotNone(self.host.next_deadline())

    @given(st.data())
    @examples(5)
    def test_answers(self, data: st.DataObject) -> None:
        """HQ-01..06, HR-01..05: whatever is asked and changed, the answers are the model's."""
        HostTests.setUp(self)
        model = SlowAnswers()
        for _ in range(data.draw(st.integers(1, 15))):
            action = data.draw(st.sampled_from(["ask", "ask", "ask", "change", "pass"]))
            if action == "ask":
                query, delay = self.draw_query(data)
                when = self.now + query.max_response * delay
                model.ask(query, when, query.group in self.host.groups)
                self.hears(query, delay)
            elif action == "change":
                self.note(self.host.update(self.change(data.draw(wishes)), self.now))
            else:
                self.passes_beside(model, data.draw(st.sampled_from([0.0, 0.25, 2.0, 9.0])))
        self.passes_beside(model, 100)

    def draw_query(self, data: st.DataObject) -> tuple[Query, float]:
        """Any query, and how much of its time the host lets pass."""
        numbers = data.draw(st.frozensets(st.integers(1, 4)))
        groups = [group(self.family, number) for number in (1, 2, 3)]
        address = data.draw(st.sampled_from([self.family.unspecified, *groups]))
        listed = self.sources(*numbers) if any(address) else NO_SOURCES
        within = data.draw(st.sampled_from([1.0, 8.0]))
        delay = data.draw(st.sampled_from([0.125, 0.25, 0.5, 1.0]))
        return Query(self.version, address, within, listed), delay

    def passes_beside(self, model: SlowAnswers, seconds: float) -> None:
        """Time goes on for both."""
        expected = model.due(self.now + seconds, self.host.groups)
        self.sent.clear()
        self.passes(seconds)
        answers = Counter(
            (when, record)
            for when, report in self.sent
            for record in report.records
            if record.type in ANSWERS
        )
        self.assertEqual(answers, expected)


@both_families
class LossTests(HostTests):
    """A router that misses some reports comes to know what is wanted all the same."""

    def listen(self, robustness: int) -> None:
        """A router on the host's link."""
        self.router = Querier(self.family, QuerierSettings(robustness=robustness))
        self.host.robustness = robustness
        self.most = robustness - 1
        self.lost: Counter[Address] = Counter()

    def deliver(self, sends: Iterable[Send], data: st.DataObject) -> None:
        """The router hears a report, or its answers alone, none of it too often in a row."""
        for _, packet in sends:
            assert isinstance(packet, Report)
            changes = {r.group for r in packet.records if r.type not in ANSWERS}
            may_be_lost = changes and all(self.lost[g] < self.most for g in changes)
            if may_be_lost and data.draw(st.booleans()):
                self.lost.update(changes)
                records = tuple(r for r in packet.records if r.type in ANSWERS)
            else:
                self.lost.subtract({g: self.lost[g] for g in changes})
                records = packet.records
            self.query(self.router.receive(Report(records), host(self.family, 1), self.now).send)

    def query(self, queries: Iterable[Send]) -> None:
        """The host hears every query."""
        for _, query in queries:
            self.host.receive(query, self.now)

    def live(self, seconds: float, data: st.DataObject) -> None:
        """Time goes on for both."""
        end = self.now + seconds
        while True:
            machines = (self.host, self.router)
            times = [when for one in machines if (when := one.next_deadline()) is not None]
            self.now = min(times, default=end + 1)
            if self.now > end:
                break
            self.deliver(self.host.advance(self.now), data)
            self.query(self.router.advance(self.now).send)
        self.now = end

    @given(st.integers(1, 3), st.data())
    @examples(5)
    def test_losses(self, robustness: int, data: st.DataObject) -> None:
        """HS-04..08: all but one of each change's transmissions may be lost."""
        HostTests.setUp(self)
        self.listen(robustness)
        for some, pause in data.draw(st.lists(st.tuples(wishes, pauses), max_size=10)):
            changes = [
                (group(self.family, number), SourceFilter(mode, self.sources(*numbers)))
                for number, mode, numbers in some
            ]
            self.deliver(self.host.update(changes, self.now), data)
            self.live(pause, data)
        self.live(20, data)
        for number in (1, 2):
            address = group(self.family, number)
            wanted = self.host.groups.get(address, NOTHING)
            self.assertEqual(self.router.subscription(address), wanted)
