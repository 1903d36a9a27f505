"""Immediate leave: when a leave ends a group without a query, and when not."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import Leave, OldReport, Report

from ..families import ALLOW, BLOCK, IS_EX, TO_EX, TO_IN, both_families, group
from .older_hosts import OlderHostTests
from .simulated_router import RouterTests, query_at


@both_families
class OlderHostLeaveTests(OlderHostTests):
    """No immediate leave while a host of an older version may be silent (SQ-13)."""

    settings = replace(OlderHostTests.settings, immediate_leave=True)

    def test_leave_of_an_older_host_is_queried(self) -> None:
        """Another host may be there that did not report, because this one had."""
        self.old_report()
        self.old_leave()
        self.pass_time(1.9)
        self.assertEqual(
            (self.subscription(), self.specific_queries()), (ANY_SOURCE, [query_at(0), query_at(1)])
        )
        self.pass_time(0.1)
        self.assertEqual(self.subscription(), NOTHING)

    def test_leave_of_a_newer_host_is_not_queried_beside_an_older_host(self) -> None:
        """SQ-14: the older host still wants the group, and no answer could end it."""
        self.says(TO_EX, host_number=2)
        self.old_report()
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.subscription(), self.specific_queries()), (ANY_SOURCE, []))
        self.old_leave()
        self.assertEqual(self.specific_queries(), [query_at(0)])

    def test_leave_is_immediate_after_the_older_host_expired(self) -> None:
        """The last newer host is the last one."""
        self.old_report()
        self.pass_time(200)
        self.says(IS_EX, host_number=2)
        self.pass_time(70)
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.subscription(), self.specific_queries()), (NOTHING, []))

    def test_leave_of_another_group_is_immediate(self) -> None:
        """The older host joined one group only."""
        self.old_report()
        self.says(TO_EX, group_number=2)
        self.says(TO_IN, group_number=2)
        self.assertEqual((self.subscription(2), self.specific_queries()), (NOTHING, []))


@both_families
class ImmediateLeaveTests(RouterTests):
    """SQ-13, TU-02: ``immediate-leave``."""

    settings = QuerierSettings(immediate_leave=True)

    def test_leave_of_the_last_host_ends_the_group_at_once(self) -> None:
        """In the same call and without a query."""
        self.says(TO_EX)
        effects = self.says(TO_IN)
        self.assertEqual(effects.changed, [group(self.family, 1)])
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))

    def test_block_of_the_last_host_ends_the_source_at_once(self) -> None:
        """Each source by itself."""
        self.says(ALLOW, 1, 2)
        self.says(BLOCK, 1)
        self.check_include({2: 270})
        self.says(BLOCK, 2)
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))

    def test_leave_is_not_queried_while_another_host_wants_the_group(self) -> None:
        """SQ-14: no answer could end it. The leave of the last host is immediate."""
        for number in (1, 2):
            self.says(TO_EX, host_number=number)
        self.says(TO_IN, host_number=1)
        self.pass_time(1)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.assertEqual(self.specific_queries(), [])
        self.says(TO_IN, host_number=2)
        self.assertEqual(self.querier.groups, {})

    def test_block_is_not_queried_while_another_host_wants_the_source(self) -> None:
        """SQ-14: two hosts wanted it."""
        for number in (1, 2):
            self.says(ALLOW, 1, host_number=number)
        self.says(BLOCK, 1, host_number=1)
        self.check_include({1: 270})
        self.assertEqual(self.specific_queries(), [])

    def test_block_is_queried_while_another_host_wants_any_source(self) -> None:
        """SQ-14: it may block the source as well, which is not tracked."""
        for number in (1, 2):
            self.says(TO_EX, host_number=number)
        self.says(BLOCK, 1, host_number=1)
        self.assertEqual(self.specific_queries(), [query_at(0, 1)])

    def test_change_from_any_source_to_one_ends_the_others_at_once(self) -> None:
        """No query is sent."""
        self.says(TO_EX)
        self.says(TO_IN, 1)
        self.check_include({1: 270})
        self.assertEqual(self.specific_queries(), [])

    def test_source_of_another_host_stays_when_the_exclude_host_leaves(self) -> None:
        """The EXCLUDE state of the group did not list it."""
        self.says(ALLOW, 1, host_number=1)
        self.says(TO_EX, host_number=2)
        self.says(TO_IN, host_number=2)
        self.check_include({1: 270})

    def test_hosts_that_report_repeatedly_stay_known(self) -> None:
        """The leave of one of them is queried."""
        for _ in range(5):
            self.says(IS_EX, host_number=1)
            self.says(IS_EX, host_number=2)
            self.pass_time(200)
        self.says(TO_IN, host_number=1)
        self.assertEqual(self.subscription(), ANY_SOURCE)

    def test_vanished_host_is_forgotten_when_its_report_expires(self) -> None:
        """Later leaves of others are immediate."""
        self.says(IS_EX, host_number=1)
        self.pass_time(200)
        self.says(IS_EX, host_number=2)
        self.pass_time(70)
        self.says(TO_IN, host_number=2)
        self.assertEqual(self.querier.groups, {})

    def test_leave_of_a_host_of_an_older_version_is_queried(self) -> None:
        """Its report suppressed those of other hosts."""
        self.receives(
            OldReport(self.family.current_version - 1, group(self.family, 1)), host_number=1
        )
        self.receives(Leave(group(self.family, 1)), host_number=1)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.assertEqual(self.specific_queries(), [query_at(0)])

    def test_leave_is_immediate_after_the_report_of_the_older_host_expired(self) -> None:
        """All hosts are known again."""
        self.receives(
            OldReport(self.family.current_version - 1, group(self.family, 1)), host_number=1
        )
        self.pass_time(200)
        self.says(IS_EX, host_number=2)
        self.pass_time(70)
        self.says(TO_IN, host_number=2)
        self.assertEqual(self.querier.groups, {})

    def test_leave_of_hosts_without_an_address_is_queried(self) -> None:
        """IP4-SD-08: 0.0.0.0 may be several hosts."""
        nobody = self.family.unspecified
        joins, leaves = self.record(TO_EX), self.record(TO_IN)
        self.note(self.querier.receive(Report((joins,)), nobody, self.now))
        self.note(self.querier.receive(Report((leaves,)), nobody, self.now))
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.assertEqual(self.specific_queries(), [query_at(0)])

    def test_leave_at_the_expiry_of_a_source_keeps_the_other_source(self) -> None:
        """The source expires when the record arrives."""
        self.says(ALLOW, 1, host_number=1)
        self.now += 100
        self.says(ALLOW, 2, host_number=2)
        self.now += 170
        self.says(TO_IN, host_number=1)
        self.check_include({2: 100})

    def test_group_limit_applies_with_immediate_leave(self) -> None:
        """LIM-01: the group limit applies with immediate leave, too."""
        settings = QuerierSettings(immediate_leave=True, max_groups=0)
        self.note(self.querier.reconfigure(settings, self.now))
        self.says(TO_EX)
        self.says(TO_IN)
        self.assertEqual(self.querier.groups, {})
        self.assertEqual(self.querier.refused, {Refusal.MAX_GROUPS: 1})


@both_families
class TrustedLeaveTests(OlderHostTests):
    """SQ-13, SQ-14: ``immediate-leave = "always"``, for links with one host."""

    settings = replace(OlderHostTests.settings, immediate_leave="always")

    def test_leave_of_an_older_host_is_immediate(self) -> None:
        self.old_report()
        self.old_leave()
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))

    def test_leave_keeps_the_group_while_another_tracked_host_wants_it(self) -> None:
        self.old_report(host_number=1)
        self.old_report(host_number=2)
        self.old_leave(host_number=1)
        self.assertEqual((self.subscription(), self.specific_queries()), (ANY_SOURCE, []))
        self.old_leave(host_number=2)
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))

    def test_leave_of_a_newer_host_is_immediate(self) -> None:
        self.says(TO_EX)
        self.says(TO_IN)
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))
