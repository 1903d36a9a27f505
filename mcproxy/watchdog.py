"""Watchdog: tells the service manager again and again that the reactor runs (WatchdogSec=).

The reactor itself sends the message. If it is stuck, the message does not come, and the service
manager ends the process by SIGABRT and starts it again. The traceback of each thread then goes to
standard error, so that the journal shows where the reactor was.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable, Mapping
from contextlib import suppress

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from .systemd import notify

ALIVE = "WATCHDOG=1"

_PARTS = 3
"""Messages in each period of the service manager, so that one that is late does no harm."""


class Watchdog(Service):
    """Sends ALIVE while it runs, if the service manager asked this process for it.

    The environment says so: WATCHDOG_USEC is the period in microseconds, WATCHDOG_PID the process.
    Both stay valid for the program that this process becomes by ``mcproxy restart``.
    """

    name = "watchdog"

    def __init__(
        self,
        clock: IReactorTime,
        environment: Mapping[str, str] = os.environ,
        tell: Callable[[str], object] = notify,
    ) -> None:
        self._clock = clock
        self._interval = period(environment) / _PARTS
        self._tell = tell
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        """Send the first message, and go on."""
        super().startService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        if self._interval:
            _show_tracebacks()
            self._feed()

    def stopService(self) -> None:
        """Send nothing any more; the service manager has another limit for the time of a stop."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _feed(self) -> None:
        self._tell(ALIVE)
        self._call = self._clock.callLater(self._interval, self._feed)


def period(environment: Mapping[str, str]) -> float:
    """Seconds within which the service manager wants a message; 0 if it wants none."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    pid = environment.get("WATCHDOG_PID") or str(os.getpid())
    if not microseconds.isdecimal() or pid != str(os.getpid()):
        return 0.0
    return int(microseconds) / 1e6


def _show_tracebacks() -> None:
    # Without a file as standard error nobody would see them.
    with suppress(AttributeError, ValueError, RuntimeError, OSError):
        faulthandler.enable()
