"""Hosts under queriers of IGMPv1 and MLDv1."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.protocol.sources import NOTHING
from mcproxy.protocol.wire.packets import Report

from ..families import IS_EX, TO_EX
from .simulated_host import OlderQuerierTests


class IGMPv1QuerierTests(OlderQuerierTests, SynchronousTestCase):
    """Queriers of IGMPv1."""

    family = IPV4

    def test_host_under_an_igmpv1_querier_sends_igmpv1_reports(self) -> None:
        """H2-06, IGMP1-01: answers take up to 10 s."""
        self.receives_query(1)
        self.wants(self.excluding())
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [(0, self.report(1, 1)), (5, self.report(1, 1))])
        self.receives_query(1)
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [(25, self.report(1, 1))])

    def test_host_under_an_igmpv1_querier_sends_no_leaves(self) -> None:
        """H2-06, IGMP1-02: that version has none."""
        self.receives_query(1)
        self.wants(self.excluding())
        self.receives_query(1)
        self.sent_messages()
        self.wants(NOTHING)
        self.pass_time(100)
        self.assertEqual(self.sent_messages(), [])
        self.wants(self.excluding())
        self.sent_messages()
        self.note(self.host.leave(self.now))
        self.assertEqual(self.sent_messages(), [])
        self.assertEqual(self.host.groups, {})

    def test_igmpv1_takes_precedence_over_igmpv2(self) -> None:
        """HC-02: as long as its time lasts."""
        self.wants(self.excluding())
        self.receives_query(1)
        self.pass_time(100)
        self.receives_query(2)
        self.assertEqual(self.host.version, 1)
        self.sent_messages()
        self.pass_time(250)
        self.assertEqual(self.host.version, 2)
        self.assertEqual(self.sent_messages()[-1], (350, self.report(1, 2)))
        self.pass_time(100)
        self.assertEqual(self.host.version, 3)
        self.pass_time(10)
        join = Report((self.record(TO_EX),))
        self.assertEqual(self.sent_messages()[-2:], [(450, join), (450.5, join)])

    def test_igmpv1_lasts_longer_than_an_earlier_igmpv2_querier(self) -> None:
        """HC-02: nothing changes when IGMPv2 expires."""
        self.wants(self.excluding())
        self.receives_query(2)
        self.pass_time(100)
        self.receives_query(1)
        self.pass_time(100)
        self.sent_messages()
        self.pass_time(249.9)
        self.assertEqual((self.host.version, self.sent_messages()), (1, []))
        self.pass_time(0.1)
        self.assertEqual(self.host.version, 3)

    def test_igmpv2_group_query_does_not_change_the_version(self) -> None:
        """HC-01: it is answered in the current version."""
        self.wants(self.excluding())
        self.pass_time(10)
        self.sent_messages()
        self.receives_query(2, 1, within=1)
        self.assertEqual(self.host.version, 3)
        self.pass_time(1)
        self.assertEqual(
            [packet for _, packet in self.sent_messages()], [Report((self.record(IS_EX),))]
        )


class MLDv1QuerierTests(OlderQuerierTests, SynchronousTestCase):
    """Queriers of MLDv1."""

    family = IPV6

    def test_mldv1_group_query_changes_the_version(self) -> None:
        """HC-01: any query of MLDv1 does."""
        self.receives_query(1, 1, within=1)
        self.assertEqual(self.host.version, 1)
        self.pass_time(250.9)
        self.assertEqual(self.host.version, 1)
        self.pass_time(0.1)
        self.assertEqual(self.host.version, 2)

    def test_host_under_an_mldv1_querier_sends_leaves(self) -> None:
        """H2-05: version 1 of MLD has a leave."""
        self.receives_query(1)
        self.wants(self.excluding())
        self.sent_messages()
        self.wants(NOTHING)
        self.assertEqual(self.sent_messages(), [(0, self.leave())])
