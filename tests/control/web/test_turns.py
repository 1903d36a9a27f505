"""Turn: a long cycle is spread over time."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.web import turns
from mcproxy.control.web.turns import PAUSE, QUICK_TURNS, Keyed, Turn


def rows(count: int) -> Iterator[Keyed | None]:
    for number in range(count):
        yield str(number), {"key": str(number)}


class TurnTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.patch(turns, "TURN_TIME", -1.0)  # each row is a turn

    def test_short_cycle_has_no_pauses(self) -> None:
        made = Turn(self.clock).encode(rows(3), 100, lambda _: (0, 0, 0))
        done = Deferred.fromCoroutine(made)
        self.clock.advance(0)
        texts, count = self.successResultOf(done)
        self.assertEqual((sorted(texts), count), (["0", "1", "2"], 3))

    def test_long_cycle_has_pauses_between_its_turns(self) -> None:
        made = Turn(self.clock).encode(rows(50), 100, lambda _: (0, 0, 0))
        done = Deferred.fromCoroutine(made)
        self.clock.advance(0)
        self.assertNoResult(done)
        pauses = 0
        while not done.called:
            self.clock.advance(PAUSE)
            pauses += 1
        self.assertEqual(pauses, 2 * 50 - QUICK_TURNS + 1)
        self.successResultOf(done)
