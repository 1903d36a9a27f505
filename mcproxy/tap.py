"""``twistd mcproxy``: its options, and the service that they make."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import attrs
from twisted.application.service import IService, MultiService
from twisted.internet.interfaces import IProtocol
from twisted.python import usage

from . import __version__
from .config.errors import ConfigurationError
from .config.files import load
from .config.model import Configuration, ControlConfig, HttpConfig, ManholeConfig
from .config.native.toml import from_interfaces
from .config.paths import CONFIGURATION
from .control.changes import Changes
from .control.connections import ConnectionFactory
from .control.late_connection import Imports, LateConnection
from .control.machine import NEEDS_PACKAGES, how_to_install
from .control.unix_socket import ControlService
from .events.log_reader import LogReader
from .exit_codes import NO, NOT_PERMITTED
from .garbage import GarbageCollection
from .instance.plan.plan import plan_services
from .linux.mroute.errors import MulticastRoutingError, NotPermitted
from .logs import levels
from .optional_services import Make
from .proxy import Proxy
from .restart.handoff import Handoff
from .restart.inherited import inherited
from .signals import SignalHandlers
from .watchdog import Watchdog


class CannotBuildError(OSError):
    """Something that the configuration asks for cannot be made; the text says what to do."""


START_ERRORS = (ConfigurationError, MulticastRoutingError, CannotBuildError, OSError)
"""Errors that end a start with a line instead of a traceback."""


ONE_OF_BOTH = "give --config FILE, or --upstream IF and --downstream IF, but not both"


def configured(
    path: str | None, upstreams: Sequence[str], downstreams: Sequence[str]
) -> Configuration:
    """The configuration of interfaces, if some are given, or of a file; ConfigurationError."""
    if upstreams or downstreams:
        return from_interfaces(upstreams, downstreams)
    return load(CONFIGURATION if path is None else path)


class Options(usage.Options):
    """Options of ``twistd mcproxy``: a file, or interfaces."""

    synopsis = "[options]"
    longdesc = (
        "An IGMP/MLD proxy: forwards multicast from an upstream to the downstreams whose hosts "
        "have joined."
    )
    optParameters: ClassVar = [  # noqa: N815 - Twisted's name
        ["config", "c", None, f"The configuration file (default: {CONFIGURATION})."],
        ["socket", None, None, "The control socket, in place of the file's; empty for none."],
    ]

    command: Sequence[str] | None = None
    """The command that starts the daemon again, where it is known."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self["upstream"] = []
        self["downstream"] = []

    def opt_upstream(self, interface: str) -> None:
        """An upstream interface, if there is no file. May be repeated: the first is preferred."""
        self["upstream"].append(interface)

    def opt_downstream(self, interface: str) -> None:
        """A downstream interface or a pattern, if there is no file. May be repeated."""
        self["downstream"].append(interface)

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"mcproxy {__version__}")
        sys.exit(0)

    def postOptions(self) -> None:
        """UsageError if a file and interfaces are given."""
        if self["config"] is not None and (self["upstream"] or self["downstream"]):
            raise usage.UsageError(ONE_OF_BOTH)

    def configuration(self) -> Configuration:
        """The configuration that the options name, read again; ConfigurationError."""
        return configured(self["config"], self["upstream"], self["downstream"])

    def build(self, reactor: Any, configuration: Configuration) -> Proxy:
        """The service tree for ``configuration``; CannotBuildError or ConfigurationError."""
        return build(reactor, configuration, self.configuration, self["socket"], self.command)


def makeService(options: Options) -> IService:
    """The daemon as twistd runs it; SystemExit when the configuration cannot be used."""
    from twisted.internet import reactor

    try:
        return Daemon(options.build(reactor, options.configuration()))
    except START_ERRORS as error:
        raise SystemExit(tell(error)) from None


class Daemon(MultiService):
    """Prints one line when it cannot start, where twistd would print a traceback."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Twisted
        proxy.setServiceParent(self)  # type: ignore[no-untyped-call]  # untyped in Twisted

    def privilegedStartService(self) -> None:
        """Take what needs privileges, or exit."""
        try:
            super().privilegedStartService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        except START_ERRORS as error:
            raise SystemExit(tell(error)) from None


def tell(error: Exception) -> int:
    """Print ``error``, which ends a start, to standard error; the exit code."""
    text = str(error) if isinstance(error, ConfigurationError) else f"mcproxy: {error}"
    print(text, file=sys.stderr)
    return NOT_PERMITTED if isinstance(error, NotPermitted | PermissionError) else NO


def build(
    reactor: Any,
    configuration: Configuration,
    load: Callable[[], Configuration],
    socket: str | None = None,
    command: Sequence[str] | None = None,
) -> Proxy:
    """The service tree, and a reactor that fits it; CannotBuildError or ConfigurationError.

    ``load`` reads the configuration again for a reload. ``socket``, if it is given, replaces
    the configured control socket. ``command`` starts the daemon again for a restart. The
    daemon resumes the state that a previous process left.
    """
    _raise_descriptor_limit()
    # Timers must not jump when the machine's clock is set, as happens after the start of a
    # router. Nothing was scheduled by the old clock yet.
    reactor.seconds = time.monotonic
    proxy = Proxy(reactor, configuration, inherited())
    LogReader(proxy.events, levels, proxy.timer)
    handoff = Handoff(proxy, command)
    changes = Changes(proxy, load, handoff)
    SignalHandlers(reactor, changes.hangup, changes.restart_signalled).install()
    makers: dict[str, Make] = {
        "manhole": partial(_make_manhole, reactor, proxy),
        "control": partial(_make_control, reactor, proxy, changes, socket),
        "http": partial(_make_http, reactor, proxy),
    }
    proxy.optional_services.build(plan_services(configuration), makers)
    sys.setswitchinterval(SWITCH_INTERVAL)
    Watchdog(reactor).setServiceParent(proxy)  # type: ignore[no-untyped-call]  # untyped in Twisted
    GarbageCollection(reactor).setServiceParent(proxy)  # type: ignore[no-untyped-call]  # untyped in Twisted
    return proxy


SWITCH_INTERVAL = 0.0005
"""Seconds for which a thread waits while another one runs Python; joins wait for the routing
thread. Python's default is ten times as long."""


def _raise_descriptor_limit() -> None:
    """Allow as many as we may: each link takes two, and four during a restart."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now != most:  # the unit sets it, and forbids the call
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _make_manhole(reactor: Any, proxy: Proxy, config: ManholeConfig | None) -> IService | None:
    if config is None:
        return None
    try:
        from .control.manhole import make_service
    except ImportError as error:
        raise CannotBuildError(f"{NEEDS_PACKAGES} ({error}); {how_to_install()}") from error
    try:
        return make_service(reactor, config, proxy)
    except (OSError, ValueError) as error:
        reason = str(error)
        if isinstance(error, OSError) and error.filename is not None:
            reason = f"{error.filename}: {error.strerror}"
        raise CannotBuildError(f"the manhole cannot be made: {reason}") from error


def _make_http(reactor: Any, proxy: Proxy, config: HttpConfig | None) -> IService | None:
    if config is None:
        return None
    from .control.http_service import make_service

    return make_service(reactor, config, proxy)


def _make_control(
    reactor: Any,
    proxy: Proxy,
    changes: Changes,
    socket: str | None,
    config: ControlConfig,
) -> IService:
    # The web server takes memory: it is imported when the first client connects.
    imports = Imports(("mcproxy.control.api", "mcproxy.control.http"))

    def make(factory: ConnectionFactory) -> IProtocol:
        from .control.api import Api
        from .control.http import Connection, Endpoint

        return Connection(factory, reactor, Endpoint(Api(proxy, changes, reactor).handle))

    def connect(factory: ConnectionFactory) -> IProtocol:
        return LateConnection(factory, imports, partial(make, factory))

    if socket is not None:
        path = os.path.abspath(socket) if socket else ""
        return ControlService(reactor, attrs.evolve(config, socket=path), connect)
    # Nobody asked for the default socket: the daemon also runs without it.
    is_default = config == ControlConfig()
    return ControlService(reactor, None if is_default else config, connect)
