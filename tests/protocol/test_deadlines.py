"""Deadlines, compared with a plain dictionary."""

from __future__ import annotations

import math
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol import deadlines as module
from mcproxy.protocol.deadlines import Deadlines

from .families import examples

Step = tuple[str, str, int]

steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(["schedule", "schedule", "cancel", "pop"]),
        st.sampled_from("abcd"),
        st.integers(0, 9),
    ),
    max_size=40,
)


class DeadlinesTests(SynchronousTestCase):
    """The deadlines of keys."""

    def test_empty_deadlines_have_nothing_due(self) -> None:
        """Now or later."""
        deadlines: Deadlines[str] = Deadlines()
        self.assertEqual(deadlines.next, math.inf)
        self.assertIsNone(deadlines.pop(1e9))
        self.assertEqual(len(deadlines._when), 0)

    def test_key_is_due_at_its_time(self) -> None:
        """Not before, and once only."""
        deadlines: Deadlines[str] = Deadlines()
        deadlines.schedule("a", 5.0)
        self.assertIsNone(deadlines.pop(4.9))
        self.assertEqual(deadlines.pop(5.0), "a")
        self.assertIsNone(deadlines.pop(5.0))

    def test_key_scheduled_later_keeps_the_earlier_time(self) -> None:
        """The caller asks again when it is called."""
        deadlines: Deadlines[str] = Deadlines()
        deadlines.schedule("a", 5.0)
        deadlines.schedule("a", 9.0)
        self.assertEqual(deadlines.next, 5.0)

    def test_cancelled_key_may_be_scheduled_again(self) -> None:
        """The cancelled entry in the heap does not count."""
        deadlines: Deadlines[str] = Deadlines()
        deadlines.schedule("a", 5.0)
        deadlines.cancel("a")
        deadlines.cancel("b")
        deadlines.schedule("a", 7.0)
        self.assertEqual(deadlines.next, 7.0)
        self.assertEqual(deadlines.pop(7.0), "a")
        self.assertEqual(deadlines.next, math.inf)

    @given(steps)
    @examples(20)
    def test_random_history_gives_the_deadlines_of_the_model(self, history: list[Step]) -> None:
        """A dictionary of the earliest times, after every step."""
        self.compare(history)

    @given(steps, st.integers(1, 4))
    @examples(40)
    def test_history_is_the_same_while_a_heap_is_cleaned(
        self, history: list[Step], moved: int
    ) -> None:
        """The heap is cleaned again and again, in steps of a few entries."""
        with patch.object(module, "_SLACK", -1), patch.object(module, "_MOVED", moved):
            self.compare(history)

    def compare(self, history: list[Step]) -> None:
        """Check the deadlines and those of the model after each step."""
        deadlines: Deadlines[str] = Deadlines()
        model: dict[str, int] = {}
        for action, key, when in history:
            if action == "schedule":
                deadlines.schedule(key, when)
                model[key] = min(when, model.get(key, when))
            elif action == "cancel":
                deadlines.cancel(key)
                model.pop(key, None)
            else:
                popped = deadlines.pop(when)
                first = min(model.items(), key=lambda item: item[::-1], default=("", when + 1))
                self.assertEqual(popped, first[0] if first[1] <= when else None)
                model.pop(popped or "", None)
            self.assertEqual(len(deadlines._when), len(model))
            self.assertEqual(deadlines.next, min(model.values(), default=math.inf))


class CountedTime(float):
    """A time that counts how often times are compared."""

    compared = 0

    def __lt__(self, other: float) -> bool:
        CountedTime.compared += 1
        return super().__lt__(other)


class CompactionTests(SynchronousTestCase):
    """Cancelled keys are removed from the heap."""

    def test_heap_stays_small_when_a_key_is_rescheduled_often(self) -> None:
        """The key is scheduled and cancelled before it is due."""
        deadlines: Deadlines[str] = Deadlines()
        deadlines.schedule("stays", 500.0)
        for step in range(10_000):
            deadlines.schedule("hops", 1000.0 - step / 100)
            deadlines.cancel("hops")
        self.assertLess(len(deadlines._heap), 100)
        self.assertEqual((deadlines.next, deadlines.pop(500.0)), (500.0, "stays"))

    def test_no_call_cleans_the_whole_heap(self) -> None:
        """Each moves a few entries: a packet must not wait for thousands of them."""
        deadlines: Deadlines[int] = Deadlines()
        for key in range(5000):
            deadlines.schedule(key, CountedTime(9000 + key))
        most = 0
        for key in range(5000):
            before = CountedTime.compared
            deadlines.schedule(key, CountedTime(1000 + key))
            deadlines.cancel(key - 1)
            most = max(most, CountedTime.compared - before)
        self.assertLess(most, 250)
        self.assertEqual((deadlines.pop(9999.0), deadlines.next), (4999, math.inf))

    def test_order_is_kept_when_the_heap_is_compacted(self) -> None:
        """However often that happens."""
        deadlines: Deadlines[int] = Deadlines()
        for key in range(1000):
            deadlines.schedule(key, 2000.0 - key)
            deadlines.schedule(key, 1000.0 - key)
            if key % 3:
                deadlines.cancel(key)
        found = [deadlines.pop(5000.0) for _ in range(len(deadlines._when))]
        self.assertEqual(found, [key for key in range(999, -1, -1) if key % 3 == 0])
