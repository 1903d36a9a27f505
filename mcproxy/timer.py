"""Timer: wakes state machines at their next deadline, with reactor.callLater."""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Reminder:
    """Calls back at the time that was set last.

    A machine's next deadline mostly moves to a later time. The scheduled call then stays as it
    is: it fires early, finds nothing due, and is scheduled again.
    """

    def __init__(self, clock: IReactorTime, due: Callable[[float], None]) -> None:
        self._clock = clock
        self._due = due
        self._when: float | None = None
        self._call: IDelayedCall | None = None

    @property
    def when(self) -> float | None:
        """The time of the next call; None if there is none."""
        return self._when

    def set(self, when: float | None) -> None:
        """Call back at ``when``, in seconds of the clock; None cancels."""
        self._when = when
        if when is None:
            self.cancel()
        elif self._call is None:
            self._call_at(when)
        elif when < self._call.getTime():
            self._call.cancel()
            self._call_at(when)

    def cancel(self) -> None:
        """Do not call back, until a time is set again."""
        self._when = None
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _call_at(self, when: float) -> None:
        delay = max(0.0, when - self._clock.seconds())
        self._call = self._clock.callLater(delay, self._fire)

    def _fire(self) -> None:
        self._call = None
        now = self._clock.seconds()
        if self._when is None:
            return
        if self._when > now:
            self._call_at(self._when)
            return
        self._when = None
        self._due(now)


class Timer(Service):
    """The daemon's only clock, and the maker of its reminders."""

    name = "timer"

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def now(self) -> float:
        """Seconds on the reactor's clock."""
        return self._clock.seconds()

    def reminder(self, due: Callable[[float], None]) -> Reminder:
        """A new reminder, which calls ``due`` with the current time."""
        return Reminder(self._clock, due)
