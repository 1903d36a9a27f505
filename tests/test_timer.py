"""Timer: reminders that come when they should, and not more often than needed."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.timer import Timer


class RunningClock(Clock):
    """Goes on by a microsecond whenever somebody looks."""

    def seconds(self) -> float:
        self.rightNow += 1e-6
        return self.rightNow


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

    def test_same_time_again_leaves_the_call_as_it_is(self) -> None:
        """Also on a real clock, which goes on while the call is made."""
        reminder = Timer(RunningClock()).reminder(self.due.append)
        reminder.set(3.0)
        call = reminder._call
        reminder.set(3.0)
        self.assertIs(reminder._call, call)

    def test_earlier_time_replaces_the_first(self) -> None:
        self.reminder.set(8.0)
        call = self.clock.getDelayedCalls()[0]
        self.reminder.set(3.0)
        self.assertEqual(self.clock.getDelayedCalls(), [call])  # it was moved
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


class MissedDeadlineTests(SynchronousTestCase):
    """TM-06: the daemon was stopped, as in a virtual machine that is suspended."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.due: list[float] = []
        self.is_behind = False
        self.reminder = Timer(self.clock, lambda: self.is_behind).reminder(self.due.append)

    def test_packets_that_wait_in_sockets_are_read_first(self) -> None:
        """A reader is called between two turns of the clock, as in a reactor."""
        order: list[str] = []
        reminder = Timer(self.clock).reminder(lambda _: order.append("due"))
        reminder.set(1.0)
        self.clock.rightNow += 4.5
        self.clock.calls.pop(0).func()  # the reactor runs what is due, ...
        order.append("read")  # ... reads sockets, ...
        self.clock.advance(0)  # ... and runs what is due
        self.assertEqual(order, ["read", "due"])

    def test_packets_that_were_read_are_processed_first(self) -> None:
        self.is_behind = True
        self.reminder.set(1.0)
        self.clock.advance(4.5)
        self.assertEqual(self.due, [])
        self.is_behind = False
        self.clock.advance(0.01)
        self.assertEqual(len(self.due), 1)

    def test_wait_for_packets_is_limited(self) -> None:
        """Queries go out on time although a flood never ends."""
        self.is_behind = True
        self.reminder.set(1.0)
        self.clock.pump([4.5] + [0.01] * 60)
        self.assertEqual(len(self.due), 1)

    def test_deadline_that_was_not_missed_does_not_wait(self) -> None:
        self.is_behind = True
        self.reminder.set(1.0)
        self.clock.advance(1.05)
        self.assertEqual(self.due, [1.05])

    def test_reminder_that_waits_can_be_set_and_cancelled(self) -> None:
        self.is_behind = True
        self.reminder.set(1.0)
        self.clock.advance(4.5)
        self.reminder.set(6.0)
        self.clock.pump([0.1] * 10)
        self.assertEqual(self.due, [])
        self.clock.advance(0.6)
        self.reminder.cancel()
        self.clock.advance(9)
        self.assertEqual(len(self.due), 1)
