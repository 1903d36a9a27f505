"""``twistd mcproxy``: its options, and the service that they make."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.python import usage

from .config.errors import ConfigurationError
from .config.model import Configuration
from .config.toml import from_interfaces, load
from .proxy import Proxy

log = Logger()


class Options(usage.Options):
    """A file, or interfaces on the command line."""

    synopsis = "[options]"
    optParameters = [  # noqa: N815, RUF012 - as Twisted has it
        ["config", "c", None, "The configuration file."],
        ["upstream", None, None, "Without a file: the upstream interface."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["downstream"] = []

    def opt_downstream(self, interface: str) -> None:
        """Without a file: a downstream interface. May be given several times."""
        self["downstream"].append(interface)

    def postOptions(self) -> None:
        """UsageError unless there is one way to a configuration."""
        by_name = self["upstream"] or self["downstream"]
        if bool(self["config"]) is bool(by_name):
            raise usage.UsageError("give --config FILE, or --upstream IF and --downstream IF")

    def configuration(self) -> Configuration:
        """What the options name; ConfigurationError."""
        if self["config"]:
            return load(self["config"])
        return from_interfaces(self["upstream"] or "", self["downstream"])


def makeService(options: Options) -> IService:
    """The daemon as twistd runs it."""
    from twisted.internet import reactor

    try:
        configuration = options.configuration()
    except ConfigurationError as error:
        raise usage.UsageError(str(error)) from error
    prepare(reactor)
    return build(reactor, configuration)


class CannotBuildError(Exception):
    """Something that the configuration asks for is not to be had; the text says what to do."""


def build(reactor: Any, configuration: Configuration) -> Proxy:
    """The service tree; CannotBuildError."""
    proxy = Proxy(reactor, configuration)
    if configuration.manhole is not None:
        try:
            from .control.manhole import make_service
        except ImportError as error:
            raise CannotBuildError(
                f"the manhole needs more ({error}): pip install 'mcproxy[manhole]', or remove "
                "the table [manhole]"
            ) from error
        try:
            make_service(reactor, configuration.manhole, proxy).setServiceParent(proxy)
        except (OSError, ValueError) as error:
            raise CannotBuildError(f"the manhole cannot be: {error}") from error
    return proxy


def prepare(reactor: Any) -> None:
    """Fit the reactor to a daemon whose timers must be right and whose end is no failure."""
    # Its clock must not jump when the machine's is set, as happens after the start of a
    # router. Nothing was scheduled by the old one yet.
    reactor.seconds = time.monotonic
    reactor.callWhenRunning(_handle_signals, reactor)


def _handle_signals(reactor: Any) -> None:
    """SIGTERM and SIGINT stop the reactor and no more: the exit code is then 0."""
    stop = _once(reactor)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: reactor.callFromThread(stop))
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(_no_reload))


def _once(reactor: Any) -> Callable[[], None]:
    """Stops the reactor; called again, ends at once, since stopping hangs."""
    asked: list[bool] = []

    def stop() -> None:
        if asked:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)
        asked.append(True)
        reactor.stop()

    return stop


def _no_reload() -> None:
    log.warn("SIGHUP: a running daemon takes no new configuration yet; restart it")
