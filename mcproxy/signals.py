"""Signals: SIGTERM and SIGINT end the daemon, the second of them at once.

SIGHUP has it reload its configuration, SIGUSR2 has another process go on in its place.
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
    """Stops ``reactor`` on a signal, so that the exit code is 0; others call functions.

    The reactor's own handlers end the process by the same signal once more, and its exit
    code is then that of a crash to those who watch it.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, hangup: Callable[[], None], succeed: Callable[[], None]
    ) -> None:
        self._reactor = reactor
        self._called = {signal.SIGHUP: hangup, signal.SIGUSR2: succeed}
        self._asked = False

    def install(self) -> None:
        """Handle signals from now on, and also when the reactor runs."""
        for number in STOPPING:
            signal.signal(number, self._stop)
        for number in self._called:
            signal.signal(number, self._call)
        # The reactor puts these in when it is run. Put in after that, ours would come too
        # late for a signal in between.
        self._reactor.sigTerm = self._reactor.sigInt = self._stop

    def _stop(self, number: int, _: FrameType | None) -> None:
        # A stop that hangs may hang the reactor too, so the second is not left to it.
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
