"""Timer: wakes state machines at their next deadline, with reactor.callLater."""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

LATE = 0.1
"""Seconds after which a deadline was missed: the daemon was stopped, or had no processor."""

PATIENCE = 0.5
"""Seconds that a missed deadline waits at most for packets that arrived before."""

_LOOK_INTERVAL = 0.005


class Reminder:
    """Calls back at the time that was set last: ``when``, None if there is none.

    A machine's next deadline mostly moves to a later time. The scheduled call then stays as it
    is: it fires early, finds nothing due, and is scheduled again. To an earlier time the call
    itself is moved.

    When a deadline was missed, packets that arrived in the meantime go first: they may have
    answered a query in time. ``is_behind`` tells whether such packets are still waiting.
    """

    def __init__(
        self,
        clock: IReactorTime,
        due: Callable[[float], None],
        is_behind: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._due = due
        self._is_behind = is_behind
        self._missed: float | None = None
        self.when: float | None = None
        self._call: IDelayedCall | None = None
        self._call_time = 0.0

    def set(self, when: float | None) -> None:
        """Call back at ``when``, in seconds of the clock; None cancels."""
        self.when = when
        if when is None:
            self.cancel()
        elif self._call is None:
            self._call_at(when)
        elif when < self._call_time:
            self._call_time = when
            self._call.reset(max(0.0, when - self._clock.seconds()))

    def cancel(self) -> None:
        """Do not call back, until a time is set again."""
        self.when = None
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _call_at(self, when: float) -> None:
        # Not what the call tells: the clock goes on before the delay is added to it, and each
        # packet would seem to bring an earlier deadline.
        self._call_time = when
        delay = max(0.0, when - self._clock.seconds())
        self._call = self._clock.callLater(delay, self._fire)

    def _fire(self) -> None:
        self._call = None
        now = self._clock.seconds()
        if self.when is None:
            self._missed = None
        elif self.when > now:
            self._missed = None
            self._call_at(self.when)
        elif now - self.when <= LATE or not self._lets_packets_go_first(now):
            self.when = self._missed = None
            self._due(now)

    def _lets_packets_go_first(self, now: float) -> bool:
        """Whether the call is put off: sockets are read once, and until nothing waits."""
        if self._missed is None:
            self._missed = now
            self._call_at(now)
        elif self._is_behind() and now < self._missed + PATIENCE:
            self._call_at(now + _LOOK_INTERVAL)
        else:
            return False
        return True


class Timer(Service):
    """The daemon's only clock, and the maker of its reminders.

    ``now`` returns seconds on the reactor's clock. ``is_behind`` tells whether packets may have
    arrived that are not processed yet.
    """

    name = "timer"

    def __init__(self, clock: IReactorTime, is_behind: Callable[[], bool] = lambda: False) -> None:
        self.now: Callable[[], float] = clock.seconds
        self._clock = clock
        self._is_behind = is_behind

    def reminder(self, due: Callable[[float], None]) -> Reminder:
        """A new reminder, which calls ``due`` with the current time."""
        return Reminder(self._clock, due, self._is_behind)
