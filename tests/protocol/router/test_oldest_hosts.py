"""The setting that drops messages of older hosts."""

from __future__ import annotations

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.settings import QuerierSettings

from ..families import BLOCK, IS_EX, both_families
from .older_hosts import OlderHostTests
from .simulated_router import query_at


@both_families
class OldestHostVersionTests(OlderHostTests):
    """VM-06: hosts of versions before ``oldest_host_version``."""

    def serves_from(self, oldest: int) -> None:
        """Set up a router that drops messages of hosts before this version."""
        self.settings = QuerierSettings(oldest_host_version=oldest)
        self.setUp()

    def test_older_hosts_are_served_by_default(self) -> None:
        """VM-06: all versions are."""
        for version in range(1, self.family.current_version):
            self.setUp()
            self.old_report(version)
            self.assertEqual(self.mode(), version)

    def test_reports_and_leaves_before_the_oldest_version_are_dropped_and_counted(self) -> None:
        """VM-06: they neither join nor leave, and set no compatibility mode."""
        current = self.family.current_version
        self.serves_from(current)
        for version in range(1, current):
            self.assertEqual(self.old_report(version), Effects())
        self.assertEqual(self.querier.groups, {})
        self.says(IS_EX)
        self.old_report()
        self.assertEqual(self.old_leave(), Effects())
        self.check_exclude({}, set(), 270)
        self.assertEqual(self.mode(), current)
        self.says(BLOCK, 1)
        self.assertEqual(self.specific_queries(), [query_at(0, 1)])
        self.assertEqual(self.querier.refused, {Refusal.VERSION: current + 1})

    def test_versions_from_the_oldest_one_on_are_served(self) -> None:
        """VM-06: without IGMPv1, leaves of IGMPv2 stay in effect."""
        self.serves_from(self.family.current_version - 1)
        self.old_report(1)
        self.old_report()
        self.assertEqual(self.mode(), self.family.current_version - 1)
        self.old_leave()
        self.check_exclude({}, set(), 2)
        refused = 1 if self.family is IPV4 else 0
        self.assertEqual(self.querier.refused.total(), refused)

    def test_setting_applies_at_once_when_it_changes(self) -> None:
        """VM-06: to messages, not to modes that were set before."""
        self.old_report()
        current = self.family.current_version
        self.note(self.querier.reconfigure(QuerierSettings(oldest_host_version=current), self.now))
        self.assertEqual(self.old_leave(), Effects())
        self.assertEqual(self.mode(), current - 1)
