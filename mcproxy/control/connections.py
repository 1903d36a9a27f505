"""Connections of the control socket and the HTTP endpoint: how many there are at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import ServerFactory

MOST_CONNECTIONS = 32
"""Clients at a time. Further ones are disconnected at once, so that stalled clients cost little."""


class ConnectionFactory(ServerFactory):
    """Makes a connection for each client, up to MOST_CONNECTIONS.

    ``make`` gets this factory. What it returns registers itself when it is connected, and
    unregisters itself when the connection is lost, as ``policies.ProtocolWrapper`` does.
    """

    noisy = False

    def __init__(self, make: Callable[[ConnectionFactory], IProtocol]) -> None:
        self._make = make
        self._connected: set[IProtocol] = set()

    def buildProtocol(self, _: IAddress | None) -> Any:
        """A protocol, or None to disconnect the client."""
        if len(self._connected) >= MOST_CONNECTIONS:
            return None
        return self._make(self)

    def registerProtocol(self, protocol: IProtocol) -> None:
        """Count a connection that was made."""
        self._connected.add(protocol)

    def unregisterProtocol(self, protocol: IProtocol) -> None:
        """Stop counting a connection that was lost."""
        self._connected.discard(protocol)
