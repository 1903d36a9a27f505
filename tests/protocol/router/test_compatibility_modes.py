"""Group compatibility modes: newer hosts beside hosts of older versions."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import Leave, OldReport, Record, Report

from ..families import ALLOW, BLOCK, IS_EX, IS_IN, TO_EX, TO_IN, both_families, group, ssm_group
from .older_hosts import OlderHostTests
from .simulated_router import query_at


@both_families
class CompatibilityTests(OlderHostTests):
    """Group compatibility modes IGMPv2 and MLDv1: newer hosts beside older ones."""

    def test_block_is_ignored_beside_an_older_host(self) -> None:
        """GC-07: no source is queried."""
        self.old_report()
        self.assertEqual(self.says(BLOCK, 1, host_number=2), Effects())
        self.check_exclude({}, set(), 270)

    def test_block_of_a_wanted_source_is_ignored_beside_an_older_host(self) -> None:
        """GC-07: its timer does not change."""
        self.old_report()
        self.says(ALLOW, 1, 2)
        self.assertEqual(self.says(BLOCK, 1), Effects())
        self.check_exclude({1: 270, 2: 270}, set(), 270)

    def test_list_of_to_ex_is_ignored_beside_an_older_host(self) -> None:
        """GC-07: as if it were empty; the listed sources of others are dropped."""
        self.old_report()
        self.says(ALLOW, 1)
        self.pass_time(10)
        self.says(TO_EX, 1, 2)
        self.check_exclude({}, set(), 270)
        self.assertEqual(self.specific_queries(), [])

    def test_is_in_is_ex_and_allow_count_beside_an_older_host(self) -> None:
        """GC-03: they mean the same as without older hosts."""
        for kind in (IS_IN, ALLOW):
            self.setUp()
            self.old_report()
            self.pass_time(10)
            self.says(kind, 1)
            self.check_exclude({1: 270}, set(), 260)
        self.setUp()
        self.old_report()
        self.says(ALLOW, 1)
        self.pass_time(10)
        self.says(IS_EX, 1, 2)
        self.check_exclude({1: 260, 2: 270}, set(), 270)

    def test_to_in_counts_as_a_leave_beside_an_older_host(self) -> None:
        """OLD-03: its list is wanted; the same beside a host of MLDv1."""
        self.old_report()
        self.says(TO_IN, 1, host_number=2)
        self.check_exclude({1: 270}, set(), 2)
        self.pass_time(10)
        self.assertEqual(self.specific_queries(), [query_at(0), query_at(1)])
        self.check_include({1: 260})

    def test_to_in_queries_the_sources_it_leaves_and_the_group(self) -> None:
        """GC-06: each of them once at this time."""
        self.old_report()
        self.says(ALLOW, 1)
        self.says(TO_IN)
        self.assertEqual(self.specific_queries(), [query_at(0, 1), query_at(0)])

    def test_compatibility_mode_ends_after_260_seconds(self) -> None:
        """GC-01, GC-04, GC-05: the mode is the newest then; nothing else changes."""
        self.old_report()
        self.pass_time(100)
        self.says(IS_EX, 1, host_number=2)
        self.check_exclude({1: 270}, set(), 270)
        self.pass_time(159.9)
        self.assertEqual(self.says(BLOCK, 1), Effects())
        self.pass_time(0.1)
        self.assertEqual(self.mode(), self.family.current_version)
        self.check_exclude({1: 110}, set(), 110)
        self.assertEqual(self.specific_queries(), [])
        self.says(BLOCK, 1)
        self.check_exclude({1: 2}, set(), 110)
        self.assertEqual(self.specific_queries(), [query_at(260, 1)])

    def test_each_older_report_extends_the_compatibility_mode(self) -> None:
        """GC-01: BLOCK is ignored until 260 s after the last one."""
        for _ in range(3):
            self.old_report()
            self.pass_time(250)
            self.assertEqual(self.says(BLOCK, 1, host_number=2), Effects())
        self.says(IS_EX, host_number=2)
        self.pass_time(10)
        self.says(BLOCK, 1, host_number=2)
        self.check_exclude({1: 2}, set(), 260)

    def test_compatibility_mode_lasts_robustness_times_interval_plus_response_time(self) -> None:
        """GC-05: 65 s with these settings."""
        settings = QuerierSettings(query_interval=20, query_response_interval=5, robustness=3)
        self.querier = Querier(self.family, settings)
        self.old_report()
        self.pass_time(60)
        self.says(IS_EX)
        self.assertEqual(self.mode(), self.family.current_version - 1)
        self.pass_time(5)
        self.assertEqual(self.mode(), self.family.current_version)

    def test_newer_reports_and_leaves_do_not_end_the_compatibility_mode(self) -> None:
        """GC-01: it ends by time only."""
        self.old_report()
        self.says(IS_EX, host_number=2)
        self.old_leave()
        self.says(IS_EX, host_number=2)
        self.assertEqual(self.says(BLOCK, 1, host_number=2), Effects())

    def test_compatibility_mode_applies_to_one_group_only(self) -> None:
        """RT-05: other groups stay in the current version."""
        self.old_report()
        self.says(IS_EX, group_number=2)
        self.says(BLOCK, 1, group_number=2)
        self.assertEqual(self.specific_queries(), [query_at(0, 1, group=2)])

    def test_compatibility_mode_ends_with_its_group(self) -> None:
        """SC-09: a group that returns has the current version."""
        self.old_report()
        self.old_leave()
        self.pass_time(2)
        self.given_exclude()
        self.assertEqual(self.mode(), self.family.current_version)

    def test_compatibility_mode_applies_to_every_record_of_a_report(self) -> None:
        """IGMP3-R-08: BLOCK and the list of TO_EX are ignored, ALLOW counts."""
        self.old_report()
        self.reports(self.record(BLOCK, 1), self.record(TO_EX, 2), self.record(ALLOW, 3))
        self.check_exclude({3: 270}, set(), 270)

    def test_older_messages_for_ssm_groups_set_no_compatibility_mode(self) -> None:
        """SSM-02: they are ignored."""
        g = ssm_group(self.family, 1)
        self.reports(Record(ALLOW, g, self.sources(1, 2)))
        for packet in (OldReport(self.family.current_version - 1, g), OldReport(1, g), Leave(g)):
            self.assertEqual(self.receives(packet), Effects())
        self.assertIsNone(self.querier.groups[g].older)
        self.reports(Record(BLOCK, g, self.sources(2)))
        self.pass_time(2)
        self.assertEqual(self.querier.subscription(g), self.including(1))


class IGMPv1HostTests(OlderHostTests, SynchronousTestCase):
    """Hosts of IGMPv1, which cannot leave."""

    family = IPV4

    def test_leaves_are_ignored_beside_an_igmpv1_host(self) -> None:
        """GC-02, IGMP1-02: no query is sent, and the group ends by time only."""
        self.old_report(1)
        for leave in (Leave(group(IPV4, 1)), Report((self.record(TO_IN),))):
            self.assertEqual(self.receives(leave, host_number=2), Effects())
        self.pass_time(269.9)
        self.assertEqual((self.subscription(), self.specific_queries()), (ANY_SOURCE, []))
        self.pass_time(0.1)
        self.assertEqual(self.subscription(), NOTHING)

    def test_to_in_with_sources_is_ignored_beside_an_igmpv1_host(self) -> None:
        """GC-02: even its sources do not count."""
        self.old_report(1)
        self.assertEqual(self.says(TO_IN, 1, host_number=2), Effects())
        self.check_exclude({}, set(), 270)

    def test_block_and_list_of_to_ex_are_ignored_beside_an_igmpv1_host(self) -> None:
        """GC-07: as they are beside IGMPv2."""
        self.old_report(1)
        self.says(BLOCK, 1)
        self.says(TO_EX, 1)
        self.check_exclude({}, set(), 270)

    def test_is_ex_and_is_in_count_beside_an_igmpv1_host(self) -> None:
        """GC-03: they mean the same as without older hosts."""
        self.old_report(1)
        self.says(IS_EX, 1)
        self.says(IS_IN, 2)
        self.check_exclude({1: 270, 2: 270}, set(), 270)

    def test_igmpv1_mode_takes_precedence_over_igmpv2(self) -> None:
        """GC-01, TX-03: when its time ends, IGMPv2 has its own."""
        self.old_report(1)
        self.pass_time(100)
        self.old_report(2, host_number=2)
        self.assertEqual(self.mode(), 1)
        self.assertEqual(self.old_leave(host_number=2), Effects())
        self.pass_time(160)
        self.assertEqual(self.mode(), 2)
        self.check_exclude({}, set(), 110)
        self.says(BLOCK, 1)
        self.old_leave(host_number=2)
        self.assertEqual(self.specific_queries(), [query_at(260)])

    def test_igmpv1_mode_lasts_longer_than_an_earlier_igmpv2_mode(self) -> None:
        """GC-01, TX-03: when the last one ends, the mode is the newest."""
        self.old_report(2)
        self.pass_time(100)
        self.old_report(1, host_number=2)
        self.pass_time(160)
        self.assertEqual(self.mode(), 1)
        self.says(IS_EX, host_number=3)
        self.pass_time(100)
        self.assertEqual(self.mode(), 3)


class MLDv1HostTests(OlderHostTests, SynchronousTestCase):
    """Hosts of MLDv1, which can leave although its version number is 1."""

    family = IPV6

    def test_leaves_count_beside_an_mldv1_host(self) -> None:
        """OLD-05: the group is queried."""
        for leave in (Leave(group(IPV6, 1)), Report((self.record(TO_IN),))):
            self.setUp()
            self.old_report(1)
            self.receives(leave, host_number=2)
            self.assertEqual(self.specific_queries(), [query_at(0)])
