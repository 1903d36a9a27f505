"""Settings that a router adopts from the querier."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import OldReport, Query

from ..families import IS_EX, START, both_families, group, host
from .simulated_election import LOWER, ElectionTests
from .simulated_router import RouterTests


@both_families
class ForgedQueryTests(RouterTests):
    """Forged queries with extreme times."""

    def test_adopted_robustness_and_interval_are_at_least_1(self) -> None:
        """QE-04: 0 is the default; the response interval stays our own."""
        self.querier.set_address(host(self.family, 5))
        version, anything = self.family.current_version, self.family.unspecified
        self.receives(Query(version, anything, 0.0, robustness=1, interval=1), host_number=1)
        self.assertEqual(self.querier.settings.group_membership_interval, 1 * 1 + 2 * 10)
        self.receives(Query(version, anything, 0.0), host_number=1)
        self.assertEqual(self.querier.settings.group_membership_interval, 270)
        self.given_exclude()
        self.check_exclude({}, set(), 270)

    def test_forged_query_with_the_shortest_times_ends_no_group(self) -> None:
        """SEC-02: we query before a group could end, and hosts have time to answer."""
        self.querier.set_address(host(self.family, 5))
        general = Query(
            self.family.current_version, self.family.unspecified, 0.1, robustness=1, interval=1
        )
        self.given_include(1)
        self.receives(general, host_number=1)
        self.assertFalse(self.querier.is_querier)
        self.says(IS_EX, group_number=2)
        self.pass_time(6)
        self.assertTrue(self.querier.is_querier)
        self.assertEqual([when - START for when, query in self.sent], [6])
        self.pass_time(9.75)  # the last answer in time
        self.check_include({1: 254.25})
        self.assertEqual(self.subscription(2), ANY_SOURCE)


@both_families
class AdoptionTests(ElectionTests):
    """Which router's settings apply (B.8)."""

    def test_settings_of_the_other_querier_are_adopted(self) -> None:
        """QE-04, QE-06: robustness 3 and 60 s give 200 s and 185 s."""
        self.query(robustness=3, interval=60)
        settings = self.querier.settings
        self.assertEqual((settings.robustness, settings.query_interval), (3, 60))
        self.assertEqual(settings.group_membership_interval, 200)
        self.assertEqual(settings.other_querier_present_interval, 185)
        self.given_exclude(x=(1,))
        self.check_exclude({1: 200}, set(), 200)
        self.pass_time(184.9)
        self.check_other_querier(LOWER)
        self.pass_time(0.1)
        self.check_is_querier()

    def test_query_with_robustness_and_interval_0_means_the_defaults(self) -> None:
        """QE-04: not what is configured here."""
        self.serves(replace(self.settings, robustness=3, query_interval=60))
        self.query(robustness=0, interval=0)
        settings = self.querier.settings
        self.assertEqual((settings.robustness, settings.query_interval), (2, 125))

    def test_settings_of_the_last_query_apply_to_new_timers(self) -> None:
        """QE-04, TM-01: running timers are not rescaled."""
        self.query(robustness=3, interval=60)
        self.given_exclude()
        self.query(robustness=2, interval=20)
        self.check_exclude({}, set(), 200)
        self.says(IS_EX)
        self.check_exclude({}, set(), 60)
        self.pass_time(45)
        self.check_is_querier()
        self.check_exclude({}, set(), 15)
        self.pass_time(15)
        self.assertEqual(self.subscription(), NOTHING)

    def test_query_of_an_older_version_keeps_the_settings(self) -> None:
        """QE-04: it carries none."""
        self.serves(replace(self.settings, robustness=3, query_interval=60))
        older = self.family.current_version - 1
        self.query(version=older, robustness=0, interval=0)
        self.assertEqual(self.querier.settings.group_membership_interval, 200)
        self.query(robustness=2, interval=20)
        self.query(version=older, robustness=0, interval=0)
        self.assertEqual(self.querier.settings.group_membership_interval, 60)

    def test_compatibility_mode_lasts_as_long_as_the_adopted_settings_say(self) -> None:
        """QE-04, GC-05: 2 times 20 s plus 10 s."""
        self.query(robustness=2, interval=20)
        address = group(self.family, 1)
        self.receives(OldReport(1, address))
        older = self.querier.groups[address].older
        assert older is not None
        self.assertEqual(older.next_expiry(self.now), self.now + 50)

    def test_own_settings_apply_again_when_we_become_the_querier(self) -> None:
        """QE-05: also in our queries."""
        self.serves(replace(self.settings, robustness=3, query_interval=60))
        self.query(robustness=2, interval=20)
        self.pass_time(45)
        self.check_is_querier()
        [(_, query)] = self.sent
        self.assertEqual((query.robustness, query.interval), (3, 60))

    def test_response_intervals_are_not_adopted(self) -> None:
        """D: a query does not carry them."""
        ours = replace(self.settings, query_response_interval=5, last_member_query_interval=0.5)
        self.serves(ours)
        self.query()
        self.assertEqual(self.querier.settings, ours)
