"""Signals: SIGTERM and SIGINT stop the daemon, and kill it when they come again.

SIGHUP makes it reload its configuration, SIGUSR2 makes it restart without a lost packet.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

STOPPING = (signal.SIGTERM, signal.SIGINT)


class SignalHandlers:
    """Stops ``reactor`` on a signal, with exit code 0; other signals call functions.

    The reactor's own handlers end the process by raising the signal again, which a service
    manager takes for a crash.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, hangup: Callable[[], None], succeed: Callable[[], None]
    ) -> None:
        self._reactor = reactor
        self._called = {signal.SIGHUP: hangup, signal.SIGUSR2: succeed}
        self._asked = False

    def install(self) -> None:
        """Begin to handle signals, before the reactor runs and while it does."""
        for number in STOPPING:
            signal.signal(number, self._stop)
        for number in self._called:
            signal.signal(number, self._call)
        # The reactor installs these two handlers when it starts; ours, installed after that,
        # would miss a signal in between.
        self._reactor.sigTerm = self._reactor.sigInt = self._stop

    def _stop(self, number: int, _: FrameType | None) -> None:
        # A stop that hangs may block the reactor, so the second signal does without it.
        if self._asked:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._asked = True
        self._reactor.callFromThread(self._stop_reactor, signal.Signals(number).name)

    def _stop_reactor(self, name: str) -> None:
        self.log.info("{name}: stopping", name=name)
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def _call(self, number: int, _: FrameType | None) -> None:
        self._reactor.callFromThread(self._called[signal.Signals(number)])
