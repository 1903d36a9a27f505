"""How long another querier counts, whatever it claims."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire.packets import OldReport

from ..families import both_families, group, host
from .simulated_election import LOWER, LOWEST, ElectionTests


@both_families
class ClaimTests(ElectionTests):
    """QE-15: a claim is bounded by our own settings."""

    def test_longest_claim_counts_as_long_as_our_own_settings_say(self) -> None:
        """QE-15, SEC-09: one query with QRV 7 and QQIC 255 would claim 61.7 hours."""
        self.query(robustness=7, interval=31744)
        self.check_other_querier(LOWER)
        self.pass_time(254.9)
        self.check_other_querier(LOWER)
        self.pass_time(0.1)
        self.check_is_querier()

    def test_bound_follows_from_the_configured_interval(self) -> None:
        """QE-15: 2 times 4 s and half of 1 s."""
        self.serves(QuerierSettings(query_interval=4, query_response_interval=1))
        self.query(robustness=7, interval=31744)
        self.pass_time(8.4)
        self.check_other_querier(LOWER)
        self.pass_time(0.1)
        self.check_is_querier()

    def test_shorter_claim_counts_as_the_query_says(self) -> None:
        """QE-04, QE-06: 2 times 20 s and 5 s."""
        self.query(robustness=2, interval=20)
        self.pass_time(44.9)
        self.check_other_querier(LOWER)
        self.pass_time(0.1)
        self.check_is_querier()

    def test_long_claim_keeps_groups_no_longer_than_our_own_interval_after_it(self) -> None:
        """QE-15, RT-06: the timers of the other router last for days."""
        self.query(robustness=7, interval=31744)
        self.given_exclude(x=(1,), y=(2,))
        self.receives(OldReport(1, group(self.family, 2)))
        self.check_exclude({1: 222228}, {2}, 222228)
        self.pass_time(255)
        self.check_is_querier()
        self.check_exclude({1: 270}, {2}, 270)
        older = self.querier.groups[group(self.family, 2)].older
        assert older is not None
        self.assertEqual(older.next_expiry(self.now), self.now + 270)
        self.pass_time(270)
        self.assertEqual(self.querier.groups, {})

    def test_new_allowed_queriers_apply_to_the_present_querier(self) -> None:
        """QE-15, SEC-01, SEC-09: it may not stay; one that is allowed may."""
        for allowed, stays in (((), False), ((LOWEST,), False), ((LOWER,), True)):
            self.serves(self.settings)
            self.query()
            routers = frozenset(host(self.family, number) for number in allowed)
            self.ours = replace(self.settings, allowed_queriers=routers)
            self.note(self.querier.reconfigure(self.ours, self.now))
            self.assertEqual(self.querier.is_querier, not stays)
            self.assertEqual(len(self.sent), 0 if stays else 1)
            self.assertEqual(self.roles[1:], [] if stays else [(0, True)])
