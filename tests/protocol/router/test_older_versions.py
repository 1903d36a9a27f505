"""Hosts of older versions beside newer ones, and routers that speak an older version."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.versions import OlderVersions
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Leave, OldReport, Query, Record, Report

from ..bench import START, LinkTests, about
from ..support import ALLOW, BLOCK, IS_EX, IS_IN, TO_EX, TO_IN, both_families, group, ssm_group


class OldHostTests(LinkTests):
    """Tests with hosts that speak older versions."""

    def old_report(
        self, version: int | None = None, host_number: int = 1, group_number: int = 1
    ) -> Effects:
        """A host reports a group in an older version: in the last before the current one."""
        spoken = self.family.current_version - 1 if version is None else version
        return self.hears(OldReport(spoken, group(self.family, group_number)), host_number)

    def old_leave(self, host_number: int = 1) -> Effects:
        """A host of IGMPv2 or MLDv1 leaves."""
        return self.hears(Leave(group(self.family, 1)), host_number)

    def mode(self) -> int:
        """The compatibility mode of the group, the version that its oldest host speaks."""
        older = self.querier.groups[group(self.family, 1)].older
        current = self.family.current_version
        return older.oldest(current, self.now) if older else current


@both_families
class TranslationTests(OldHostTests):
    """What messages of older versions mean (B.4)."""

    def test_report(self) -> None:
        """OLD-01, OLD-02, OLD-04: a join of any source, by all older versions."""
        for version in range(1, self.family.current_version):
            self.setUp()
            effects = self.old_report(version)
            self.assertEqual(effects, Effects(changed=[group(self.family, 1)]))
            self.check_exclude({}, set(), 260)
            self.assertEqual(self.mode(), version)

    def test_report_renews(self) -> None:
        """OLD-02: as IS_EX of nothing does, and blocked sources are blocked no more."""
        self.given_exclude(x=(1,), y=(2,))
        self.passes(100)
        self.old_report()
        self.check_exclude({}, set(), 260)

    def test_report_of_a_group_in_include_mode(self) -> None:
        """OLD-02, CS-02: the sources are forgotten, all are wanted."""
        self.given_include(1, 2)
        self.old_report()
        self.check_exclude({}, set(), 260)
        self.assertEqual(self.heard(), [])

    def test_leave(self) -> None:
        """T-066, OLD-03, OLD-05: asked twice, gone after 2 s."""
        self.old_report()
        self.old_leave()
        self.check_exclude({}, set(), 2)
        self.passes(10)
        self.assertEqual(self.heard(), [about(0), about(1)])
        self.assertEqual(self.querier.groups, {})

    def test_leave_with_another_member(self) -> None:
        """OLD-03, SQ-02: that one answers, and the group stays."""
        self.old_report()
        self.old_leave()
        self.passes(0.5)
        self.old_report(host_number=2)
        self.passes(10)
        self.assertEqual(self.heard(), [about(0), about(1, suppress=True)])
        self.check_exclude({}, set(), 250)

    def test_queries_stay_current(self) -> None:
        """GC-06: older hosts understand them."""
        self.old_report()
        self.old_leave()
        self.assertEqual({query.version for _, query in self.sent}, {self.family.current_version})

    def test_leave_of_an_unknown_group(self) -> None:
        """T-067, OLD-06: no state, no query, no mode."""
        self.assertEqual(self.old_leave(), Effects())
        self.assertEqual(self.querier.groups, {})

    def test_refused_group(self) -> None:
        """LIM-01: one for which there is no room has no mode either."""
        self.querier = Querier(self.family, QuerierSettings(max_groups=1))
        self.old_report(group_number=2)
        self.assertEqual(self.old_report(), Effects())
        self.assertEqual(list(self.querier.groups), [group(self.family, 2)])

    def test_addresses_that_are_not_handled(self) -> None:
        """ADR-01..05: neither by report nor by leave."""
        for address in (self.family.all_nodes, self.family.report_destination):
            self.assertEqual(self.hears(OldReport(1, address)), Effects())
            self.assertEqual(self.hears(Leave(address)), Effects())
        self.assertEqual(self.querier.groups, {})


@both_families
class CompatibilityTests(OldHostTests):
    """Group compatibility modes IGMPv2 and MLDv1: newer hosts beside older ones."""

    def test_block(self) -> None:
        """T-062: ignored, no source is asked about."""
        self.old_report()
        self.assertEqual(self.says(BLOCK, 1, host_number=2), Effects())
        self.check_exclude({}, set(), 260)

    def test_block_in_front_of_sources(self) -> None:
        """T-062, GC-06: not even of one that is asked for."""
        self.old_report()
        self.says(ALLOW, 1, 2)
        self.assertEqual(self.says(BLOCK, 1), Effects())
        self.check_exclude({1: 260, 2: 260}, set(), 260)

    def test_list_of_to_ex(self) -> None:
        """T-063: as if it were empty; the sources of others are dropped with it."""
        self.old_report()
        self.says(ALLOW, 1)
        self.passes(10)
        self.says(TO_EX, 1, 2)
        self.check_exclude({}, set(), 260)
        self.assertEqual(self.heard(), [])

    def test_current_state(self) -> None:
        """GC-03: IS_IN, IS_EX and ALLOW mean what they always mean."""
        for kind in (IS_IN, ALLOW):
            self.setUp()
            self.old_report()
            self.passes(10)
            self.says(kind, 1)
            self.check_exclude({1: 260}, set(), 250)
        self.setUp()
        self.old_report()
        self.says(ALLOW, 1)
        self.passes(10)
        self.says(IS_EX, 1, 2)
        self.check_exclude({1: 250, 2: 260}, set(), 260)

    def test_leaving(self) -> None:
        """GC: TO_IN counts as a leave, its list as wanted; also where MLDv1 hosts are."""
        self.old_report()
        self.says(TO_IN, 1, host_number=2)
        self.check_exclude({1: 260}, set(), 2)
        self.passes(10)
        self.assertEqual(self.heard(), [about(0), about(1)])
        self.check_include({1: 250})

    def test_sources_that_to_in_leaves(self) -> None:
        """GC-06: are asked about, as well as the group."""
        self.old_report()
        self.says(ALLOW, 1)
        self.says(TO_IN)
        self.assertEqual(self.heard(), [about(0, 1), about(0)])

    def test_end(self) -> None:
        """T-065, GC-01, GC-04, GC-05: after 260 s the mode is the newest; nothing else changes."""
        self.old_report()
        self.passes(100)
        self.says(IS_EX, 1, host_number=2)
        self.check_exclude({1: 260}, set(), 260)
        self.passes(159.9)
        self.assertEqual(self.says(BLOCK, 1), Effects())
        self.passes(0.1)
        self.assertEqual(self.mode(), self.family.current_version)
        self.check_exclude({1: 100}, set(), 100)
        self.assertEqual(self.heard(), [])
        self.says(BLOCK, 1)
        self.check_exclude({1: 2}, set(), 100)
        self.assertEqual(self.heard(), [about(260, 1)])

    def test_heard_again(self) -> None:
        """GC-01: each report of an older version starts the time anew."""
        for _ in range(3):
            self.old_report()
            self.passes(250)
            self.assertEqual(self.says(BLOCK, 1, host_number=2), Effects())
        self.says(IS_EX, host_number=2)
        self.passes(10)
        self.says(BLOCK, 1, host_number=2)
        self.check_exclude({1: 2}, set(), 250)

    def test_interval(self) -> None:
        """GC-05: robustness times query interval and a response interval."""
        settings = QuerierSettings(query_interval=20, query_response_interval=5, robustness=3)
        self.querier = Querier(self.family, settings)
        self.old_report()
        self.passes(60)
        self.says(IS_EX)
        self.assertEqual(self.mode(), self.family.current_version - 1)
        self.passes(5)
        self.assertEqual(self.mode(), self.family.current_version)

    def test_newer_reports_do_not_end_it(self) -> None:
        """GC-01: a mode ends by time alone."""
        self.old_report()
        self.says(IS_EX, host_number=2)
        self.old_leave()
        self.says(IS_EX, host_number=2)
        self.assertEqual(self.says(BLOCK, 1, host_number=2), Effects())

    def test_mode_is_that_of_one_group(self) -> None:
        """RT-05: others are not held to it."""
        self.old_report()
        self.says(IS_EX, group_number=2)
        self.says(BLOCK, 1, group_number=2)
        self.assertEqual(self.heard(), [about(0, 1, group=2)])

    def test_forgotten_group(self) -> None:
        """SC-09: a mode goes with its group."""
        self.old_report()
        self.old_leave()
        self.passes(2)
        self.given_exclude()
        self.assertEqual(self.mode(), self.family.current_version)

    def test_records_in_their_order(self) -> None:
        """IGMP3-R-08: the mode is looked up for each record."""
        self.old_report()
        self.reports(self.record(BLOCK, 1), self.record(TO_EX, 2), self.record(ALLOW, 3))
        self.check_exclude({3: 260}, set(), 260)

    def test_source_specific_groups(self) -> None:
        """T-068, SSM-02: older messages about them are ignored and set no mode."""
        g = ssm_group(self.family, 1)
        self.reports(Record(ALLOW, g, self.sources(1, 2)))
        for packet in (OldReport(self.family.current_version - 1, g), OldReport(1, g), Leave(g)):
            self.assertEqual(self.hears(packet), Effects())
        self.assertIsNone(self.querier.groups[g].older)
        self.reports(Record(BLOCK, g, self.sources(2)))
        self.passes(2)
        self.assertEqual(self.querier.subscription(g), self.including(1))


class IGMPv1HostTests(OldHostTests, SynchronousTestCase):
    """Hosts of IGMPv1, which cannot leave."""

    family = IPV4

    def test_leaves_are_ignored(self) -> None:
        """T-064, GC-02, IGMP1-02: nothing is asked, and only time ends the group."""
        self.old_report(1)
        for leave in (Leave(group(IPV4, 1)), Report((self.record(TO_IN),))):
            self.assertEqual(self.hears(leave, host_number=2), Effects())
        self.passes(259.9)
        self.assertEqual((self.subscription(), self.heard()), (ANY_SOURCE, []))
        self.passes(0.1)
        self.assertEqual(self.subscription(), NOTHING)

    def test_all_of_to_in_is_ignored(self) -> None:
        """GC: even the sources that it asks for."""
        self.old_report(1)
        self.assertEqual(self.says(TO_IN, 1, host_number=2), Effects())
        self.check_exclude({}, set(), 260)

    def test_lists_are_ignored(self) -> None:
        """GC: as they are beside IGMPv2."""
        self.old_report(1)
        self.says(BLOCK, 1)
        self.says(TO_EX, 1)
        self.check_exclude({}, set(), 260)

    def test_current_state(self) -> None:
        """GC-03."""
        self.old_report(1)
        self.says(IS_EX, 1)
        self.says(IS_IN, 2)
        self.check_exclude({1: 260, 2: 260}, set(), 260)

    def test_version_1_wins(self) -> None:
        """GC-01, TX-03: as long as its time lasts; then IGMPv2 has its own."""
        self.old_report(1)
        self.passes(100)
        self.old_report(2, host_number=2)
        self.assertEqual(self.mode(), 1)
        self.assertEqual(self.old_leave(host_number=2), Effects())
        self.passes(160)
        self.assertEqual(self.mode(), 2)
        self.check_exclude({}, set(), 100)
        self.says(BLOCK, 1)
        self.old_leave(host_number=2)
        self.assertEqual(self.heard(), [about(260)])

    def test_version_2_ends_first(self) -> None:
        """GC-01, TX-03: the newest mode comes when the last of them has ended."""
        self.old_report(2)
        self.passes(100)
        self.old_report(1, host_number=2)
        self.passes(160)
        self.assertEqual(self.mode(), 1)
        self.says(IS_EX, host_number=3)
        self.passes(100)
        self.assertEqual(self.mode(), 3)


class MLDv1HostTests(OldHostTests, SynchronousTestCase):
    """Hosts of MLDv1, which can leave although its number is 1."""

    family = IPV6

    def test_leaves_are_not_ignored(self) -> None:
        """T-066, GC."""
        for leave in (Leave(group(IPV6, 1)), Report((self.record(TO_IN),))):
            self.setUp()
            self.old_report(1)
            self.hears(leave, host_number=2)
            self.assertEqual(self.heard(), [about(0)])


@both_families
class ImmediateLeaveTests(OldHostTests):
    """Streams are not cut at once while a host of an older version may be silent (SQ-13)."""

    settings = replace(OldHostTests.settings, immediate_leave=True)

    def test_leave(self) -> None:
        """It may not have reported, since another one did."""
        self.old_report()
        self.old_leave()
        self.passes(1.9)
        self.assertEqual((self.subscription(), self.heard()), (ANY_SOURCE, [about(0), about(1)]))
        self.passes(0.1)
        self.assertEqual(self.subscription(), NOTHING)

    def test_newer_host_leaves(self) -> None:
        """The only one that was known."""
        self.says(TO_EX, host_number=2)
        self.old_report()
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.subscription(), self.heard()), (ANY_SOURCE, [about(0)]))

    def test_older_host_is_no_more(self) -> None:
        """Once its time is over, the last newer one that leaves is the last."""
        self.old_report()
        self.passes(200)
        self.says(IS_EX, host_number=2)
        self.passes(60)
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.subscription(), self.heard()), (NOTHING, []))

    def test_other_groups(self) -> None:
        """Are cut at once as ever."""
        self.old_report()
        self.says(TO_EX, group_number=2)
        self.says(TO_IN, group_number=2)
        self.assertEqual((self.subscription(2), self.heard()), (NOTHING, []))


@both_families
class ConfiguredVersionTests(OldHostTests):
    """Routers that are told to speak an older version (B.6, B.10)."""

    def speaks(self, version: int) -> None:
        """A router of that version."""
        self.setUp()
        self.querier = Querier(self.family, QuerierSettings(version=version))

    def encoded(self) -> list[bytes]:
        """The messages sent since the last look, as on the wire, without their checksums."""
        sender = self.family.all_nodes
        size = self.family.header_size
        whole = [
            datagram.encode(self.family, sender, sender, query)[size:] for _, query in self.sent
        ]
        self.sent.clear()
        return [message[:2] + b"\0\0" + message[4:] for message in whole]

    def test_general_queries(self) -> None:
        """T-074, GQ-01, GQ-07: when they are sent is the same in all versions."""
        for version in range(1, self.family.current_version):
            self.speaks(version)
            self.note(self.querier.start(self.now))
            self.passes(160)
            times = [when - START for when, _ in self.sent]
            self.assertEqual(times, [0, 31.25, 156.25])
            if self.family is IPV6:
                expected = b"\x82\0\0\0" + (10_000).to_bytes(2, "big") + bytes(18)
            else:
                expected = bytes([0x11, 0 if version == 1 else 100]) + bytes(6)
            self.assertEqual(self.encoded(), [expected] * 3)

    def test_reports_of_the_current_version(self) -> None:
        """T-074, VM-04: are not understood."""
        for version in range(1, self.family.current_version):
            self.speaks(version)
            for kind in (IS_EX, TO_EX, ALLOW, IS_IN):
                self.assertEqual(self.says(kind, 1), Effects())
            self.assertEqual(self.querier.groups, {})
            self.old_report()
            self.passes(10)
            for kind in (IS_EX, TO_EX, TO_IN, BLOCK):
                self.assertEqual(self.says(kind, 1), Effects())
            self.check_exclude({}, set(), 250)

    def test_members(self) -> None:
        """VM-04: reports of all older versions make members."""
        for configured in range(1, self.family.current_version):
            for version in range(1, self.family.current_version):
                self.speaks(configured)
                self.old_report(version)
                self.check_exclude({}, set(), 260)
                self.passes(260)
                self.assertEqual(self.querier.groups, {})

    def test_leave(self) -> None:
        """VM-04, SQ-01: what it asks then is of the same version."""
        self.speaks(self.family.current_version - 1)
        self.old_report()
        self.old_leave()
        self.passes(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.passes(0.1)
        self.assertEqual(self.subscription(), NOTHING)
        if self.family is IPV6:
            expected = b"\x82\0\0\0" + (1000).to_bytes(2, "big") + bytes(2)
        else:
            expected = b"\x11\x0a\0\0"
        self.assertEqual(self.encoded(), [expected + group(self.family, 1)] * 2)

    def test_current_version(self) -> None:
        """It may be named, and is what goes without saying."""
        self.speaks(self.family.current_version)
        named = self.querier.start(self.now)
        self.assertEqual(named, Querier(self.family, QuerierSettings()).start(self.now))
        self.says(TO_EX, 1)
        self.assertEqual(self.subscription(), self.excluding(1))


class IGMPv1RouterTests(OldHostTests, SynchronousTestCase):
    """A router that is told to speak IGMPv1."""

    family = IPV4
    settings = QuerierSettings(version=1)

    def test_leave(self) -> None:
        """VM-04, IGMP1-02: it knows none, and has no way to ask about one group."""
        self.old_report(2)
        self.assertEqual(self.old_leave(), Effects())
        self.check_exclude({}, set(), 260)


class IGMPv2RouterTests(OldHostTests, SynchronousTestCase):
    """A router that is told to speak IGMPv2."""

    family = IPV4
    settings = QuerierSettings(version=2)

    def test_hosts_of_version_1(self) -> None:
        """GC-02, GC-05: leaves do not count while there may be any."""
        self.old_report(1)
        self.passes(100)
        self.old_report(2, host_number=2)
        self.assertEqual(self.old_leave(host_number=2), Effects())
        self.passes(160)
        self.old_leave(host_number=2)
        self.assertEqual([query for _, query in self.sent], [self.question()])

    def question(self) -> Query:
        """A query about the group in IGMPv2, with what the wire does not carry."""
        return Query(2, group(IPV4, 1), 1.0, robustness=2, interval=125)


class OlderVersionsTests(SynchronousTestCase):
    """The versions that were heard of, by themselves."""

    def test_oldest(self) -> None:
        """GC-01, HC-02: of those whose time is not over."""
        older = OlderVersions()
        self.assertEqual((older.oldest(3, 0), older.next_expiry(0)), (3, None))
        older.note(2, 20)
        older.note(1, 10)
        self.assertEqual((older.oldest(3, 5), older.next_expiry(5)), (1, 10))
        self.assertEqual((older.oldest(3, 10), older.next_expiry(10)), (2, 20))
        self.assertEqual((older.oldest(3, 20), older.next_expiry(20)), (3, None))

    def test_heard_again(self) -> None:
        """The last time counts."""
        older = OlderVersions()
        older.note(1, 20)
        older.note(1, 30)
        self.assertEqual(older.oldest(2, 25), 1)
