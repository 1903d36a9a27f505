"""The order in which upstreams are used, as links go and come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.upstreams.preference import Preference

from ..families import examples

NAMES = ("a", "b", "c")
FOREVER = float("inf")

steps = st.lists(st.tuples(st.integers(0, 12), st.frozensets(st.sampled_from(NAMES))), max_size=12)
"""Seconds that pass, and what works then."""


class PreferenceTests(SynchronousTestCase):
    """MU-08."""

    def setUp(self) -> None:
        self.now = 1000.0
        self.made = Preference(10.0)

    def order(self, working: str, after: float = 0.0) -> str:
        """The order when these work, so much later."""
        self.now += after
        self.made.note(NAMES, working, self.now)
        return "".join(self.made.order)

    def held(self) -> dict[str, float]:
        """Who is held, and for how long."""
        return {name: until - self.now for name, until in self.made.held().items()}

    def test_upstream_that_never_failed_has_the_place_of_its_priority(self) -> None:
        """Whenever it comes for the first time."""
        self.assertEqual(self.order("c"), "c")
        self.assertEqual(self.order("bc", 5), "bc")
        self.assertEqual(self.order("abc", 5), "abc")
        self.assertIsNone(self.made.next_deadline())

    def test_returning_upstream_comes_last_for_the_hold_time(self) -> None:
        self.order("abc")
        self.assertEqual(self.order("bc", 5), "bc")
        self.assertEqual(self.order("abc", 5), "bca")
        self.assertEqual(self.made.next_deadline(), self.now + 10)
        self.assertEqual(self.order("abc", 9.9), "bca")
        self.assertEqual(self.order("abc", 0.1), "abc")
        self.assertIsNone(self.made.next_deadline())

    def test_upstream_that_flaps_is_held_anew_each_time(self) -> None:
        self.order("ab")
        for _ in range(3):
            self.assertEqual(self.order("b", 9), "b")
            self.assertEqual(self.order("ab", 1), "ba")
        self.assertEqual(self.order("ab", 9), "ba")
        self.assertEqual(self.order("ab", 1), "ab")

    def test_upstream_that_returned_first_keeps_its_place(self) -> None:
        """None of them is better off, so nothing moves."""
        self.order("abc")
        self.order("", 1)
        self.assertEqual(self.order("c", 1), "c")
        self.assertEqual(self.order("ac", 1), "ca")
        self.assertEqual(self.order("abc", 1), "cab")
        self.assertEqual(self.order("abc", 8), "cab")
        self.assertEqual(self.order("abc", 1), "acb")
        self.assertEqual(self.order("abc", 1), "abc")

    def test_infinite_hold_time_holds_until_the_others_fail(self) -> None:
        self.made.hold_time = FOREVER
        self.order("ab")
        self.order("b")
        self.assertEqual(self.order("ab", 1e9), "ba")
        self.assertEqual(self.order("ab", 1e9), "ba")
        self.assertIsNone(self.made.next_deadline())
        self.assertEqual(self.held(), {"a": FOREVER})
        self.assertEqual(self.order("a"), "a")
        self.assertEqual(self.held(), {})
        self.assertEqual(self.order("ab"), "ab")

    def test_hold_time_of_zero_holds_until_the_next_call(self) -> None:
        self.made.hold_time = 0.0
        self.order("ab")
        self.order("b", 1)
        self.assertEqual(self.order("ab", 1), "ba")
        self.assertEqual(self.made.next_deadline(), self.now)
        self.assertEqual(self.order("ab"), "ab")
        self.assertIsNone(self.made.next_deadline())

    def test_held_upstream_is_one_that_a_lower_priority_comes_before(self) -> None:
        """One that nobody has taken the place of is not."""
        self.order("abc")
        self.order("b", 1)
        self.order("abc", 1)
        self.now += 4
        self.assertEqual(self.held(), {"a": 6.0})
        self.order("b", 6)
        self.order("b", 20)
        self.assertEqual(self.order("bc"), "bc")
        self.assertEqual(self.held(), {})

    def test_other_hold_time_applies_to_upstreams_already_held(self) -> None:
        """It holds for those as well that are held already."""
        self.order("ab")
        self.order("b")
        self.order("ab", 1)
        other = Preference(30.0)
        other.continue_from(self.made)
        self.made = other
        self.assertEqual(self.order("ab", 29), "ba")
        self.assertEqual(self.order("ab", 1), "ab")

    def test_newly_named_upstream_counts_as_never_failed(self) -> None:
        """What is named anew has never been down."""
        self.order("ab")
        self.order("b")
        self.order("ab", 1)
        self.made.note("b", "ab", self.now)
        self.assertEqual(self.made.order, ("b",))
        self.assertEqual(self.order("ab"), "ab")
        self.assertEqual(self.held(), {})

    @examples(2)
    @given(steps, st.sampled_from([0.0, 5.0, 10.0, FOREVER]))
    def test_order_follows_from_the_history_of_failures(
        self, history: list[tuple[int, frozenset[str]]], hold_time: float
    ) -> None:
        """Each that works is there once, and its place follows from when it was down last."""
        self.made = Preference(hold_time)
        self.now = 0.0
        seen: set[str] = set()
        since: dict[str, float] = {}
        before: frozenset[str] = frozenset()
        for seconds, working in history:
            order = self.order("".join(working), seconds)
            back = working & seen - before
            since.update((name, self.now) for name in back)
            seen, before = seen | working, working
            held = {n for n in working if self.now < since.get(n, -FOREVER) + hold_time} | back
            settled = sorted(working - held)
            returning = sorted(held, key=lambda name: (name in back, since[name], name))
            self.assertEqual(order, "".join([*settled, *returning]))
