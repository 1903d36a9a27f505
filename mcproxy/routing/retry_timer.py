"""When to try again what the kernel refused: with a wait that grows."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds. A refusal for lack of memory ends soon; one for another reason may last."""


class RetryTimer:
    """Calls ``due`` after a wait that doubles from one refusal to the next, until ``reset``.

    It ``was_armed`` if something was refused since the start or ``reset``.
    """

    def __init__(self, clock: IReactorTime, due: Callable[[], None]) -> None:
        self.was_armed = False
        self._clock = clock
        self._due = due
        self._wait = 0.0
        self._call: IDelayedCall | None = None
        self._closed = False

    @property
    def is_first(self) -> bool:
        """Whether nothing was tried again since the start or ``reset``."""
        return self._wait <= FIRST_WAIT

    def arm(self) -> None:
        """Something was refused: try again after the wait, unless that is due already."""
        if self._call is None and not self._closed:
            self.was_armed = True
            self._wait = min(self._wait * 2 or FIRST_WAIT, LONGEST_WAIT)
            self._call = self._clock.callLater(self._wait, self._fire)

    def reset(self) -> None:
        """Nothing is refused any more: start with the shortest wait the next time."""
        self.was_armed = False
        self._wait = 0.0
        self._cancel()

    def close(self) -> None:
        """Try nothing again."""
        self._closed = True
        self._cancel()

    def _cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _fire(self) -> None:
        self._call = None
        self._due()
