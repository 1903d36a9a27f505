"""Intervals that follow from the settings of a router."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.router.settings import QuerierSettings


class QuerierSettingsTests(SynchronousTestCase):
    """Timers that follow from other settings (D)."""

    def test_default_settings_give_the_intervals_of_the_rfc(self) -> None:
        """RT-06, GC-05, QE-06, SQ-08: 270 s, 260 s, 255 s, 2 s and 31.25 s."""
        settings = QuerierSettings()
        self.assertEqual(settings.group_membership_interval, 270)
        self.assertEqual(settings.older_host_present_interval, 260)
        self.assertEqual(settings.other_querier_present_interval, 255)
        self.assertEqual(settings.last_member_query_time, 2)
        self.assertEqual(settings.startup_query_interval, 31.25)

    def test_query_interval_is_rounded_to_what_a_query_can_carry(self) -> None:
        """TU-04: 150 s becomes 144 s; 127 s and 128 s stay."""
        for interval, carried in ((127, 127), (128, 128), (135, 128), (150, 144), (152, 152)):
            self.assertEqual(QuerierSettings(query_interval=interval).carried_interval, carried)
        settings = QuerierSettings(query_interval=150)
        self.assertEqual(settings.group_membership_interval, 2 * 144 + 2 * 10)
        self.assertEqual(settings.startup_query_interval, 36)

    def test_intervals_grow_with_the_robustness(self) -> None:
        """D: 395 s and 1.5 s for a robustness of 3."""
        settings = QuerierSettings(robustness=3, last_member_query_interval=0.5)
        self.assertEqual(settings.group_membership_interval, 395)
        self.assertEqual(settings.last_member_query_time, 1.5)
