"""Configured ranges of source-specific groups, and sources mapped to them."""

from __future__ import annotations

from mcproxy.protocol.family import Address
from mcproxy.protocol.router.admission import Refusal, SsmPolicy
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE
from mcproxy.protocol.wire.packets import NO_SOURCES, Leave, OldReport, Record, Sources

from ..families import ALLOW, BLOCK, IS_EX, TO_EX, TO_IN, both_families, group, ssm_group
from .simulated_router import RouterTests, query_at


@both_families
class SsmTests(RouterTests):
    """SSM-01..04, SSM-08: source-specific groups."""

    immediate = False

    def setUp(self) -> None:
        """Groups 1 and 2 are configured as source-specific; group 1 has mapped sources."""
        own, mapped = group(self.family, 1), self.sources(1, 2)

        def sources_of(address: Address) -> Sources:
            return mapped if address == own else NO_SOURCES

        policy = SsmPolicy(lambda address: address in (own, group(self.family, 2)), sources_of)
        self.settings = QuerierSettings(
            ssm=policy, last_member_query_interval=1, immediate_leave=self.immediate
        )
        super().setUp()

    def old(self, host_number: int = 1, number: int = 1) -> None:
        """Receive the report of a host of an older version."""
        version = self.family.current_version - 1
        self.receives(OldReport(version, group(self.family, number)), host_number)

    def test_join_without_sources_in_a_configured_ssm_range_is_refused(self) -> None:
        """SSM-01, SSM-02, SSM-03: the usual range is no longer source-specific."""
        self.says(TO_EX, group_number=2)
        self.says(IS_EX, 1, group_number=2)
        self.old(number=2)
        self.receives(Leave(group(self.family, 2)))
        self.assertEqual(self.querier.groups, {})
        self.assertEqual(self.querier.refused, {Refusal.SSM: 4})
        self.reports(Record(TO_EX, ssm_group(self.family, 1)))
        self.assertEqual(self.querier.subscription(ssm_group(self.family, 1)), ANY_SOURCE)

    def test_join_without_sources_gets_the_mapped_sources(self) -> None:
        """SSM-01: by an older report and by IS_EX."""
        self.old()
        self.check_include({1: 270, 2: 270})
        self.pass_time(100)
        self.says(IS_EX, host_number=2)
        self.check_include({1: 270, 2: 270})
        self.assertEqual(self.querier.refused.total(), 0)

    def test_leave_of_a_mapped_group_queries_its_sources(self) -> None:
        """SSM-04: the group itself is never queried."""
        self.old()
        self.receives(Leave(group(self.family, 1)))
        self.pass_time(1.5)
        self.assertEqual(self.specific_queries(), [query_at(0, 1, 2), query_at(1, 1, 2)])
        self.pass_time(0.5)
        self.assertEqual(self.querier.groups, {})

    def test_mapped_sources_stay_when_another_host_reports(self) -> None:
        """Its report names no source either."""
        self.old()
        self.receives(Leave(group(self.family, 1)))
        self.pass_time(0.5)
        self.old(host_number=2)
        self.pass_time(10)
        self.assertEqual(self.subscription(), self.including(1, 2))

    def test_older_report_of_a_mapped_group_sets_no_compatibility_mode(self) -> None:
        """SSM-02, GC-01: ALLOW and BLOCK of newer hosts still count."""
        self.old()
        self.says(ALLOW, 3, host_number=2)
        self.says(BLOCK, 3, host_number=2)
        self.assertEqual(self.specific_queries(), [query_at(0, 3)])


@both_families
class ImmediateSsmTests(SsmTests):
    """The same with immediate leave: a silent older host may be present."""

    immediate = True

    def test_older_report_of_a_mapped_group_sets_no_compatibility_mode(self) -> None:
        """OLD-03: no source of the group ends without a query."""
        self.old()
        self.says(ALLOW, 3, host_number=2)
        self.says(BLOCK, 3, host_number=2)
        self.assertEqual(self.specific_queries(), [query_at(0, 3)])

    def test_leave_of_the_last_newer_host_is_immediate(self) -> None:
        """Its sources end without a query."""
        self.says(ALLOW, 3, host_number=2)
        self.says(TO_IN, host_number=2)
        self.assertEqual((self.querier.groups, self.specific_queries()), ({}, []))
