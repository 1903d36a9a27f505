"""``mcproxy run``: run the daemon in the foreground."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.application.service import IService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

from .. import tap
from ..exit_codes import DONE, NO, WRONG_USE
from ..logs import LEVELS, start_logging


class Options(tap.Options):
    """The options of ``twistd mcproxy``, and the log level."""

    command = (sys.executable, *sys.orig_argv[1:])
    synopsis = "Usage: mcproxy run --config FILE | --upstream IF --downstream IF ..."
    optParameters: ClassVar = [  # noqa: N815 - Twisted's name
        [
            "log-level",
            None,
            "info",
            f"Least level of the log lines that are printed: {', '.join(LEVELS)}.",
        ],
    ]

    def getSynopsis(self) -> str:
        """The first line of the help text."""
        return self.synopsis

    def postOptions(self) -> None:
        """UsageError if the options contradict each other."""
        super().postOptions()
        if self["log-level"] not in LEVELS:
            raise usage.UsageError(f"--log-level must be one of {', '.join(LEVELS)}")


class Runner:
    """Runs a service in a reactor until the reactor stops; ``code`` is the exit code."""

    log = Logger()

    def __init__(self, reactor: Any, service: IService) -> None:
        self.code = DONE
        self._reactor = reactor
        self._service = service

    def run(self) -> int:
        """Run, and return the exit code when everything has stopped."""
        self._reactor.callWhenRunning(self._start)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        self._reactor.run()
        return self.code

    def _start(self) -> None:
        try:
            self._service.privilegedStartService()  # type: ignore[no-untyped-call]  # untyped in Twisted
            self._service.startService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        except tap.START_ERRORS as error:
            self._fail(tap.tell(error))
        except Exception:
            self.log.failure("internal error: the daemon cannot start")
            self._fail(NO)

    def _fail(self, code: int) -> None:
        self.code = code
        self._reactor.stop()

    def _stop(self) -> Deferred[None]:
        return maybeDeferred(self._service.stopService).addErrback(self._stop_failed)

    def _stop_failed(self, failure: Failure) -> None:
        if self.code == DONE:  # else the start failed, and its reason was printed
            self.log.failure("internal error: the daemon did not stop cleanly", failure)
            self.code = NO


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM or SIGINT; exit code 0, or another if the daemon cannot run."""
    options = Options()
    try:
        options.parseOptions(list(arguments))  # type: ignore[no-untyped-call]  # untyped in Twisted
    except usage.UsageError as error:
        print(f"mcproxy run: {error}", file=sys.stderr)
        return WRONG_USE
    try:
        configuration = options.configuration()
        from twisted.internet import reactor

        start_logging(options["log-level"])
        service = options.build(reactor, configuration)
    except tap.START_ERRORS as error:
        return tap.tell(error)
    return Runner(reactor, service).run()
