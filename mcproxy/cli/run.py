"""``mcproxy run``: the daemon, in the foreground."""

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
    """Those of ``twistd mcproxy``, and the log's level."""

    command = (sys.executable, *sys.orig_argv[1:])
    synopsis = "Usage: mcproxy run --config FILE | --upstream IF --downstream IF ..."
    optParameters: ClassVar = [  # noqa: N815 - Twisted's name
        ["log-level", None, "info", f"What is logged at least: {', '.join(LEVELS)}."],
    ]

    def getSynopsis(self) -> str:
        """The first line of the help."""
        return self.synopsis

    def postOptions(self) -> None:
        """UsageError where the options do not fit."""
        super().postOptions()
        if self["log-level"] not in LEVELS:
            raise usage.UsageError(f"--log-level is one of {', '.join(LEVELS)}")


class Runner:
    """Runs a service in a reactor until somebody stops that; ``code`` is the exit code."""

    log = Logger()

    def __init__(self, reactor: Any, service: IService) -> None:
        self.code = DONE
        self._reactor = reactor
        self._service = service

    def run(self) -> int:
        """The exit code, when all has ended."""
        self._reactor.callWhenRunning(self._start)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        self._reactor.run()
        return self.code

    def _start(self) -> None:
        try:
            self._service.privilegedStartService()
            self._service.startService()
        except tap.START_ERRORS as error:
            self._fail(tap.tell(error))
        except Exception:
            self.log.failure("the daemon cannot start")
            self._fail(NO)

    def _fail(self, code: int) -> None:
        self.code = code
        self._reactor.stop()

    def _stop(self) -> Deferred[None]:
        return maybeDeferred(self._service.stopService).addErrback(self._stop_failed)

    def _stop_failed(self, failure: Failure) -> None:
        if self.code == DONE:  # else it is only half started, and why was told
            self.log.failure("the daemon did not stop in good order", failure)
            self.code = NO


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM or SIGINT (exit code 0), or tell why not."""
    options = Options()
    try:
        options.parseOptions(list(arguments))
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
