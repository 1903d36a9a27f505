"""Connections of the control socket and the HTTP endpoint: how many there are at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, cast

from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger

MOST_CONNECTIONS = 32
"""Clients of an endpoint at a time. Further ones are disconnected at once, so that stalled clients
cost little."""

MOST_OF_A_HOST = 16
"""Of these, clients of one other machine, so that one machine keeps no others out."""

MOST_STREAMS = 24
"""Connections whose answer does not end; the rest of the connections is left for others."""

_SUBNET_BYTES = 8
"""A host can have all addresses of an IPv6 network of this length."""


class ConnectionFactory(ServerFactory):
    """Makes a connection for each client, up to MOST_CONNECTIONS and MOST_OF_A_HOST.

    ``make`` gets this factory. What it returns registers itself when it is connected, and
    unregisters itself when the connection is lost, as ``policies.ProtocolWrapper`` does. ``what``
    names the endpoint in the log.
    """

    log = Logger()
    noisy = False

    def __init__(
        self, make: Callable[[ConnectionFactory], IProtocol], what: str = "the control socket"
    ) -> None:
        self._make = make
        self._what = what
        self._connected: dict[IProtocol, bytes] = {}
        self._of_host: Counter[bytes] = Counter()
        self._has_warned = False
        self._streams = 0

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A protocol, or None to disconnect the client."""
        host = _host(addr)
        if len(self._connected) >= MOST_CONNECTIONS:
            return self._refuse(MOST_CONNECTIONS, "connections")
        if host and self._of_host[host] >= MOST_OF_A_HOST:
            return self._refuse(MOST_OF_A_HOST, f"connections of {getattr(addr, 'host', '')}")
        return self._make(self)

    def registerProtocol(self, protocol: Any) -> None:
        """Count a connection that was made."""
        host = _host(protocol.transport.getPeer())
        self._connected[protocol] = host
        self._of_host[host] += 1

    def unregisterProtocol(self, protocol: Any) -> None:
        """Stop counting a connection that was lost."""
        host = self._connected.pop(protocol, None)
        if host is not None:
            self._of_host[host] -= 1
            if not self._of_host[host]:
                del self._of_host[host]
        if len(self._connected) <= MOST_CONNECTIONS // 4:
            self._has_warned = False

    def begin_stream(self) -> bool:
        """Count an answer that does not end; False if there are MOST_STREAMS."""
        if self._streams >= MOST_STREAMS:
            return False
        self._streams += 1
        return True

    def end_stream(self) -> None:
        """Stop counting an answer, whose client is gone."""
        self._streams -= 1

    def close_all(self) -> None:
        """Cut all connections."""
        for protocol in list(self._connected):
            cast(Any, protocol).transport.abortConnection()

    def _refuse(self, most: int, of: str) -> None:
        """Warn, once until most clients are gone: there may be very many."""
        if not self._has_warned:
            self._has_warned = True
            self.log.warn(
                "{what}: {most} {of} are open, which is the most that is allowed; further ones are"
                " closed at once",
                what=self._what,
                most=most,
                of=of,
            )


def _host(addr: Any) -> bytes:
    """Who counts as one client: an address or a subnet; empty for programs on this machine."""
    try:
        address = ip_address(getattr(addr, "host", ""))
    except ValueError:
        return b""  # a UNIX socket
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return b""
    return address.packed if address.version == 4 else address.packed[:_SUBNET_BYTES]
