"""A host whose version is set to another one while it runs."""

from __future__ import annotations

from mcproxy.protocol.sources import ANY_SOURCE
from mcproxy.protocol.versions import OlderVersions
from mcproxy.protocol.wire.packets import OldReport, Packet, Record, Report

from ..families import START, TO_EX, both_families, group, ssm_group
from .simulated_host import OlderQuerierTests


@both_families
class ConfiguredVersionTests(OlderQuerierTests):
    """Any-source group 1 and a source-specific group are wanted."""

    def setUp(self) -> None:
        super().setUp()
        self.ssm = ssm_group(self.family, 1)
        self.any = group(self.family, 1)
        wanted = [(self.any, ANY_SOURCE), (self.ssm, self.including(1))]
        self.host.update(wanted, self.now)
        self.pass_time(20)
        self.sent.clear()

    def configure(self, version: int) -> list[Packet]:
        """Set the version; what is sent at once."""
        self.host.configure(version=version, fallback=True, is_ssm=self.family.is_ssm)
        return [send.packet for send in self.host.rejoin(self.now)]

    def test_older_version_reports_all_groups_that_it_can_name_at_once(self) -> None:
        """HC-06: source-specific groups come back with the current version."""
        for version in range(1, self.family.current_version):
            self.assertEqual(self.configure(version), [OldReport(version, self.any)])
            self.assertEqual(self.host.version, version)
        (report,) = self.configure(self.family.current_version)
        assert isinstance(report, Report)
        self.assertIn(Record(TO_EX, self.any), report)
        self.assertEqual({one.group for one in report}, {self.any, self.ssm})

    def test_older_queriers_count_in_the_current_version_only(self) -> None:
        """HC-06: what was heard before, meanwhile, or before a restart."""
        self.receives_query(1)
        self.assertEqual(self.host.version, 1)
        self.configure(self.older)
        self.receives_query(1)
        self.host.restore_querier(OlderVersions({1: START + 1000}), 2, 125.0)
        self.configure(self.older)
        self.assertEqual(self.host.version, self.older)
        self.configure(self.family.current_version)
        self.assertEqual(self.host.version, self.family.current_version)
        self.receives_query(1)
        self.assertEqual(self.host.version, 1)
