"""What a router does with messages of older versions."""

from __future__ import annotations

from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire.packets import Leave, OldReport

from ..families import both_families, group
from .older_hosts import OlderHostTests
from .simulated_router import query_at


@both_families
class OlderMessageTests(OlderHostTests):
    """What messages of older versions mean (B.4)."""

    def test_older_report_joins_all_sources(self) -> None:
        """OLD-01, OLD-02, OLD-04: in every older version."""
        for version in range(1, self.family.current_version):
            self.setUp()
            effects = self.old_report(version)
            self.assertEqual(effects, Effects(changed=[group(self.family, 1)]))
            self.check_exclude({}, set(), 270)
            self.assertEqual(self.mode(), version)

    def test_older_report_renews_the_group_and_unblocks_sources(self) -> None:
        """OLD-02: as IS_EX without sources does."""
        self.given_exclude(x=(1,), y=(2,))
        self.pass_time(100)
        self.old_report()
        self.check_exclude({}, set(), 270)

    def test_older_report_changes_include_to_exclude_mode(self) -> None:
        """OLD-02, CS-02: the listed sources are forgotten, because all are wanted."""
        self.given_include(1, 2)
        self.old_report()
        self.check_exclude({}, set(), 270)
        self.assertEqual(self.specific_queries(), [])

    def test_older_leave_sends_two_queries_and_ends_the_group_after_2_seconds(self) -> None:
        """OLD-03, OLD-05: as a leave of the current version does."""
        self.old_report()
        self.old_leave()
        self.check_exclude({}, set(), 2)
        self.pass_time(10)
        self.assertEqual(self.specific_queries(), [query_at(0), query_at(1)])
        self.assertEqual(self.querier.groups, {})

    def test_older_leave_keeps_a_group_that_another_host_reports(self) -> None:
        """OLD-03, SQ-02: the second query has the suppress flag."""
        self.old_report()
        self.old_leave()
        self.pass_time(0.5)
        self.old_report(host_number=2)
        self.pass_time(10)
        self.assertEqual(self.specific_queries(), [query_at(0), query_at(1, suppress=True)])
        self.check_exclude({}, set(), 260)

    def test_queries_for_a_group_with_older_hosts_have_the_current_version(self) -> None:
        """GC-06: older hosts understand them."""
        self.old_report()
        self.old_leave()
        self.assertEqual({query.version for _, query in self.sent}, {self.family.current_version})

    def test_older_leave_of_an_unknown_group_has_no_effect(self) -> None:
        """OLD-06: no state, no query, no mode."""
        self.assertEqual(self.old_leave(), Effects())
        self.assertEqual(self.querier.groups, {})

    def test_older_report_for_a_refused_group_has_no_effect(self) -> None:
        """LIM-01: a group without room has no compatibility mode."""
        self.querier = Querier(self.family, QuerierSettings(max_groups=1))
        self.old_report(group_number=2)
        self.assertEqual(self.old_report(), Effects())
        self.assertEqual(list(self.querier.groups), [group(self.family, 2)])

    def test_older_messages_for_link_local_groups_are_ignored(self) -> None:
        """ADR-01..05: reports as well as leaves."""
        for address in (self.family.all_nodes, self.family.report_destination):
            self.assertEqual(self.receives(OldReport(1, address)), Effects())
            self.assertEqual(self.receives(Leave(address)), Effects())
        self.assertEqual(self.querier.groups, {})
