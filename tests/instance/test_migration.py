"""Groups that change over to another way of forwarding, a few at a time."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.migration import MOST_STEPS, PACE, Migration
from mcproxy.timer import Timer


class HandoverTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.changed: list[list[bytes]] = []

    def begin(self, count: int) -> Migration[str]:
        groups = [number.to_bytes(4) for number in range(count)]
        return Migration("before", groups, Timer(self.clock), self.changed.append)

    def test_one_after_the_other(self) -> None:
        handover = self.begin(3)
        self.assertEqual(self.changed, [])
        for step in range(3):
            self.assertIn(step.to_bytes(4), handover)
            self.clock.advance(PACE)
            self.assertNotIn(step.to_bytes(4), handover)
            self.assertEqual(self.changed[-1], [step.to_bytes(4)])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_very_many_take_no_more_steps(self) -> None:
        self.begin(50_000)
        self.clock.pump([PACE] * MOST_STEPS)
        self.assertEqual(sum(map(len, self.changed)), 50_000)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_it_can_be_ended(self) -> None:
        handover = self.begin(3)
        handover.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_without_groups_nothing_happens(self) -> None:
        self.begin(0)
        self.clock.advance(PACE)
        self.assertEqual(self.changed, [])
