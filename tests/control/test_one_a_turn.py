"""Functions that are called one in each turn of the reactor."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.one_a_turn import OneATurn

from ..turns import Turns


class OneATurnTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Turns()
        self.turns = OneATurn(self.clock)
        self.called: list[int] = []

    def call(self, number: int) -> None:
        self.turns.call(lambda: self.called.append(number))

    def test_first_call_of_a_turn_is_made_at_once(self) -> None:
        self.call(1)
        self.assertEqual(self.called, [1])
        self.clock.turn()
        self.call(2)
        self.assertEqual(self.called, [1, 2])

    def test_others_are_made_one_a_turn_in_their_order(self) -> None:
        for number in range(4):
            self.call(number)
        for most in range(1, 5):
            self.assertEqual(self.called, list(range(most)))
            self.clock.turn()

    def test_call_that_fails_keeps_no_other_back(self) -> None:
        self.call(1)
        self.turns.call(lambda: [].pop())
        self.call(3)
        self.assertRaises(IndexError, self.clock.turn)
        self.clock.turn()
        self.assertEqual(self.called, [1, 3])

    def test_idle_turns_cost_no_timer(self) -> None:
        self.call(1)
        self.clock.turn()
        self.assertEqual(self.clock.getDelayedCalls(), [])
