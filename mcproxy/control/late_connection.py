"""LateConnection: a client waits while a thread imports the modules that answer it.

To import the web server takes tens of milliseconds. The reactor does its other work meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol as BaseProtocol
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from .one_a_turn import OneATurn


class Registry(Protocol):
    """Counts connections."""

    def registerProtocol(self, protocol: IProtocol) -> None:
        """Count a connection."""

    def unregisterProtocol(self, protocol: IProtocol) -> None:
        """Stop counting a connection."""


class Imports:
    """Imports modules once, in a thread, when they are needed first."""

    def __init__(self, names: Sequence[str]) -> None:
        self.are_done = False
        self._names = names
        self._waiting: list[Deferred[None]] | None = None

    def when_done(self) -> Deferred[None]:
        """Fires when all modules are imported; fails where one cannot be."""
        done: Deferred[None] = Deferred()
        if self._waiting is None:
            self._waiting = []
            deferToThread(self._import).addBoth(self._imported)
        self._waiting.append(done)
        return done

    def _import(self) -> None:
        for name in self._names:
            import_module(name)

    def _imported(self, result: Any) -> None:
        waiting, self._waiting = self._waiting or [], None
        self.are_done = not isinstance(result, Failure)
        for done in waiting:
            done.callback(None) if self.are_done else done.errback(result)


_TURNS = OneATurn()
"""Connections are made one in each turn of the reactor: each takes a tenth of a millisecond."""


class LateConnection(BaseProtocol):
    """The connection of a client until the ``imports`` are done and it has its turn.

    Then ``make`` makes its own connection.
    """

    log = Logger()

    def __init__(self, registry: Registry, imports: Imports, make: Callable[[], IProtocol]) -> None:
        self._registry = registry
        self._imports = imports
        self._make = make
        self._is_closed = False
        self._transport: Any = None

    def connectionMade(self) -> None:
        """Read nothing until the other protocol is there."""
        self._registry.registerProtocol(self)
        self._transport = self.transport  # declared with fewer methods than it has
        self._transport.pauseProducing()
        if self._imports.are_done:
            _TURNS.call(self._hand_over)
        else:
            done = self._imports.when_done()
            done.addCallbacks(lambda _: _TURNS.call(self._hand_over), self._failed)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # Twisted's default
        """The client is gone."""
        self._is_closed = True
        self._registry.unregisterProtocol(self)

    def _hand_over(self) -> None:
        if self._is_closed:
            return
        self._registry.unregisterProtocol(self)
        transport, made = self._transport, self._make()
        transport.protocol = made
        made.makeConnection(transport)
        transport.resumeProducing()

    def _failed(self, failure: Failure) -> None:
        self.log.failure("internal error: a client cannot be answered", failure)
        if not self._is_closed:
            self._transport.abortConnection()
