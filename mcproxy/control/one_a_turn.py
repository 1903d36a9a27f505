"""OneATurn: calls one function in each turn of the reactor, so that many requests delay no join."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall


class OneATurn:
    """The first function of a turn is called at once, others in the next turns, in their order.

    Without ``clock`` it uses the reactor.
    """

    def __init__(self, clock: Any = None) -> None:
        self._clock = clock
        self._waiting: deque[Callable[[], object]] = deque()
        self._next: IDelayedCall | None = None

    def call(self, function: Callable[[], object]) -> None:
        """Call ``function`` now, or in its turn."""
        if self._next is None:
            self._end_turn()
            function()
        else:
            self._waiting.append(function)

    def _end_turn(self) -> None:
        if self._clock is None:
            from twisted.internet import reactor

            self._clock = reactor
        self._next = self._clock.callLater(0, self._begin_turn)

    def _begin_turn(self) -> None:
        self._next = None
        if self._waiting:
            self.call(self._waiting.popleft())
