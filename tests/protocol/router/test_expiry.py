"""What a router does when timers expire."""

from __future__ import annotations

from mcproxy.protocol.router.querier import MAX_EVENTS, Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import Record

from ..families import ALLOW, IS_EX, IS_IN, START, both_families, group
from .simulated_router import RouterTests


@both_families
class ExpiryTests(RouterTests):
    """Timers that expire (B.5)."""

    def test_expired_group_timer_changes_exclude_to_include_mode(self) -> None:
        """TX-01, RT-02: sources keep their timers, blocked sources are forgotten."""
        self.given_exclude(y=(2,))
        self.pass_time(50)
        self.says(ALLOW, 1)
        self.pass_time(220)
        self.check_include({1: 50})
        self.pass_time(49)
        self.assertEqual(self.subscription(), self.including(1))
        self.pass_time(1)
        self.assertEqual(self.querier.groups, {})

    def test_group_without_reports_ends_after_the_membership_interval(self) -> None:
        """TX-02: and not before."""
        self.given_exclude()
        self.pass_time(269.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(0.1)
        self.assertEqual(self.querier.groups, {})
        self.assertIsNone(self.querier.next_deadline())

    def test_source_without_reports_ends_after_the_membership_interval(self) -> None:
        """RT-03: and not before."""
        self.given_include(1)
        self.pass_time(269.9)
        self.assertEqual(self.subscription(), self.including(1))
        self.pass_time(0.1)
        self.assertEqual(self.querier.groups, {})

    def test_expired_source_in_exclude_mode_is_blocked(self) -> None:
        """RT-04: it stays blocked as long as the group exists."""
        self.given_exclude(x=(1,))
        self.pass_time(100)
        self.says(IS_IN, 2)
        self.says(IS_EX, 1, 2)
        self.pass_time(170)
        self.check_exclude({2: 100}, {1}, 100)

    def test_group_outlives_a_lost_answer(self) -> None:
        """RT-06: of three queries 8 s apart the first is answered early, the last one late.

        The report of the second is lost. The third answer comes 5 s after its query, 21 s after
        the first one (RFC 9776, 8.4; RFC 9777, 9.4).
        """
        self.querier = Querier(
            self.family, QuerierSettings(query_interval=8, query_response_interval=5)
        )
        self.given_exclude(x=(1,))
        self.pass_time(21)
        self.check_exclude({1: 5}, set(), 5)
        self.says(IS_EX)
        self.pass_time(25.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(0.1)
        self.assertEqual(self.querier.groups, {})

    def test_each_report_restarts_the_membership_interval(self) -> None:
        """The group ends 270 s after the last report."""
        self.given_exclude()
        for _ in range(10):
            self.pass_time(200)
            self.says(IS_EX)
        self.check_exclude({}, set(), 270)
        self.pass_time(270)
        self.assertEqual(self.subscription(), NOTHING)

    def test_group_is_reported_as_changed_only_when_its_subscription_changes(self) -> None:
        """TX-04, DB-09: reports and expiry that change nothing do not name the group."""
        g = group(self.family, 1)
        self.assertEqual(self.says(IS_EX, 1).changed, [g])
        self.assertEqual(self.says(IS_EX, 1).changed, [])
        self.assertEqual(self.says(ALLOW, 2).changed, [])
        self.assertEqual(self.says(ALLOW, 1).changed, [g])
        self.pass_time(269)
        self.changed.clear()
        self.pass_time(1)
        self.assertEqual(self.changed, [g])
        self.assertEqual(self.subscription(), NOTHING)

    def test_one_call_of_advance_expires_a_bounded_number_of_groups(self) -> None:
        """The next call expires the rest."""
        count = MAX_EVENTS + 10
        base = group(self.family, 1)[:-2]
        addresses = [base + number.to_bytes(2, "big") for number in range(count)]
        self.reports(*(Record(IS_EX, address) for address in addresses))
        effects = self.querier.advance(START + 270)
        self.assertEqual(len(effects.changed), MAX_EVENTS)
        self.assertEqual(self.querier.next_deadline(), START + 270)
        effects = self.querier.advance(START + 270)
        self.assertEqual(len(effects.changed), 10)
        self.assertEqual(self.querier.groups, {})
