"""When the router of a link advertises itself (RFC 4286)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.router.discovery import RouterDiscovery
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire.packets import RouterAdvertisement, RouterTermination, Send

from ..families import START, FamilyTests, both_families

INTERVAL = 20


@both_families
class DiscoveryTests(FamilyTests):
    """The random number is 0.5, unless it is changed."""

    def setUp(self) -> None:
        self.now, self.chance = START, 0.5
        self.settings = QuerierSettings()
        self.discovery = RouterDiscovery(self.family, lambda: self.chance)

    def begin(self, interval: int = INTERVAL) -> None:
        self.assertEqual(self.discovery.configure(interval, self.now), [])

    def sent_until(self, end: float) -> list[tuple[float, Send]]:
        """What is sent until then, with the times since the start."""
        found = []
        while (when := self.discovery.next_deadline()) is not None and when <= START + end:
            self.assertGreaterEqual(when, self.now)
            self.now = when
            sends = self.discovery.advance(self.settings, self.now)
            found += [(round(self.now - START, 6), one) for one in sends]
        self.now = START + end
        return found

    def times_until(self, end: float) -> list[float]:
        return [when for when, _ in self.sent_until(end)]

    def test_nothing_is_advertised_before_it_is_configured(self) -> None:
        """MRD-30."""
        self.assertIsNone(self.discovery.next_deadline())
        self.discovery.solicit(self.now)
        self.assertEqual(self.discovery.advance(self.settings, self.now), [])
        self.assertEqual(self.discovery.stop(), [])
        self.assertEqual(self.discovery.configure(None, self.now), [])

    def test_three_first_advertisements_come_within_two_seconds_each(self) -> None:
        """MRD-06, 12: then they are periodic."""
        self.begin()
        self.assertEqual(self.times_until(50), [1, 2, 3, 23, 43])

    @given(st.lists(st.floats(0, 0.999999), min_size=9, max_size=9))
    def test_intervals_are_within_their_bounds(self, chances: list[float]) -> None:
        """MRD-06, 12, 25: less than 2 s at first, then 20 s plus or minus 2.5 percent."""
        self.setUp()
        numbers = iter(chances)
        self.discovery = RouterDiscovery(self.family, lambda: next(numbers, 0.5))
        self.begin()
        times = self.times_until(100)
        gaps = [one - before for before, one in zip([0.0, *times], times, strict=False)]
        for gap in gaps[:3]:
            self.assertLessEqual(gap, 2.0)
        for gap in gaps[1:3]:
            self.assertGreaterEqual(gap, 0.0999)
        for gap in gaps[3:]:
            self.assertTrue(19.499 <= gap <= 20.501, gap)

    def test_advertisement_has_the_settings_of_the_querier_in_use(self) -> None:
        """MRD-07, 09, 10, 27: new ones count from the next advertisement on."""
        self.begin(60)
        self.settings = QuerierSettings().with_querier_timers(3, 400)
        ((_, first),) = self.sent_until(1)
        self.assertEqual(first, Send(self.family.all_snoopers, RouterAdvertisement(60, 400, 3)))
        due = self.discovery.next_deadline()
        self.settings = QuerierSettings(query_interval=50.9, robustness=7)
        self.assertEqual(self.discovery.next_deadline(), due)
        ((_, second),) = self.sent_until(2)
        self.assertEqual(second.packet, RouterAdvertisement(60, 50, 7))

    def test_robustness_is_0_with_igmpv1_only(self) -> None:
        """MRD-09."""
        self.begin()
        self.settings = QuerierSettings(version=1)
        ((_, one),) = self.sent_until(1)
        robustness = 0 if self.family.protocol == "IGMP" else 2
        self.assertEqual(one.packet, RouterAdvertisement(INTERVAL, 125, robustness))

    def test_solicitation_is_answered_within_two_seconds(self) -> None:
        """MRD-14, 18, 19: further ones meanwhile are ignored, and the interval begins again."""
        self.begin()
        self.sent_until(10)
        self.chance = 0.9
        self.discovery.solicit(self.now)
        for chance in (0.0, 0.5):
            self.chance = chance
            self.discovery.solicit(self.now + 0.1)
        self.assertEqual(self.times_until(50), [11.8, 31.8])

    def test_first_advertisements_answer_solicitations(self) -> None:
        """MRD-18: one is pending."""
        self.begin()
        self.chance = 0.0
        self.discovery.solicit(self.now)
        self.chance = 0.5
        self.assertEqual(self.times_until(10), [1, 2, 3])

    def test_answer_comes_no_later_than_the_periodic_one(self) -> None:
        self.begin()
        self.sent_until(22.5)
        self.discovery.solicit(self.now)
        self.assertEqual(self.times_until(42.9), [23])

    @given(st.lists(st.floats(0, 0.5), max_size=300))
    def test_flood_of_solicitations_draws_at_most_ten_messages_a_second(
        self, steps: list[float]
    ) -> None:
        """MRD-02."""
        self.setUp()
        self.chance = 0.0
        self.begin()
        end, times = 0.0, []
        for step in steps:
            end += step
            times += self.times_until(end)
            self.discovery.solicit(self.now)
        for at in times:
            self.assertLessEqual(sum(at <= other < at + 0.999 for other in times), 10, at)

    def test_end_is_told_once(self) -> None:
        """MRD-21, 23: when it is switched off, or stopped."""
        told = [Send(self.family.all_snoopers, RouterTermination())]
        for end in (lambda: self.discovery.configure(None, self.now), self.discovery.stop):
            self.begin()
            self.assertEqual(end(), told)
            self.assertEqual(end(), [])
            self.assertIsNone(self.discovery.next_deadline())

    def test_it_begins_anew_after_the_end(self) -> None:
        """MRD-12."""
        self.begin()
        self.sent_until(10)
        self.discovery.configure(None, self.now)
        self.begin()
        self.assertEqual(self.times_until(40), [11, 12, 13, 33])

    def test_first_advertisement_of_a_link_that_goes_on_is_at_once(self) -> None:
        self.discovery.configure(INTERVAL, self.now, at_once=True)
        self.assertEqual(self.times_until(3), [0, 1, 2])

    def test_other_interval_counts_from_the_last_advertisement(self) -> None:
        self.begin(180)
        self.sent_until(10)
        self.begin(12)
        self.assertEqual(self.times_until(30), [15, 27])
        self.begin(5)
        self.assertEqual(self.times_until(36), [32])
        self.now = START + 36.9
        self.begin(4)
        self.assertEqual(self.times_until(40), [36.9])
