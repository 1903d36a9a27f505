"""The HTTP endpoint: a TCP port where clients read, and change nothing.

The modules that answer are imported when the first client connects.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IProtocol

from ..config.model import HttpConfig
from ..linux.tcp_listener import listening_socket
from .connections import ConnectionFactory
from .late_connection import Imports, LateConnection

if TYPE_CHECKING:
    from ..proxy import Proxy
    from .http import Endpoint

_IMPORTS = Imports(("mcproxy.control.reader", "mcproxy.control.http", "mcproxy.control.web_rules"))


class HttpService(Service):
    """Listens on the address and the port of ``config`` while it runs.

    ``measure`` is called with whether it runs: what only /metrics tells is measured then.
    ``privilegedStartService`` raises OSError if it cannot listen there.
    """

    name = "http"

    def __init__(
        self,
        reactor: Any,
        config: HttpConfig,
        make: Callable[[ConnectionFactory], IProtocol],
        measure: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._reactor = reactor
        self._measure = measure
        self._listen = config.listen
        self._factory = ConnectionFactory(make, f"HTTP on {config.listen}")
        self._port: Any = None

    def privilegedStartService(self) -> None:
        """Listen."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        host, _, port = self._listen.rpartition(":")
        try:
            with listening_socket(host.strip("[]"), int(port)) as sock:
                self._port = self._reactor.adoptStreamPort(
                    sock.fileno(), sock.family, self._factory
                )
        except OSError as error:
            reason = error.strerror or error
            raise OSError(
                f"cannot listen for HTTP on {self._listen}: {reason} (see listen in [http])"
            ) from error
        self._measure(True)

    def stopService(self) -> Deferred[None]:
        """Stop listening, and cut all connections."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        if self._port is None:
            return succeed(None)
        port, self._port = self._port, None
        self._factory.close_all()
        self._measure(False)
        return maybeDeferred(port.stopListening)


def make_service(reactor: Any, config: HttpConfig, proxy: Proxy) -> IService:
    """The HTTP endpoint as a service."""
    endpoints: list[Endpoint] = []

    def make(factory: ConnectionFactory) -> IProtocol:
        from .http import Connection

        if not endpoints:
            endpoints.append(_endpoint(reactor, config, proxy))
        return Connection(factory, reactor, endpoints[0])

    def connect(factory: ConnectionFactory) -> IProtocol:
        return LateConnection(factory, _IMPORTS, partial(make, factory))

    return HttpService(reactor, config, connect, proxy.measure_latencies)


def _endpoint(reactor: Any, config: HttpConfig, proxy: Proxy) -> Endpoint:
    from .http import Endpoint
    from .reader import Reader
    from .web_rules import HEADERS, rules

    reader = Reader(proxy, reactor, is_public=True)
    return Endpoint(reader.handle, 0, HEADERS, rules(config.hosts))
