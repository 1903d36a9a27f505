"""``mcproxy run``: run the daemon in the foreground."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from twisted.application.service import IService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from .. import __version__, tap
from ..config.paths import CONFIGURATION
from ..exit_codes import DONE, NO
from ..logs import LEVELS, start_logging
from .late_imports import late_imports
from .parsers import make_parser


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
    made = parser()
    options = made.parse_args(arguments)
    if options.config is not None and (options.upstream or options.downstream):
        made.error(tap.ONE_OF_BOTH)
    load = partial(tap.configured, options.config, options.upstream, options.downstream)
    try:
        configuration = load()
        with late_imports():
            from ..linux.epoll_reactor import install

            install()
            from twisted.internet import reactor
        start_logging(options.log_level)
        service = tap.build(reactor, configuration, load, options.socket, COMMAND)
    except tap.START_ERRORS as error:
        return tap.tell(error)
    return Runner(reactor, service).run()


COMMAND = (sys.executable, *sys.orig_argv[1:])
"""Starts this program again, for a restart."""


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = make_parser(
        "run",
        "Run the daemon in the foreground until SIGTERM or SIGINT. The configuration is a file, "
        "or one instance with the interfaces that are named.",
        (
            "run",
            "run --config /etc/mcproxy.toml --log-level debug",
            "run --upstream eth0 --downstream eth1 --downstream 'lan*'",
        ),
    )
    made.add_argument("--version", action="version", version=f"mcproxy {__version__}")
    described = f"the configuration file (default: {CONFIGURATION})"
    made.add_argument("-c", "--config", metavar="FILE", help=described)
    for role, what in (
        ("upstream", "an upstream interface; the first of several is preferred"),
        ("downstream", "a downstream interface or a pattern"),
    ):
        described = f"{what}; may be repeated"
        made.add_argument(f"--{role}", metavar="IF", action="append", default=[], help=described)
    described = "least level of the log lines: %(choices)s (default: info)"
    made.add_argument(
        "--log-level", metavar="LEVEL", choices=tuple(LEVELS), default="info", help=described
    )
    described = "the control socket, in place of the file's; empty for none"
    made.add_argument("--socket", metavar="PATH", help=described)
    return made
