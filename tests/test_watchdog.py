"""The messages by which a service manager sees that the reactor runs."""

from __future__ import annotations

import os

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.watchdog import ALIVE, Watchdog, period

OTHER = str(os.getpid() + 1)


class PeriodTests(SynchronousTestCase):
    def test_period_is_for_the_process_that_is_named_or_for_any(self) -> None:
        mine = str(os.getpid())
        self.assertEqual(period({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": mine}), 3.0)
        self.assertEqual(period({"WATCHDOG_USEC": "500000"}), 0.5)
        self.assertEqual(period({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": OTHER}), 0)

    def test_without_a_period_none_is_wanted(self) -> None:
        for value in ("", "0", "-1", "x", "1.5"):
            self.assertEqual(period({"WATCHDOG_USEC": value}), 0, value)
        self.assertEqual(period({}), 0)


class WatchdogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.told: list[str] = []

    def watchdog(self, **environment: str) -> Watchdog:
        return Watchdog(self.clock, environment, self.told.append)

    def test_messages_come_three_times_in_each_period(self) -> None:
        self.watchdog(WATCHDOG_USEC="30000000").startService()
        self.assertEqual(self.told, [ALIVE])
        self.clock.pump([5.0] * 12)
        self.assertEqual(self.told, [ALIVE] * 7)

    def test_reactor_that_is_stuck_sends_none(self) -> None:
        self.watchdog(WATCHDOG_USEC="30000000").startService()
        self.clock.advance(100)  # one turn of the reactor, whose time has passed all the same
        self.assertEqual(self.told, [ALIVE] * 2)

    def test_stopped_watchdog_sends_none(self) -> None:
        watchdog = self.watchdog(WATCHDOG_USEC="30000000")
        watchdog.startService()
        watchdog.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing_is_sent_or_timed_where_nobody_wants_it(self) -> None:
        watchdog = self.watchdog(WATCHDOG_USEC="30000000", WATCHDOG_PID=OTHER)
        watchdog.startService()
        self.assertEqual((self.told, self.clock.getDelayedCalls()), ([], []))
        watchdog.stopService()
        self.assertFalse(watchdog.running)
