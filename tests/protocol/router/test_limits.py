"""Limits of groups, sources and reports, and what a router refuses."""

from __future__ import annotations

from mcproxy.protocol.router.admission import RateLimit, Refusal, ReportRates
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE
from mcproxy.protocol.wire.packets import Leave, OldReport, Query, Record

from ..families import (
    ALLOW,
    BLOCK,
    IS_EX,
    IS_IN,
    START,
    TO_EX,
    TO_IN,
    both_families,
    group,
    host,
    ssm_group,
)
from .simulated_router import RouterTests


@both_families
class GroupLimitTests(RouterTests):
    """``max-groups`` (B.11)."""

    settings = QuerierSettings(max_groups=2)

    def test_group_beyond_max_groups_is_refused_and_counted(self) -> None:
        """LIM-01, V-14: existing groups go on, and a group that ends makes room."""
        for number in (1, 2, 3):
            self.says(TO_EX, group_number=number)
        self.assertEqual(len(self.querier.groups), 2)
        self.assertEqual(self.querier.refused[Refusal.MAX_GROUPS], 1)
        self.assertNotIn(group(self.family, 3), self.changed)
        self.says(TO_EX, 1, group_number=2)
        self.says(TO_IN, group_number=1)
        self.pass_time(2)
        self.says(TO_EX, group_number=3)
        self.assertEqual(self.subscription(3), ANY_SOURCE)

    def test_leave_of_an_unknown_group_is_not_counted_as_refused(self) -> None:
        """It needs no room."""
        for number in (1, 2):
            self.says(TO_EX, group_number=number)
        self.says(TO_IN, group_number=3)
        self.says(BLOCK, 1, group_number=3)
        self.assertEqual(self.querier.refused.total(), 0)


@both_families
class SourceLimitTests(RouterTests):
    """LIM-01, LIM-02: ``max-group-sources``."""

    settings = QuerierSettings(max_group_sources=2)

    def refusals(self) -> int:
        """Return how often the limit was hit."""
        return self.querier.refused[Refusal.MAX_SOURCES]

    def test_source_beyond_the_limit_is_refused_and_counted(self) -> None:
        """LIM-01: known sources stay and are renewed."""
        self.says(ALLOW, 1, 2)
        self.says(ALLOW, 3)
        self.check_include({1: 270, 2: 270})
        self.assertEqual((self.refusals(), self.changed), (1, [group(self.family, 1)]))
        self.pass_time(100)
        self.says(IS_IN, 1, 2, 3)
        self.check_include({1: 270, 2: 270})

    def test_lowest_new_sources_are_accepted(self) -> None:
        """LIM-01: the choice is the same after a restart."""
        self.says(ALLOW, 3, 1, 2)
        self.check_include({1: 270, 2: 270})

    def test_record_with_refused_sources_only_is_not_a_leave(self) -> None:
        """LIM-01: it does not block anything either."""
        self.says(ALLOW, 1, 2)
        self.says(TO_IN, 3)
        self.says(BLOCK, 3)
        self.check_include({1: 270, 2: 270})
        self.assertEqual(self.specific_queries(), [])

    def test_leave_and_block_of_known_sources_are_not_refused(self) -> None:
        """LIM-01: they need no room."""
        self.says(ALLOW, 1, 2)
        self.says(BLOCK, 1)
        self.pass_time(2)
        self.check_include({2: 268})
        self.says(TO_IN)
        self.pass_time(2)
        self.assertEqual((self.querier.groups, self.refusals()), ({}, 0))

    def test_exclude_list_beyond_the_limit_blocks_nothing(self) -> None:
        """LIM-02: too much data arrives rather than too little."""
        for number, kind in ((1, IS_EX), (2, TO_EX)):
            self.says(kind, 1, 2, group_number=number)
            self.assertEqual(self.subscription(number), self.excluding(1, 2))
            self.says(kind, 1, 2, 3, group_number=number)
            self.assertEqual(self.subscription(number), ANY_SOURCE)
        self.assertEqual(self.refusals(), 2)

    def test_block_beyond_the_limit_is_ignored_in_exclude_mode(self) -> None:
        """LIM-02: the refused source is still forwarded."""
        self.given_exclude(y=(1, 2))
        self.says(BLOCK, 3)
        self.pass_time(2)
        self.assertEqual(self.subscription(), self.excluding(1, 2))

    def test_ssm_group_at_the_limit_refuses_a_further_source(self) -> None:
        """LIM-02, DB-08: it is never changed to any source."""
        group_one = ssm_group(self.family, 1)
        for numbers in ((1, 2), (3,)):
            self.reports(Record(ALLOW, group_one, self.sources(*numbers)))
        self.assertEqual(self.querier.subscription(group_one), self.including(1, 2))
        self.assertEqual(self.refusals(), 1)


@both_families
class LinkSourceLimitTests(RouterTests):
    """LIM-01, SEC-04: ``max-sources``, which counts the sources of all groups of the link."""

    settings = QuerierSettings(max_group_sources=3, max_sources=4)

    def refusals(self) -> int:
        """Return how often the limit of the link was hit."""
        return self.querier.refused[Refusal.MAX_LINK_SOURCES]

    def test_sources_beyond_the_limit_of_the_link_are_refused_and_counted(self) -> None:
        """LIM-01: the limit of a group counts first."""
        self.says(ALLOW, 1, 2, 3)
        self.says(ALLOW, 1, 2, 3, group_number=2)
        self.assertEqual(self.subscription(2), self.including(1))
        self.assertEqual(self.refusals(), 1)
        self.says(ALLOW, 4)
        self.assertEqual(self.subscription(), self.including(1, 2, 3))

    def test_sources_that_expire_or_are_left_make_room_on_the_link(self) -> None:
        """LIM-01: so do groups that end."""
        self.says(ALLOW, 1, 2, 3)
        self.says(ALLOW, 1, group_number=2)
        self.says(TO_IN, 1)
        self.pass_time(3)
        self.says(ALLOW, 2, 3, group_number=2)
        self.assertEqual(self.subscription(2), self.including(1, 2, 3))
        self.assertEqual(self.refusals(), 0)
        self.pass_time(300)
        self.says(ALLOW, 1, 2, 3, group_number=3)
        self.assertEqual((self.subscription(3), self.refusals()), (self.including(1, 2, 3), 0))

    def test_exclude_list_beyond_the_limit_of_the_link_blocks_nothing(self) -> None:
        """LIM-02: too much data arrives rather than too little."""
        self.says(ALLOW, 1, 2, 3)
        self.says(TO_EX, 1, 2, group_number=2)
        self.assertEqual(self.subscription(2), ANY_SOURCE)
        self.assertEqual(self.refusals(), 1)


@both_families
class ReportRateTests(RouterTests):
    """LIM-03, SEC-04: ``max-report-rate``."""

    settings = QuerierSettings(max_report_rate=3)

    def test_reports_beyond_the_rate_are_dropped_and_counted(self) -> None:
        """LIM-03: queries are still processed."""
        for number in range(1, 6):
            self.says(TO_EX, group_number=number)
        self.assertEqual(len(self.querier.groups), 3)
        self.assertEqual(self.querier.refused, {Refusal.RATE: 2})
        self.querier.set_address(host(self.family, 5))
        self.receives(Query(self.family.current_version, self.family.unspecified, 10.0))
        self.assertFalse(self.querier.is_querier)

    def test_rate_limit_recovers_with_time(self) -> None:
        """LIM-03: at most a second's worth of reports is saved up."""
        for wait, passed in ((0, 3), (0.5, 1), (0.5, 2), (100, 3)):
            self.pass_time(wait)
            before = self.querier.refused[Refusal.RATE]
            for _ in range(5):
                self.says(IS_EX)
            self.assertEqual(self.querier.refused[Refusal.RATE] - before, 5 - passed)

    def test_older_reports_and_leaves_count_for_the_rate(self) -> None:
        """LIM-03: the leave is dropped."""
        for _ in range(3):
            self.receives(OldReport(self.family.current_version - 1, group(self.family, 1)))
        self.receives(Leave(group(self.family, 1)))
        self.assertEqual((self.subscription(), self.specific_queries()), (ANY_SOURCE, []))

    def test_rate_limit_does_not_recover_without_time(self) -> None:
        """The clock shows the same time."""
        limit = RateLimit(1)
        self.assertEqual([limit.passes(START) for _ in range(3)], [True, False, False])


@both_families
class HostReportRateTests(RouterTests):
    """LIM-03, SEC-04: one host's flood costs the others nothing."""

    settings = QuerierSettings(max_report_rate=6, max_host_report_rate=5)

    def test_host_beyond_its_rate_is_refused_and_others_pass(self) -> None:
        """LIM-03: ``max-host-report-rate``."""
        for number in range(1, 8):
            self.says(TO_EX, group_number=number)
        self.assertEqual(self.querier.refused, {Refusal.HOST_RATE: 2})
        self.pass_time(1)
        self.says(TO_EX, group_number=6)
        self.assertEqual(self.subscription(6), ANY_SOURCE)

    def test_host_below_its_share_passes_although_the_link_is_at_its_limit(self) -> None:
        """LIM-03: ``max-report-rate`` is for each host as well as for the link."""
        rates = ReportRates(6, None)
        flooding, quiet = host(self.family, 1), host(self.family, 2)
        refused = [rates.refusal(flooding, START) for _ in range(20)]
        self.assertEqual(refused, [None] * 6 + [Refusal.RATE] * 14)
        quiet_refused = [rates.refusal(quiet, START) for _ in range(3)]
        self.assertEqual(quiet_refused, [None, None, Refusal.RATE])

    def test_forged_hosts_have_no_shares(self) -> None:
        """SEC-04: as many hosts as reports share nothing."""
        rates = ReportRates(6, None)
        refused = [rates.refusal(number.to_bytes(4, "big"), START) for number in range(1000)]
        self.assertEqual(refused.count(None), 6)


@both_families
class RefusedRecordTests(RouterTests):
    """Records that are refused whatever the limits are."""

    def test_refused_records_are_counted_by_reason(self) -> None:
        """SSM-08, V-14: scope, sources and source-specific groups."""
        self.reports(Record(TO_EX, self.family.all_nodes))
        self.reports(Record(ALLOW, group(self.family, 1), frozenset([self.family.all_nodes])))
        self.reports(Record(TO_EX, ssm_group(self.family, 1)))
        older = self.family.current_version - 1
        self.receives(OldReport(older, ssm_group(self.family, 1)))
        self.receives(Leave(ssm_group(self.family, 1)))
        self.assertEqual(self.querier.refused, {Refusal.SOURCES: 1, Refusal.SSM: 3})
        self.assertEqual(self.querier.admission.link_scope, 1)
        noted = [(Refusal.SOURCES, group(self.family, 1))]
        noted += [(Refusal.SSM, ssm_group(self.family, 1))] * 2 + [(Refusal.SSM, None)]
        self.assertEqual(self.querier.admission.take_latest(), noted)
        self.assertEqual(self.querier.groups, {})
