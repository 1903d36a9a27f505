"""The router part on one link: the worked vectors and scenarios, and random histories."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import MAX_EVENTS, Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, NOTHING
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Leave, OldReport, Query, Record, RecordType, Report

from ..bench import START, LinkTests, about
from ..support import (
    ALLOW,
    BLOCK,
    IS_EX,
    IS_IN,
    TO_EX,
    TO_IN,
    both_families,
    examples,
    group,
    host,
    source,
    ssm_group,
)
from ..tables import Asked, SlowRouter
from ..wire.test_encoding import many_sources


@both_families
class CurrentStateTests(LinkTests):
    """Current-state records (B.2): timers, and no queries ever."""

    def tearDown(self) -> None:
        """Nothing was asked."""
        self.assertEqual(self.heard(), [])

    def test_include_hears_is_in(self) -> None:
        """T-042, CS-01."""
        self.given_include(1, 2)
        self.passes(60)
        self.says(IS_IN, 2, 3)
        self.check_include({1: 200, 2: 260, 3: 260})

    def test_include_hears_is_ex(self) -> None:
        """T-043, CS-02: known sources keep their time, new ones are blocked."""
        self.given_include(1, 2)
        self.passes(60)
        self.says(IS_EX, 2, 3)
        self.check_exclude({2: 200}, {3}, 260)

    def test_exclude_hears_is_in(self) -> None:
        """T-044, CS-03."""
        self.given_exclude(x=(1,), y=(2, 3))
        self.passes(60)
        self.says(IS_IN, 2, 4)
        self.check_exclude({1: 200, 2: 260, 4: 260}, {3}, 200)

    def test_exclude_hears_is_ex(self) -> None:
        """T-045, CS-04, the worked vector: new sources get the membership interval."""
        self.given_exclude(x=(1, 2), y=(3,))
        self.passes(60)
        self.says(IS_EX, 2, 3, 4)
        self.check_exclude({2: 200, 4: 260}, {3}, 260)

    def test_records_without_effect(self) -> None:
        """IGMP3-R-12, MLD2-R-12: empty IS_IN, ALLOW and BLOCK change nothing at any time."""
        for kind in (IS_IN, ALLOW, BLOCK):
            self.assertEqual(self.says(kind), Effects())
        self.given_exclude()
        for kind in (IS_IN, ALLOW, BLOCK):
            self.assertEqual(self.says(kind), Effects())
        self.check_exclude({}, set(), 260)

    def test_report_without_records(self) -> None:
        """IGMP3-R-05, MLD2-R-05."""
        self.assertEqual(self.reports(), Effects())


@both_families
class ChangeTests(LinkTests):
    """Filter-mode and source-list changes (B.3)."""

    def test_include_hears_allow(self) -> None:
        """T-046, SC-01."""
        self.given_include(1)
        self.passes(60)
        self.says(ALLOW, 2)
        self.check_include({1: 200, 2: 260})
        self.assertEqual(self.heard(), [])

    def test_include_hears_block(self) -> None:
        """T-047, SC-02: only sources that are wanted are asked about."""
        self.given_include(1, 2)
        self.says(BLOCK, 2, 3)
        self.check_include({1: 260, 2: 2})
        self.assertEqual(self.heard(), [about(0, 2)])

    def test_include_hears_to_ex(self) -> None:
        """T-048, SC-03, the worked vector."""
        self.given_include(1, 2)
        self.says(TO_EX, 2, 3)
        self.check_exclude({2: 2}, {3}, 260)
        self.assertEqual(self.heard(), [about(0, 2)])

    def test_include_hears_to_in(self) -> None:
        """T-049, SC-04."""
        self.given_include(1, 2)
        self.passes(60)
        self.says(TO_IN, 2, 3)
        self.check_include({1: 2, 2: 260, 3: 260})
        self.assertEqual(self.heard(), [about(60, 1)])

    def test_exclude_hears_allow(self) -> None:
        """T-050, SC-05."""
        self.given_exclude(x=(1,), y=(2, 3))
        self.passes(60)
        self.says(ALLOW, 2, 4)
        self.check_exclude({1: 200, 2: 260, 4: 260}, {3}, 200)
        self.assertEqual(self.heard(), [])

    def test_exclude_hears_block(self) -> None:
        """T-051, SC-06, SC-14, the worked vector: the new source gets 100 s, then what is asked."""
        self.given_exclude(x=(1,), y=(2,))
        self.passes(160)
        self.says(BLOCK, 1, 2, 3)
        self.check_exclude({1: 2, 3: 2}, {2}, 100)
        self.assertEqual(self.heard(), [about(160, 1, 3)])

    def test_exclude_hears_to_ex(self) -> None:
        """T-052, SC-07: X outside the list is forgotten, the rest of it is asked about."""
        self.given_exclude(x=(1, 2), y=(3, 5))
        self.passes(60)
        self.says(TO_EX, 2, 3, 4)
        self.check_exclude({2: 2, 4: 2}, {3}, 260)
        self.assertEqual(self.heard(), [about(60, 2, 4)])

    def test_exclude_hears_to_in(self) -> None:
        """T-053, SC-08, SC-11, the worked vector: asked about X outside the list, and all."""
        self.given_exclude(x=(1, 2), y=(3,))
        self.says(TO_IN, 2, 5)
        self.check_exclude({1: 2, 2: 260, 5: 260}, {3}, 2)
        self.assertEqual(self.heard(), [about(0, 1), about(0)])

    def test_new_source_gets_a_short_group_timer(self) -> None:
        """SC-12: BLOCK and TO_EX use what the group has left, even below the query time."""
        for kind in (BLOCK, TO_EX):
            self.setUp()
            self.given_exclude()
            self.passes(259)
            self.says(kind, 1)
            self.check_exclude({1: 1}, set(), 1 if kind is BLOCK else 260)
            self.assertEqual(self.heard(), [])

    def test_block_of_a_new_source(self) -> None:
        """T-054: forwarded while it is asked about, blocked when nobody claims it."""
        self.given_exclude()
        self.passes(160)
        self.says(BLOCK, 1)
        self.check_exclude({1: 2}, set(), 100)
        self.passes(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.passes(0.1)
        self.check_exclude({}, {1}, 98)

    def test_nothing_to_ask_about(self) -> None:
        """T-061, SC-10."""
        self.given_include(1)
        self.says(BLOCK, 9)
        self.check_include({1: 260})
        self.assertEqual(self.heard(), [])

    def test_unknown_group_hears_to_in(self) -> None:
        """T-072, SC-04, SC-09."""
        self.says(TO_IN, 1)
        self.check_include({1: 260})
        self.assertEqual(self.heard(), [])

    def test_unknown_group_is_left(self) -> None:
        """T-067, OLD-06: no state, no query."""
        self.says(TO_IN)
        self.says(BLOCK, 1)
        self.hears(Leave(group(self.family, 1)))
        self.assertEqual((self.querier.groups, self.heard(), self.changed), ({}, [], []))

    def test_records_in_their_order(self) -> None:
        """T-073, IGMP3-R-08, MLD2-R-08."""
        self.given_include(2)
        self.reports(self.record(ALLOW, 1), self.record(BLOCK, 2))
        self.check_include({1: 260, 2: 2})
        self.assertEqual(self.heard(), [about(0, 2)])


@both_families
class ExpiryTests(LinkTests):
    """Timers that run out (B.5)."""

    def test_exclude_becomes_include(self) -> None:
        """T-058, TX-01, RT-02: X stays with the time it has, Y goes."""
        self.given_exclude(y=(2,))
        self.passes(50)
        self.says(ALLOW, 1)
        self.passes(210)
        self.check_include({1: 50})
        self.passes(49)
        self.assertEqual(self.subscription(), self.including(1))
        self.passes(1)
        self.assertEqual(self.querier.groups, {})

    def test_idle_group(self) -> None:
        """TX-02: after the membership interval and not before."""
        self.given_exclude()
        self.passes(259.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.passes(0.1)
        self.assertEqual(self.querier.groups, {})
        self.assertIsNone(self.querier.next_deadline())

    def test_idle_source(self) -> None:
        """T-059, RT-03."""
        self.given_include(1)
        self.passes(259.9)
        self.assertEqual(self.subscription(), self.including(1))
        self.passes(0.1)
        self.assertEqual(self.querier.groups, {})

    def test_source_in_exclude(self) -> None:
        """T-060, RT-04: blocked, and kept as long as the group."""
        self.given_exclude(x=(1,))
        self.passes(100)
        self.says(IS_IN, 2)
        self.says(IS_EX, 1, 2)
        self.passes(160)
        self.check_exclude({2: 100}, {1}, 100)

    def test_refreshed_group(self) -> None:
        """Every report starts the membership interval anew."""
        self.given_exclude()
        for _ in range(10):
            self.passes(200)
            self.says(IS_EX)
        self.check_exclude({}, set(), 260)
        self.passes(260)
        self.assertEqual(self.subscription(), NOTHING)

    def test_changes_are_told(self) -> None:
        """TX-04, DB-09: a group is named when its subscription changes, and only then."""
        g = group(self.family, 1)
        self.assertEqual(self.says(IS_EX, 1).changed, [g])
        self.assertEqual(self.says(IS_EX, 1).changed, [])
        self.assertEqual(self.says(ALLOW, 2).changed, [])
        self.assertEqual(self.says(ALLOW, 1).changed, [g])
        self.passes(259)
        self.changed.clear()
        self.passes(1)
        self.assertEqual(self.changed, [g])
        self.assertEqual(self.subscription(), NOTHING)

    def test_crowd(self) -> None:
        """A call looks after a bounded number of groups, and the next after the rest."""
        count = MAX_EVENTS + 10
        base = group(self.family, 1)[:-2]
        addresses = [base + number.to_bytes(2, "big") for number in range(count)]
        self.reports(*(Record(IS_EX, address) for address in addresses))
        effects = self.querier.advance(START + 260)
        self.assertEqual(len(effects.changed), MAX_EVENTS)
        self.assertEqual(self.querier.next_deadline(), START + 260)
        effects = self.querier.advance(START + 260)
        self.assertEqual(len(effects.changed), 10)
        self.assertEqual(self.querier.groups, {})


@both_families
class GeneralQueryTests(LinkTests):
    """General queries (B.6)."""

    def start(self) -> None:
        """The link comes up."""
        self.note(self.querier.start(self.now))

    def times(self) -> list[float]:
        """When general queries were sent since the last look."""
        times = [when - START for when, query in self.sent]
        self.sent.clear()
        return times

    def test_start_up(self) -> None:
        """T-040, GQ-01: at 0 s, 31.25 s, and every 125 s from there."""
        self.start()
        self.passes(500)
        self.assertEqual(self.times(), [0, 31.25, 156.25, 281.25, 406.25])
        self.assertEqual(self.querier.last_general_query, START + 406.25)

    def test_what_is_asked(self) -> None:
        """GQ-02: everybody, about everything, with the querier's own values."""
        self.start()
        [(_, query)] = self.sent
        version = self.family.current_version
        expected = Query(version, self.family.unspecified, 10.0, robustness=2, interval=125)
        self.assertEqual(query, expected)

    def test_robustness(self) -> None:
        """D: as many start-up queries as the robustness says."""
        for robustness, times in ((1, [0, 125]), (3, [0, 31.25, 62.5, 187.5])):
            settings = replace(self.settings, robustness=robustness)
            self.querier = Querier(self.family, settings)
            self.now = START
            self.start()
            self.passes(times[-1])
            self.assertEqual(self.times(), times)

    def test_started_again(self) -> None:
        """QE-07, GQ-06: a new address means a new start-up, with its own spacing."""
        self.start()
        self.passes(10)
        self.start()
        self.passes(160)
        self.assertEqual(self.times(), [0, 10, 41.25, 166.25])

    def test_groups_stay(self) -> None:
        """General queries do not touch any timer."""
        self.start()
        self.given_exclude(x=(1,))
        self.passes(125)
        self.check_exclude({1: 135}, set(), 135)

    def test_unspecified_group_is_no_group(self) -> None:
        """A record of 0.0.0.0 or :: does not get in the way of general queries."""
        self.start()
        self.reports(Record(IS_EX, self.family.unspecified))
        self.assertEqual(self.querier.groups, {})
        self.passes(40)
        self.assertEqual(self.times(), [0, 31.25])


@both_families
class SpecificQueryTests(LinkTests):
    """Specific queries and their retransmission (B.7)."""

    def test_leave(self) -> None:
        """T-055, SQ-01, SQ-08, TX-02: asked at 0 s and 1 s, gone at 2 s."""
        self.given_exclude()
        self.says(TO_IN)
        self.check_exclude({}, set(), 2)
        self.passes(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.passes(100)
        self.assertEqual(self.querier.groups, {})
        self.assertEqual(self.heard(), [about(0), about(1)])

    def test_what_is_asked(self) -> None:
        """SQ-06: of the group, to be answered within the last member query interval."""
        self.given_exclude()
        self.says(TO_IN)
        [(_, query)] = self.sent
        version = self.family.current_version
        expected = Query(version, group(self.family, 1), 1.0, robustness=2, interval=125)
        self.assertEqual(query, expected)

    def test_somebody_stays(self) -> None:
        """T-056, SQ-02: the second query tells other routers to leave the timer alone."""
        self.given_exclude()
        self.says(TO_IN)
        self.passes(0.5)
        self.says(IS_EX, host_number=2)
        self.passes(1.5)
        self.assertEqual(self.heard(), [about(0), about(1, suppress=True)])
        self.check_exclude({}, set(), 258.5)
        self.passes(258)
        self.assertEqual(self.subscription(), ANY_SOURCE)

    def test_two_packets(self) -> None:
        """T-057, SQ-03, SQ-04, SQ-11: claimed sources are asked about apart from others."""
        self.given_include(1, 2)
        self.says(BLOCK, 1, 2)
        self.passes(0.4)
        self.says(IS_IN, 1, host_number=2)
        self.passes(1.6)
        expected = [about(0, 1, 2), about(1, 1, suppress=True), about(1, 2)]
        self.assertEqual(self.heard(), expected)
        self.assertEqual(self.subscription(), self.including(1))
        self.assertIsNone(self.querier.groups[group(self.family, 1)].pending)

    def test_source_added_to_running_questions(self) -> None:
        """SQ-07: the new one is asked about twice, the others as often as they have left."""
        self.given_include(1, 2)
        self.says(BLOCK, 1)
        self.passes(0.5)
        self.says(BLOCK, 2)
        self.passes(3)
        self.assertEqual(self.heard(), [about(0, 1), about(0.5, 1, 2), about(1.5, 2)])

    def test_repeated_change(self) -> None:
        """SQ-03: a host's second BLOCK does not begin all over again."""
        self.given_include(1, 2)
        self.says(BLOCK, 1)
        self.passes(0.5)
        self.says(BLOCK, 1)
        self.passes(1.5)
        self.assertEqual(self.heard(), [about(0, 1), about(1, 1)])
        self.assertEqual(self.subscription(), self.including(2))

    def test_repeated_leave(self) -> None:
        """SQ-01: the group timer is lowered once, however often it is left."""
        self.given_exclude()
        self.says(TO_IN)
        self.passes(0.75)
        self.says(TO_IN)
        self.passes(1.25)
        self.assertEqual(self.querier.groups, {})
        self.assertEqual(self.heard(), [about(0), about(0.75), about(1.75)])

    def test_mode_switch_ends_questions_about_the_group(self) -> None:
        """SQ-09: those about sources go on."""
        self.given_exclude(x=(1, 2))
        self.passes(250)
        self.says(IS_IN, 1, 2)
        self.passes(9)
        self.says(TO_IN, 2)
        self.passes(10)
        self.assertEqual(self.heard(), [about(259, 1), about(259), about(260, 1)])
        self.check_include({2: 250})

    def test_forgotten_source_is_not_asked_about(self) -> None:
        """SQ-09: IS_EX took it from the list."""
        self.given_exclude(x=(1, 2))
        self.says(BLOCK, 1, 2)
        self.passes(0.5)
        self.says(IS_EX, 2)
        self.passes(1)
        self.assertEqual(self.heard(), [about(0, 1, 2), about(1, 2)])

    def test_forgotten_source_returns(self) -> None:
        """SQ-09: what had been asked about it is over."""
        self.given_include(1)
        self.says(TO_IN)
        self.says(IS_EX)
        self.says(IS_IN, 1)
        self.passes(5)
        self.assertEqual(self.heard(), [about(0, 1)])
        self.check_exclude({1: 255}, set(), 255)

    def test_late_call(self) -> None:
        """SQ-09: what is over when a busy process looks is not asked about any more."""
        for begin in (self.given_include, lambda *x: self.given_exclude(x)):
            self.setUp()
            begin(1, 2)
            self.says(BLOCK, 1)
            self.now += 3
            self.note(self.querier.advance(self.now))
            self.assertEqual(self.heard(), [about(0, 1)])
            self.assertFalse(self.subscription().wants(source(self.family, 1)))
            self.assertTrue(self.subscription().wants(source(self.family, 2)))

    def test_forgotten_group_is_not_asked_about(self) -> None:
        """SQ-09: and one that is joined again starts anew."""
        self.given_exclude()
        self.passes(259.5)
        self.says(TO_IN)
        self.passes(0.5)
        self.given_exclude()
        self.passes(10)
        self.assertEqual(self.heard(), [about(259.5)])

    def test_robustness(self) -> None:
        """SQ-08: the last member query count is the robustness."""
        for robustness, times in ((1, [0]), (3, [0, 1, 2])):
            self.setUp()
            self.querier = Querier(self.family, replace(self.settings, robustness=robustness))
            self.given_exclude()
            self.says(TO_IN)
            self.passes(robustness - 0.1)
            self.assertEqual(self.subscription(), ANY_SOURCE)
            self.passes(0.1)
            self.assertEqual(self.subscription(), NOTHING)
            self.assertEqual(self.heard(), [about(when) for when in times])

    def test_questions_of_several_groups(self) -> None:
        """RT-05: each group has its own."""
        for number in (1, 2):
            self.says(IS_EX, group_number=number)
            self.says(TO_IN, group_number=number)
            self.passes(0.5)
        self.passes(5)
        expected = [about(0), about(0.5, group=2), about(1), about(1.5, group=2)]
        self.assertEqual(self.heard(), expected)

    def test_many_sources(self) -> None:
        """T-017, SQ-12, IGMP3-Q-06, MLD2-Q-06: as many queries as the MTU asks for."""
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


@both_families
class AddressTests(LinkTests):
    """Groups and sources that are not for a router (B.12, B.13)."""

    ours: ClassVar = {
        IPV4: "224.0.1.1 239.1.1.1 232.1.1.1",
        IPV6: "ff05::5 ff0e::1 ff15::5 ff3e::8000:1",
    }
    not_ours: ClassVar = {
        IPV4: "224.0.0.1 224.0.0.22 224.0.0.251 10.0.0.1 0.0.0.0",
        IPV6: "ff02::1 ff02::fb ff02::1:ff00:1 ff12::5 ff32::5 ff72::5 ff01::5 ff00::5"
        " 2001:db8::1 ::",
    }
    bad_sources: ClassVar = {
        IPV4: "224.1.1.1 0.0.0.0 255.255.255.255 127.0.0.1",
        IPV6: ":: ::1 ff1e::9 fe80::9",
    }

    def test_groups(self) -> None:
        """T-027, T-028, ADR-01..08, V-12, IGMP3-R-06, MLD2-R-06, MLD2-R-13, MLD1-03."""
        wanted = frozenset([source(self.family, 1)])
        for address in self.not_ours[self.family].split():
            for kind in RecordType:
                self.reports(Record(kind, packed(address), wanted))
            self.hears(OldReport(1, packed(address)))
            self.hears(Leave(packed(address)))
        self.assertEqual((self.querier.groups, self.changed, self.sent), ({}, [], []))
        for address in self.ours[self.family].split():
            self.reports(Record(ALLOW, packed(address), wanted))
            self.assertIn(packed(address), self.querier.groups)

    def test_bad_sources_are_left_out(self) -> None:
        """IGMP3-R-07, MLD2-R-07: of a list with good ones."""
        bad = {packed(address) for address in self.bad_sources[self.family].split()}
        for kind in (IS_IN, ALLOW, TO_IN):
            self.setUp()
            self.reports(Record(kind, group(self.family, 1), self.sources(1) | bad))
            self.check_include({1: 260})
        for kind in (IS_EX, TO_EX):
            self.setUp()
            self.reports(Record(kind, group(self.family, 1), self.sources(1) | bad))
            self.check_exclude({}, {1}, 260)

    def test_a_list_of_bad_sources_alone(self) -> None:
        """T-029, IGMP3-R-07, MLD2-R-07: ignored, and not taken for a leave; but TO_EX is a join."""
        bad = frozenset(packed(address) for address in self.bad_sources[self.family].split())
        self.given_exclude(x=(1,))
        for kind in (IS_IN, ALLOW, TO_IN, BLOCK):
            self.reports(Record(kind, group(self.family, 1), bad))
        self.check_exclude({1: 260}, set(), 260)
        self.assertEqual(self.heard(), [])
        for kind in (IS_EX, TO_EX):
            self.setUp()
            self.reports(Record(kind, group(self.family, 1), bad))
            self.check_exclude({}, set(), 260)

    def test_source_specific_groups(self) -> None:
        """T-069, SSM-03, PSSM-03: nobody joins them from any source."""
        g = ssm_group(self.family, 1)
        for kind in (IS_EX, TO_EX):
            self.reports(Record(kind, g, self.sources(1)))
            self.reports(Record(kind, g))
        self.assertEqual(self.querier.groups, {})
        self.reports(Record(ALLOW, g, self.sources(1)), Record(TO_EX, g))
        self.assertEqual(self.querier.subscription(g), self.including(1))

    def test_leaving_a_source_specific_group(self) -> None:
        """T-070, SSM-04, PSSM-03: only sources are asked about."""
        g = ssm_group(self.family, 1)
        for leaving in (Record(BLOCK, g, self.sources(1)), Record(TO_IN, g)):
            self.reports(Record(ALLOW, g, self.sources(1)))
            self.reports(leaving)
            self.passes(5)
            self.assertEqual({query.sources for _, query in self.sent}, {self.sources(1)})
            self.assertEqual(self.querier.groups, {})

    def test_older_versions_and_source_specific_groups(self) -> None:
        """T-068, SSM-02, PSSM-03: their reports and leaves are not heard."""
        g = ssm_group(self.family, 1)
        self.hears(OldReport(1, g))
        self.assertEqual(self.querier.groups, {})
        self.reports(Record(ALLOW, g, self.sources(1)))
        self.assertEqual(self.hears(OldReport(2, g)), Effects())
        self.assertEqual(self.hears(Leave(g)), Effects())
        self.passes(200)
        self.assertEqual((self.querier.subscription(g), self.sent), (self.including(1), []))

    def test_older_versions(self) -> None:
        """OLD-01..05: a report joins, a leave leaves."""
        self.hears(OldReport(self.family.current_version - 1, group(self.family, 1)))
        self.check_exclude({}, set(), 260)
        self.hears(Leave(group(self.family, 1)))
        self.passes(2)
        self.assertEqual(self.heard(), [about(0), about(1)])
        self.assertEqual(self.querier.groups, {})

    def test_queries_of_others(self) -> None:
        """QR-06: heard, and no timer changes."""
        self.given_exclude()
        self.assertEqual(self.hears(Query(3, group(self.family, 1), 1.0)), Effects())
        self.check_exclude({}, set(), 260)


@both_families
class LimitTests(LinkTests):
    """Limits (B.11)."""

    settings = QuerierSettings(max_groups=2)

    def test_most_groups(self) -> None:
        """T-071, LIM-01, V-14: one too many is refused and counted; those there go on."""
        for number in (1, 2, 3):
            self.says(TO_EX, group_number=number)
        self.assertEqual(len(self.querier.groups), 2)
        self.assertEqual(self.querier.refused[Refusal.MAX_GROUPS], 1)
        self.assertNotIn(group(self.family, 3), self.changed)
        self.says(TO_EX, 1, group_number=2)
        self.says(TO_IN, group_number=1)
        self.passes(2)
        self.says(TO_EX, group_number=3)
        self.assertEqual(self.subscription(3), ANY_SOURCE)

    def test_leaving_is_no_refusal(self) -> None:
        """What asks for nothing needs no room."""
        for number in (1, 2):
            self.says(TO_EX, group_number=number)
        self.says(TO_IN, group_number=3)
        self.says(BLOCK, 1, group_number=3)
        self.assertEqual(self.querier.refused.total(), 0)


class SettingsTests(SynchronousTestCase):
    """The timers that follow from others (D)."""

    def test_defaults(self) -> None:
        """D: 260 s, 2 s and 31.25 s."""
        settings = QuerierSettings()
        self.assertEqual(settings.group_membership_interval, 260)
        self.assertEqual(settings.last_member_query_time, 2)
        self.assertEqual(settings.startup_query_interval, 31.25)

    def test_interval_that_the_wire_cannot_carry(self) -> None:
        """TU-04, T-197: 150 s is told as 144 s, so it is 144 s; 127 and 128 are themselves."""
        for interval, carried in ((127, 127), (128, 128), (135, 128), (150, 144), (152, 152)):
            self.assertEqual(QuerierSettings(query_interval=interval).carried_interval, carried)
        settings = QuerierSettings(query_interval=150)
        self.assertEqual(settings.group_membership_interval, 2 * 144 + 10)
        self.assertEqual(settings.startup_query_interval, 36)

    def test_robustness(self) -> None:
        """D: counts and intervals grow with it."""
        settings = QuerierSettings(robustness=3, last_member_query_interval=0.5)
        self.assertEqual(settings.group_membership_interval, 385)
        self.assertEqual(settings.last_member_query_time, 1.5)


# -- random histories

GROUPS = (1, 2)
PAUSES = [0.25, 0.5, 1.0, 1.5, 2.0, 31.0, 100.0, 258.0, 260.0, 300.0]

Step = list[tuple[RecordType, int, frozenset[int]]] | float

steps: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.lists(
            st.tuples(
                st.sampled_from(RecordType),
                st.sampled_from(GROUPS),
                st.frozensets(st.integers(1, 4)),
            ),
            min_size=1,
            max_size=2,
        ),
        st.sampled_from(PAUSES),
    ),
    min_size=5,
    max_size=40,
)

any_settings = st.builds(
    QuerierSettings,
    query_interval=st.sampled_from([20.0, 125.0]),
    robustness=st.integers(1, 3),
    last_member_query_interval=st.sampled_from([0.5, 1.0]),
)


def specific(sent: list[tuple[float, Query]]) -> Counter[Asked]:
    """Queries as the slow router notes them."""
    return Counter(Asked(when, q.group, q.sources, q.suppress) for when, q in sent)


@both_families
class HistoryTests(LinkTests):
    """The router beside a slow one that was written from the tables."""

    @given(any_settings, steps)
    @examples(8)
    def test_any_history(self, settings: QuerierSettings, history: list[Step]) -> None:
        """CS-01..04, SC-01..14, TX-01, TX-02, SQ-01..04, SQ-09: the same in all that is visible."""
        LinkTests.setUp(self)
        self.querier = Querier(self.family, settings)
        slow = SlowRouter(settings)
        for step in history:
            before = self.wanted(slow)
            self.changed.clear()
            if isinstance(step, float):
                slow.advance(self.now + step)
                self.passes(step)
                told_at_least = {g for g in before if before[g] != self.wanted(slow)[g]}
                self.assertLessEqual(told_at_least, set(self.changed))
            else:
                records = [
                    self.record(kind, *numbers, group_number=number)
                    for kind, number, numbers in step
                ]
                slow.receive(records, self.now)
                self.reports(*records)
                if len(records) == 1:
                    after = self.wanted(slow)
                    self.assertEqual(self.changed, [g for g in before if before[g] != after[g]])
            self.compare(slow)

    def wanted(self, slow: SlowRouter) -> dict[bytes, object]:
        """What the slow router forwards of each group."""
        groups = [group(self.family, number) for number in GROUPS]
        return {address: slow.subscription(address) for address in groups}

    def compare(self, slow: SlowRouter) -> None:
        """Both routers are in the same state."""
        for address, wanted in self.wanted(slow).items():
            self.assertEqual(self.querier.subscription(address), wanted)
        self.assertEqual(self.querier.groups.keys(), slow.groups.keys())
        for address, expected in slow.groups.items():
            ours = self.querier.groups[address]
            timers = {**expected.x, **dict.fromkeys(expected.y, 0.0)}
            self.assertEqual((ours.mode, ours.sources), (expected.mode, timers))
            if ours.mode is EXCLUDE:
                self.assertEqual(ours.timer, expected.timer)
        self.assertEqual(specific(self.sent), Counter(slow.asked))

    @given(st.booleans(), steps)
    @examples(4)
    def test_late_calls(self, immediate: bool, history: list[Step]) -> None:
        """A busy process is late: nothing fails, and in the end all groups are gone."""
        settings = QuerierSettings(immediate_leave=immediate)
        querier = Querier(self.family, settings)
        now = START
        for number, step in enumerate(history):
            if isinstance(step, float):
                now += step
                continue
            records = tuple(
                self.record(kind, *numbers, group_number=which) for kind, which, numbers in step
            )
            querier.receive(Report(records), host(self.family, 1 + number % 3), now)
        for _ in range(20):
            now += 300
            querier.advance(now)
        self.assertEqual((querier.groups, querier.next_deadline()), ({}, None))
