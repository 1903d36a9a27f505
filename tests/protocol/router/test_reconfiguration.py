"""What a running router does when its settings change."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import Query

from ..families import IS_EX, START, TO_EX, TO_IN, both_families, group, host
from .simulated_router import RouterTests, query_at


@both_families
class TrackingPauseTests(RouterTests):
    """``immediate-leave`` is switched off and on again."""

    settings = QuerierSettings(immediate_leave=True)

    def test_leave_is_queried_after_a_pause_of_tracking(self) -> None:
        """SQ-13, TU-02: a host may have joined during the pause without being tracked."""
        self.says(TO_EX, host_number=1)
        self.now += 1
        self.note(self.querier.reconfigure(QuerierSettings(), self.now))
        self.says(TO_EX, host_number=2)
        self.now += 1
        self.note(self.querier.reconfigure(self.settings, self.now))
        self.says(TO_IN, host_number=1)
        self.assertEqual(
            (self.subscription(), self.specific_queries()), (ANY_SOURCE, [query_at(2)])
        )


@both_families
class NextQueryTests(RouterTests):
    """When the next general query is due after a change of settings."""

    def test_reconfiguration_with_the_same_interval_keeps_the_next_query_time(self) -> None:
        """GQ-01: other settings do not advance it."""
        self.note(self.querier.start(self.now))
        self.pass_time(100)
        due = self.querier.next_general_query
        self.note(self.querier.reconfigure(self.settings, self.now))
        self.assertEqual(self.querier.next_general_query, due)


@both_families
class ReconfigurationTests(RouterTests):
    """``reconfigure``: the settings change while the router runs."""

    def become(self, **changes: object) -> None:
        """Apply other settings."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        self.note(self.querier.reconfigure(self.settings, self.now))

    def general(self) -> list[float]:
        """Return when general queries were sent since the last call, and forget all queries."""
        times = [when - START for when, query in self.sent if not any(query.group)]
        self.sent.clear()
        return times

    def test_reconfiguration_keeps_members_and_timers(self) -> None:
        """Nothing is sent, and no group changes."""
        self.given_exclude(x=(1,), y=(2,))
        self.changed.clear()
        self.become(query_interval=20.0, max_groups=1, max_group_sources=1)
        self.check_exclude({1: 270}, {2}, 270)
        self.assertEqual((self.sent, self.changed), ([], []))
        self.pass_time(200)
        self.says(IS_EX, 2)
        self.check_exclude({}, {2}, 60)

    def test_shorter_query_interval_applies_to_the_next_query(self) -> None:
        """TU-01: it is sent at once if it is overdue by then."""
        self.note(self.querier.start(self.now))
        self.pass_time(100)
        self.general()
        self.become(query_interval=10.0)
        self.pass_time(30)
        self.assertEqual(self.general(), [100, 110, 120, 130])

    def test_report_after_a_shorter_interval_uses_the_new_membership_interval(self) -> None:
        """TM-01: the group ends 60 s later."""
        self.says(TO_EX)
        self.become(query_interval=20.0)
        self.says(IS_EX)
        self.pass_time(59.9)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(0.1)
        self.assertEqual(self.subscription(), NOTHING)

    def test_longer_query_interval_applies_after_the_next_query(self) -> None:
        """TU-01: the next query may still use the old interval."""
        self.note(self.querier.start(self.now))
        self.pass_time(100)
        self.general()
        self.become(query_interval=1000.0)
        self.pass_time(2500)
        times = self.general()
        self.assertLessEqual(len(times), 4)
        self.assertEqual({b - a for a, b in pairwise(times[1:])}, {992.0})

    def test_adopted_settings_stay_while_another_router_is_the_querier(self) -> None:
        """QE-04, QE-05: ours apply when we are the querier again."""
        self.querier.set_address(host(self.family, 5))
        version = self.family.current_version
        self.receives(Query(version, self.family.unspecified, 10.0, robustness=3, interval=60))
        self.become(query_interval=20.0, last_member_query_interval=0.5)
        self.assertEqual(self.general(), [])
        settings = self.querier.settings
        self.assertEqual((settings.robustness, settings.query_interval), (3, 60))
        self.assertEqual(settings.last_member_query_interval, 0.5)
        self.pass_time(185)
        self.assertEqual(self.general(), [185])
        self.assertEqual(self.querier.settings, self.settings)

    def test_changed_static_groups_are_reported_as_changed(self) -> None:
        """DB-05: the removed ones and the added ones."""
        self.become(static={group(self.family, 1): ANY_SOURCE})
        self.become(static={group(self.family, 2): ANY_SOURCE})
        self.assertEqual(set(self.changed), {group(self.family, n) for n in (1, 2)})
        self.assertEqual((self.subscription(1), self.subscription(2)), (NOTHING, ANY_SOURCE))

    def test_leave_is_queried_until_all_hosts_reported_after_tracking_was_switched_on(self) -> None:
        """TU-02: earlier hosts are not known."""
        self.says(TO_EX, host_number=1)
        self.says(TO_EX, host_number=2)
        self.now += 1
        self.become(immediate_leave=True)
        self.says(TO_IN, host_number=1)
        self.assertEqual(
            (self.subscription(), self.specific_queries()), (ANY_SOURCE, [query_at(1)])
        )
        self.says(IS_EX, host_number=2)
        self.pass_time(100)
        self.says(IS_EX, host_number=2)
        self.pass_time(170)
        self.says(TO_IN, host_number=2)
        self.assertEqual(self.querier.groups, {})

    def test_leave_is_queried_after_tracking_was_switched_off(self) -> None:
        """TU-02: reports need no table of hosts."""
        self.become(immediate_leave=True)
        self.says(TO_EX)
        self.become(immediate_leave=False)
        self.assertIsNone(self.querier.hosts)
        self.says(IS_EX)
        self.says(TO_IN)
        self.assertEqual(
            (self.subscription(), self.specific_queries()), (ANY_SOURCE, [query_at(0)])
        )

    def test_changed_tracking_limits_apply_at_once(self) -> None:
        """SEC-04: known hosts stay."""
        self.become(explicit_tracking=True)
        self.says(TO_EX)
        self.become(max_hosts=1, max_group_hosts=1)
        assert self.querier.hosts is not None
        self.assertEqual((self.querier.hosts.most, self.querier.hosts.most_of_a_group), (1, 1))
        self.assertEqual(len(self.querier.hosts.times()), 1)

    def test_reconfiguration_keeps_the_counts_of_refusals(self) -> None:
        """The new limit applies."""
        self.become(max_groups=0)
        self.says(TO_EX)
        self.become(max_groups=1)
        self.assertEqual(self.querier.refused, {Refusal.MAX_GROUPS: 1})
        self.says(TO_EX)
        self.assertEqual(self.subscription(), ANY_SOURCE)
