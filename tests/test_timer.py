"""Timer: reminders that come when they should, and not more often than needed."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.timer import Timer


class ReminderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.due: list[float] = []
        self.reminder = Timer(self.clock).reminder(self.due.append)

    def test_reminder_calls_back_at_its_time(self) -> None:
        self.reminder.set(3.0)
        self.clock.advance(2.9)
        self.assertEqual(self.due, [])
        self.clock.advance(0.1)
        self.assertEqual(self.due, [3.0])

    def test_later_time_replaces_the_first(self) -> None:
        self.reminder.set(3.0)
        call = self.clock.getDelayedCalls()[0]
        self.reminder.set(8.0)
        self.assertEqual(self.clock.getDelayedCalls(), [call])  # nothing was touched
        self.clock.pump([3.0, 4.9])
        self.assertEqual(self.due, [])
        self.clock.advance(0.1)
        self.assertEqual(self.due, [8.0])

    def test_earlier_time_replaces_the_first(self) -> None:
        self.reminder.set(8.0)
        self.reminder.set(3.0)
        self.clock.advance(3.0)
        self.assertEqual(self.due, [3.0])
        self.clock.advance(10.0)
        self.assertEqual(self.due, [3.0])

    def test_past_time_calls_back_in_the_next_turn(self) -> None:
        self.clock.advance(5.0)
        self.reminder.set(1.0)
        self.assertEqual(self.due, [])
        self.clock.advance(0)
        self.assertEqual(self.due, [5.0])

    def test_none_and_cancel_end_the_reminder(self) -> None:
        self.reminder.set(1.0)
        self.reminder.set(None)
        self.clock.advance(2.0)
        self.reminder.set(3.0)
        self.reminder.cancel()
        self.clock.advance(4.0)
        self.assertEqual(self.due, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_reminder_can_be_set_within_its_call(self) -> None:
        reminder = Timer(self.clock).reminder(lambda now: reminder.set(now + 1.0))
        reminder.set(1.0)
        self.clock.pump([1.0, 1.0, 1.0])
        self.assertEqual([call.getTime() for call in self.clock.getDelayedCalls()], [4.0])
