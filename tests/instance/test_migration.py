"""Migration: groups change over to source-by-source forwarding, a few at a time."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.migration import MOST_STEPS, PACE, Migration
from mcproxy.timer import Timer


class MigrationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.changed: list[list[bytes]] = []

    def begin(self, count: int) -> Migration[str]:
        groups = dict.fromkeys(number.to_bytes(4) for number in range(count))
        return Migration("before", groups, Timer(self.clock), self.changed.append)

    def test_groups_migrate_one_after_the_other(self) -> None:
        migration = self.begin(3)
        self.assertEqual(self.changed, [])
        for step in range(3):
            self.assertIn(step.to_bytes(4), migration)
            self.clock.advance(PACE)
            self.assertNotIn(step.to_bytes(4), migration)
            self.assertEqual(self.changed[-1], [step.to_bytes(4)])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_many_groups_migrate_in_a_bounded_number_of_steps(self) -> None:
        self.begin(50_000)
        self.clock.pump([PACE] * MOST_STEPS)
        self.assertEqual(sum(map(len, self.changed)), 50_000)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closed_migration_has_no_timer(self) -> None:
        migration = self.begin(3)
        migration.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_migration_without_groups_does_nothing(self) -> None:
        self.begin(0)
        self.clock.advance(PACE)
        self.assertEqual(self.changed, [])

    def test_migration_that_is_closed_within_a_step_ends_with_it(self) -> None:
        """What a step sets off may close it."""
        groups = [number.to_bytes(4) for number in range(3)]
        waiting = dict.fromkeys(groups)
        migration = Migration("before", waiting, Timer(self.clock), lambda _: migration.close())
        self.clock.advance(PACE)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([group in migration for group in groups], [False, True, True])

    def test_closed_migration_ignores_a_late_timer(self) -> None:
        migration = self.begin(3)
        migration.close()
        migration._migrate_some(PACE)
        self.assertEqual((self.changed, self.clock.getDelayedCalls()), ([], []))
