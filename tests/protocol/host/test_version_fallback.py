"""Which version a host uses, by configuration and by the queries that it hears."""

from __future__ import annotations

from mcproxy.protocol.family import IPV6
from mcproxy.protocol.sources import NOTHING
from mcproxy.protocol.wire.packets import Packet, Query, Report

from ..families import ALLOW, BLOCK, START, TO_EX, both_families
from .simulated_host import OlderQuerierTests


@both_families
class NoFallbackTests(OlderQuerierTests):
    """``version-fallback`` is switched off."""

    def test_host_without_fallback_ignores_the_version_of_queriers(self) -> None:
        """HC-06, SEC-05: every report has the current version."""
        self.host.configure(
            version=self.family.current_version, fallback=False, is_ssm=self.family.is_ssm
        )
        for version in range(1, self.family.current_version):
            self.receives_query(version)
            self.assertEqual(self.host.version, self.family.current_version)
        self.pass_time(20)
        self.wants(self.excluding(1))
        self.pass_time(20)
        self.wants(NOTHING)
        self.pass_time(20)
        sent = self.sent_messages()
        self.assertTrue(sent)
        self.assertEqual({type(packet).__name__ for _, packet in sent}, {"Report"})


@both_families
class VersionTests(OlderQuerierTests):
    """Which version the host uses (C.3)."""

    def test_query_of_an_older_version_changes_the_version_for_a_time(self) -> None:
        """HC-01, HC-02, HC-05: for 350 s in IGMP and 260 s in MLD."""
        self.assertEqual(self.host.version, self.family.current_version)
        self.receives_query()
        self.assertEqual(self.host.version, self.older)
        self.pass_time({"ipv4": 349.9, "ipv6": 259.9}[self.family.name])
        self.assertEqual(self.host.version, self.older)
        self.pass_time(0.1)
        self.assertEqual(self.host.version, self.family.current_version)
        self.assertEqual((self.sent_messages(), self.host.next_deadline()), ([], None))

    def test_newer_query_sets_how_long_an_older_one_counts_in_mld_only(self) -> None:
        """HC-05, CHG-06: IGMP counts with the defaults, and ten response times."""
        any_group = self.family.unspecified
        self.receives(Query(self.family.current_version, any_group, 1.0, robustness=3, interval=20))
        self.receives_query(within=5)
        self.pass_time({"ipv4": 2 * 125 + 10 * 5, "ipv6": 3 * 20 + 5}[self.family.name] - 0.1)
        self.assertEqual(self.host.version, self.older)
        self.pass_time(0.1)
        self.assertEqual(self.host.version, self.family.current_version)

    def test_each_older_query_extends_the_older_version(self) -> None:
        """HC-01: the time begins again with the last one."""
        for _ in range(3):
            self.receives_query()
            self.pass_time(self.present() - 10)
            self.assertEqual(self.host.version, self.older)
        self.pass_time(10)
        self.assertEqual(self.host.version, self.family.current_version)

    def test_newer_query_is_answered_in_the_older_version(self) -> None:
        """HC-04: and does not end the older version."""
        self.receives_older_query()
        self.joins(1)
        self.receives_query(self.family.current_version)
        self.pass_time(10)
        self.assertEqual(self.sent_messages(), [(25, self.report())])
        self.pass_time(self.present() - 31)
        self.assertEqual(self.host.version, self.older)
        self.pass_time(1)
        self.assertEqual(self.host.version, self.family.current_version)

    def test_newer_source_query_is_answered_with_an_older_report(self) -> None:
        """HC-04: the older version knows no sources."""
        self.receives_older_query()
        self.wants(self.including(1))
        self.pass_time(10)
        self.sent_messages()
        self.receives_query(self.family.current_version, 1, 9, within=1)
        self.pass_time(1)
        self.assertEqual([packet for _, packet in self.sent_messages()], [self.report()])

    def test_robustness_of_a_newer_query_applies_to_older_reports(self) -> None:
        """HS-10: three reports."""
        self.receives_older_query()
        any_group = self.family.unspecified
        self.receives(Query(self.family.current_version, any_group, 1.0, robustness=3, interval=20))
        self.wants(self.excluding())
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [(when, self.report()) for when in (0, 5, 10)])

    def test_change_to_the_older_version_drops_what_is_pending(self) -> None:
        """HC-03, HC-07: the answer to its query reports all groups, once."""
        self.wants(self.excluding(1), self.including(2))
        self.receives_query(self.family.current_version)
        self.receives_query(self.family.current_version, 1, within=5)
        self.sent_messages()
        self.delay = 1.0
        self.receives_query()
        self.pass_time(9)
        self.assertEqual(self.sent_messages(), [])
        self.pass_time(1)
        self.assertEqual(self.sent_messages(), [(10, self.report(1)), (10, self.report(2))])
        self.pass_time(90)
        self.assertEqual(self.sent_messages(), [])

    def test_older_query_after_a_join_is_answered_with_one_report(self) -> None:
        """HC-07, H2-03: the repeat of the join and the answer are one report."""
        self.receives_older_query()
        self.wants(self.excluding())
        self.sent_messages()
        self.receives_query(within=1)
        self.pass_time(90)
        self.assertEqual(self.sent_messages(), [(0.5, self.report())])

    def test_change_back_to_the_current_version_reports_all_groups(self) -> None:
        """HC-03: one report with all sources, and a repeat."""
        self.receives_older_query()
        self.wants(self.excluding(1), self.including(2))
        ends = self.present()
        self.pass_time(ends - 5)
        self.delay = 1.0
        self.receives(Query(self.family.current_version, self.family.unspecified, 10.0))
        self.sent_messages()
        self.delay = 0.5
        self.pass_time(100)
        both = (self.record(TO_EX, 1), self.record(ALLOW, 2, group_number=2))
        self.assertEqual(self.sent_messages(), [(ends, Report(both)), (ends + 0.5, Report(both))])

    def test_late_call_of_advance_sends_nothing_in_the_expired_version(self) -> None:
        """HC-02: though an answer was due."""
        self.receives_older_query()
        self.joins(1)
        self.pass_time(self.present() - 30)
        self.receives_query(self.family.current_version)
        self.now = START + 400
        self.pass_time(10)
        join = Report((self.record(TO_EX),))
        self.assertEqual(self.sent_messages(), [(400, join), (400.5, join)])

    def test_older_version_survives_a_loss_of_the_link(self) -> None:
        """HR-07: as long as its time lasts, and no longer."""
        self.receives_older_query()
        self.joins(1)
        self.host.cancel_pending()
        self.note(self.host.rejoin(self.now))
        self.assertEqual(self.sent_messages(), [(20, self.report())])
        self.host.cancel_pending()
        self.now = START + 400
        self.note(self.host.rejoin(self.now))
        self.pass_time(10)
        join = Report((self.record(TO_EX),))
        self.assertEqual(self.sent_messages(), [(400, join), (400.5, join)])

    def test_reports_of_other_hosts_do_not_change_the_version(self) -> None:
        """HC-01: only queriers do."""
        self.receives(self.report())
        self.receives(self.leave())
        self.assertEqual(self.host.version, self.family.current_version)

    def test_unchanged_group_is_not_reported(self) -> None:
        """DB-04: no packet is sent."""
        self.receives_older_query()
        self.joins(1)
        self.wants(self.excluding())
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [])


@both_families
class ForcedVersionTests(OlderQuerierTests):
    """Hosts that are configured for an older version (HC-06)."""

    def test_host_with_a_forced_version_always_uses_it(self) -> None:
        """HC-06: whatever version the querier uses."""
        self.host = self.make_host(self.older)
        self.wants(self.excluding(1))
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [(0, self.report()), (5, self.report())])
        for version in range(1, self.family.current_version + 1):
            self.receives_query(version)
            self.pass_time(20)
            self.assertEqual([packet for _, packet in self.sent_messages()], [self.report()])
        self.pass_time(300)
        self.assertEqual(self.host.version, self.older)
        self.wants(NOTHING)
        self.assertEqual([packet for _, packet in self.sent_messages()], [self.leave()])
        self.assertIsNone(self.host.next_deadline())

    def test_forced_igmpv1_sends_no_leaves(self) -> None:
        """HC-06, H2-06: forced MLDv1 does."""
        self.host = self.make_host(1)
        self.receives_query(self.older)
        self.wants(self.excluding(1))
        self.wants(NOTHING)
        expected: list[Packet] = [self.report(1, 1)]
        if self.family is IPV6:
            expected.append(self.leave())
        self.assertEqual([packet for _, packet in self.sent_messages()], expected)

    def test_host_with_the_current_version_configured_falls_back(self) -> None:
        """HC-01: to the version of an older querier."""
        self.host = self.make_host(self.family.current_version)
        self.wants(self.excluding(), NOTHING)
        self.receives_query()
        self.assertEqual(self.host.version, self.older)
        self.sent_messages()
        self.pass_time(400)
        self.wants(self.excluding(1))
        self.assertEqual(self.sent_messages()[-1][1], Report((self.record(BLOCK, 1),)))
