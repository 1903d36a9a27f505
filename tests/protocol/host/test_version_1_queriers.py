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
        """T-115, H2-06, IGMP1-01: answers take up to 10 s."""
        self.asked(1)
        self.wants(self.excluding())
        self.passes(20)
        self.assertEqual(self.told(), [(0, self.report(1, 1)), (5, self.report(1, 1))])
        self.asked(1)
        self.passes(20)
        self.assertEqual(self.told(), [(25, self.report(1, 1))])

    def test_host_under_an_igmpv1_querier_sends_no_leaves(self) -> None:
        """T-115, H2-06, IGMP1-02: that version has none."""
        self.asked(1)
        self.wants(self.excluding())
        self.asked(1)
        self.told()
        self.wants(NOTHING)
        self.passes(100)
        self.assertEqual(self.told(), [])
        self.wants(self.excluding())
        self.told()
        self.note(self.host.leave(self.now))
        self.assertEqual(self.told(), [])
        self.assertEqual(self.host.groups, {})

    def test_igmpv1_takes_precedence_over_igmpv2(self) -> None:
        """HC-02: as long as its time lasts."""
        self.wants(self.excluding())
        self.asked(1)
        self.passes(100)
        self.asked(2)
        self.assertEqual(self.host.version, 1)
        self.told()
        self.passes(160)
        self.assertEqual(self.host.version, 2)
        self.assertEqual(self.told()[-1], (260, self.report(1, 2)))
        self.passes(100)
        self.assertEqual(self.host.version, 3)
        self.passes(10)
        join = Report((self.record(TO_EX),))
        self.assertEqual(self.told()[-2:], [(360, join), (360.5, join)])

    def test_igmpv1_lasts_longer_than_an_earlier_igmpv2_querier(self) -> None:
        """HC-02: nothing changes when IGMPv2 expires."""
        self.wants(self.excluding())
        self.asked(2)
        self.passes(100)
        self.asked(1)
        self.passes(100)
        self.told()
        self.passes(159.9)
        self.assertEqual((self.host.version, self.told()), (1, []))
        self.passes(0.1)
        self.assertEqual(self.host.version, 3)

    def test_igmpv2_group_query_does_not_change_the_version(self) -> None:
        """HC-01: it is answered in the current version."""
        self.wants(self.excluding())
        self.passes(10)
        self.told()
        self.asked(2, 1, within=1)
        self.assertEqual(self.host.version, 3)
        self.passes(1)
        self.assertEqual([packet for _, packet in self.told()], [Report((self.record(IS_EX),))])


class MLDv1QuerierTests(OlderQuerierTests, SynchronousTestCase):
    """Queriers of MLDv1."""

    family = IPV6

    def test_mldv1_group_query_changes_the_version(self) -> None:
        """HC-01: any query of MLDv1 does."""
        self.asked(1, 1, within=1)
        self.assertEqual(self.host.version, 1)
        self.passes(250.9)
        self.assertEqual(self.host.version, 1)
        self.passes(0.1)
        self.assertEqual(self.host.version, 2)

    def test_host_under_an_mldv1_querier_sends_leaves(self) -> None:
        """H2-05: version 1 of MLD has a leave."""
        self.asked(1)
        self.wants(self.excluding())
        self.told()
        self.wants(NOTHING)
        self.assertEqual(self.told(), [(0, self.leave())])
