"""Deadlines, against a plain dictionary."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.deadlines import Deadlines

from .support import examples

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
    """When each key wants attention."""

    def test_empty(self) -> None:
        """Nothing is due, and nothing will be."""
        deadlines: Deadlines[str] = Deadlines()
        self.assertIsNone(deadlines.next())
        self.assertIsNone(deadlines.pop(1e9))
        self.assertEqual(len(deadlines._when), 0)

    def test_due_at_its_time(self) -> None:
        """Not before, and once only."""
        deadlines: Deadlines[str] = Deadlines()
        deadlines.schedule("a", 5.0)
        self.assertIsNone(deadlines.pop(4.9))
        self.assertEqual(deadlines.pop(5.0), "a")
        self.assertIsNone(deadlines.pop(5.0))

    def test_moved_later(self) -> None:
        """The earlier time stays: whoever is woken asks again."""
        deadlines: Deadlines[str] = Deadlines()
        deadlines.schedule("a", 5.0)
        deadlines.schedule("a", 9.0)
        self.assertEqual(deadlines.next(), 5.0)

    def test_cancelled_and_scheduled_again(self) -> None:
        """What was left in the heap does not come up."""
        deadlines: Deadlines[str] = Deadlines()
        deadlines.schedule("a", 5.0)
        deadlines.cancel("a")
        deadlines.cancel("b")
        deadlines.schedule("a", 7.0)
        self.assertEqual(deadlines.next(), 7.0)
        self.assertEqual(deadlines.pop(7.0), "a")
        self.assertIsNone(deadlines.next())

    @given(steps)
    @examples(20)
    def test_any_history(self, history: list[Step]) -> None:
        """A dictionary of the earliest times says the same after every step."""
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
            self.assertEqual(deadlines.next(), min(model.values(), default=None))


class CompactionTests(SynchronousTestCase):
    """Keys that come and go leave nothing behind."""

    def test_hopping_keeps_the_heap_small(self) -> None:
        """A key is scheduled and cancelled many times before its time comes."""
        deadlines: Deadlines[str] = Deadlines()
        deadlines.schedule("stays", 500.0)
        for step in range(10_000):
            deadlines.schedule("hops", 1000.0 - step / 100)
            deadlines.cancel("hops")
        self.assertLess(len(deadlines._heap), 100)
        self.assertEqual((deadlines.next(), deadlines.pop(500.0)), (500.0, "stays"))

    def test_order_survives_it(self) -> None:
        """What was scheduled comes out in order, however often it was cleared out."""
        deadlines: Deadlines[int] = Deadlines()
        for key in range(1000):
            deadlines.schedule(key, 2000.0 - key)
            deadlines.schedule(key, 1000.0 - key)
            if key % 3:
                deadlines.cancel(key)
        found = [deadlines.pop(5000.0) for _ in range(len(deadlines._when))]
        self.assertEqual(found, [key for key in range(999, -1, -1) if key % 3 == 0])
