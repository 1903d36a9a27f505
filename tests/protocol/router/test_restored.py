"""State that a restart gives to a new querier."""

from __future__ import annotations

from mcproxy.protocol.router.group import Group
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, NOTHING

from ..families import FamilyTests, both_families, group, host

NOW = 1000.0


@both_families
class RestoredQuerierTests(FamilyTests):
    """A querier before and after its state is restored."""

    def setUp(self) -> None:
        """A new querier with settings of its own."""
        self.querier = Querier(self.family, QuerierSettings(), address=host(self.family, 5))

    def test_restored_other_querier_counts_until_its_time(self) -> None:
        """The other router's timers are used until it has been silent for long enough."""
        other = host(self.family, 1)
        self.querier.restore_other_querier(other, NOW + 50, 3, 60.0)
        self.assertFalse(self.querier.is_querier)
        self.assertEqual(self.querier.election.other, other)
        self.assertIsNone(self.querier.next_general_query)
        used = self.querier.settings
        self.assertEqual((used.robustness, used.query_interval), (3, 60.0))
        self.assertEqual(self.querier.next_deadline(), NOW + 50)
        effects = self.querier.advance(NOW + 50)
        self.assertTrue(effects.role_changed and self.querier.is_querier)
        self.assertEqual(len(effects.send), 1)
        self.assertEqual(self.querier.settings, QuerierSettings())

    def test_restored_group_expires_at_its_own_time(self) -> None:
        """The group is wanted as before, and its timer is scheduled."""
        address = group(self.family, 1)
        self.querier.restore_group(address, Group(NOW, EXCLUDE, NOW + 7))
        self.assertEqual(self.querier.subscription(address), ANY_SOURCE)
        self.assertEqual(self.querier.next_deadline(), NOW + 7)
        self.assertEqual(self.querier.advance(NOW + 7).changed, [address])
        self.assertEqual(self.querier.subscription(address), NOTHING)

    def test_restored_hosts_stay_when_tracking_is_configured(self) -> None:
        """Reconfiguring with tracking keeps the hosts, without tracking forgets them."""
        times = {host(self.family, 1): NOW + 9}
        self.querier.restore_hosts(times)
        self.querier.reconfigure(QuerierSettings(immediate_leave=True, max_hosts=7), NOW)
        hosts = self.querier.hosts
        assert hosts is not None
        self.assertEqual((hosts.times(), hosts.most), (times, 7))
        self.querier.reconfigure(QuerierSettings(), NOW)
        self.assertIsNone(self.querier.hosts)
