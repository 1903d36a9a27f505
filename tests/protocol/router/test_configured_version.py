"""Routers that are configured for an older version."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import OldReport, Query, Record, Report

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
from .older_hosts import OlderHostTests
from .simulated_router import RouterTests


@both_families
class ConfiguredVersionTests(OlderHostTests):
    """Routers that are configured for an older version (B.6, B.10)."""

    def speaks(self, version: int) -> None:
        """Set up a router of that version."""
        self.setUp()
        self.querier = Querier(self.family, QuerierSettings(version=version))

    def encoded(self) -> list[bytes]:
        """Return the messages sent since the last call as on the wire, with the checksum 0."""
        sender = self.family.all_nodes
        size = self.family.header_size
        whole = [
            datagram.encode(self.family, sender, sender, query)[size:] for _, query in self.sent
        ]
        self.sent.clear()
        return [message[:2] + b"\0\0" + message[4:] for message in whole]

    def test_general_queries_have_the_configured_version(self) -> None:
        """GQ-01, GQ-07: their times are the same in all versions."""
        for version in range(1, self.family.current_version):
            self.speaks(version)
            self.note(self.querier.start(self.now))
            self.pass_time(160)
            times = [when - START for when, _ in self.sent]
            self.assertEqual(times, [0, 31.25, 156.25])
            if self.family is IPV6:
                expected = b"\x82\0\0\0" + (10_000).to_bytes(2, "big") + bytes(18)
            else:
                expected = bytes([0x11, 0 if version == 1 else 100]) + bytes(6)
            self.assertEqual(self.encoded(), [expected] * 3)

    def test_reports_of_the_current_version_are_ignored(self) -> None:
        """VM-04: for unknown groups and for known ones."""
        for version in range(1, self.family.current_version):
            self.speaks(version)
            for kind in (IS_EX, TO_EX, ALLOW, IS_IN):
                self.assertEqual(self.says(kind, 1), Effects())
            self.assertEqual(self.querier.groups, {})
            self.old_report()
            self.pass_time(10)
            for kind in (IS_EX, TO_EX, TO_IN, BLOCK):
                self.assertEqual(self.says(kind, 1), Effects())
            self.check_exclude({}, set(), 260)

    def test_reports_of_all_older_versions_join(self) -> None:
        """VM-04: whatever the configured version."""
        for configured in range(1, self.family.current_version):
            for version in range(1, self.family.current_version):
                self.speaks(configured)
                self.old_report(version)
                self.check_exclude({}, set(), 270)
                self.pass_time(270)
                self.assertEqual(self.querier.groups, {})

    def test_older_specific_query_carries_the_group_and_the_last_member_query_interval(
        self,
    ) -> None:
        """IGMP2-04, GQ-07: it goes to the group."""
        version = self.family.current_version - 1
        self.setUp()
        settings = QuerierSettings(version=version, last_member_query_interval=0.5)
        self.querier = Querier(self.family, settings)
        self.old_report()
        [(there, _)] = self.old_leave().send
        g = group(self.family, 1)
        self.assertEqual(there, g)
        head = b"\x11\x05\0\0" if self.family is IPV4 else b"\x82\0\0\0\x01\xf4\0\0"
        self.assertEqual(self.encoded(), [head + g])

    def test_leave_is_queried_in_the_configured_version(self) -> None:
        """VM-04, SQ-01: the group ends after 2 s."""
        self.speaks(self.family.current_version - 1)
        self.old_report()
        self.old_leave()
        self.pass_time(1.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(0.1)
        self.assertEqual(self.subscription(), NOTHING)
        if self.family is IPV6:
            expected = b"\x82\0\0\0" + (1000).to_bytes(2, "big") + bytes(2)
        else:
            expected = b"\x11\x0a\0\0"
        self.assertEqual(self.encoded(), [expected + group(self.family, 1)] * 2)

    def test_current_version_may_be_configured(self) -> None:
        """It is the default."""
        self.speaks(self.family.current_version)
        named = self.querier.start(self.now)
        self.assertEqual(named, Querier(self.family, QuerierSettings()).start(self.now))
        self.says(TO_EX, 1)
        self.assertEqual(self.subscription(), self.excluding(1))


class IGMPv1RouterTests(OlderHostTests, SynchronousTestCase):
    """A router that is configured for IGMPv1."""

    family = IPV4
    settings = QuerierSettings(version=1)

    def test_igmpv1_router_ignores_leaves(self) -> None:
        """VM-04, IGMP1-02: it cannot query one group."""
        self.old_report(2)
        self.assertEqual(self.old_leave(), Effects())
        self.check_exclude({}, set(), 270)


class IGMPv2RouterTests(OlderHostTests, SynchronousTestCase):
    """A router that is configured for IGMPv2."""

    family = IPV4
    settings = QuerierSettings(version=2)

    def test_igmpv2_router_ignores_leaves_while_an_igmpv1_host_is_present(self) -> None:
        """GC-02, GC-05: later leaves count."""
        self.old_report(1)
        self.pass_time(100)
        self.old_report(2, host_number=2)
        self.assertEqual(self.old_leave(host_number=2), Effects())
        self.pass_time(160)
        self.old_leave(host_number=2)
        self.assertEqual([query for _, query in self.sent], [self.group_query()])

    def group_query(self) -> Query:
        """Return a group query of IGMPv2, with the settings that the wire does not carry."""
        return Query(2, group(IPV4, 1), 1.0, robustness=2, interval=125)


@both_families
class OlderRouterTests(RouterTests):
    """A router that speaks the last version before the current one."""

    def setUp(self) -> None:
        """The router speaks the last version before the current one."""
        self.settings = QuerierSettings(version=self.family.current_version - 1)
        super().setUp()

    def test_ssm_group_is_not_wanted_on_the_link(self) -> None:
        """PSSM-05, SSM-02: no subscription, so none of its data is forwarded there."""
        member, wanted = host(self.family, 1), ssm_group(self.family, 1)
        older = self.querier.version
        for packet in (OldReport(older, wanted), Report((Record(ALLOW, wanted, self.sources(1)),))):
            self.assertEqual(self.querier.receive(packet, member, self.now), Effects())
        self.assertEqual(self.querier.subscription(wanted), NOTHING)
        refused = {Refusal.SSM: 1, Refusal.VERSION: 1}
        self.assertEqual(self.querier.refused, refused)

    def test_report_of_a_newer_version_has_no_effect(self) -> None:
        """V-13: whatever its records are."""
        self.says(TO_EX)
        self.says(ALLOW, 1)
        self.assertEqual((self.querier.groups, self.changed, self.sent), ({}, [], []))


@both_families
class RefusedVersionTests(RouterTests):
    """VM-04: a router that speaks an older version."""

    def setUp(self) -> None:
        """The router speaks the last version before the current one."""
        self.settings = QuerierSettings(version=self.family.current_version - 1)
        super().setUp()

    def test_report_of_a_newer_version_is_ignored_and_counted(self) -> None:
        """VM-04: with the reason "version"."""
        self.says(TO_EX)
        self.assertEqual(self.querier.refused, {Refusal.VERSION: 1})
        self.assertEqual(self.querier.groups, {})
