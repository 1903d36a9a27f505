"""LateConnection: a client waits for the modules that answer it."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control import late_connection
from mcproxy.control.late_connection import Imports, LateConnection
from mcproxy.control.one_a_turn import OneATurn

from .test_one_a_turn import Turns


class Heard(Protocol):
    """Keeps what it receives."""

    def __init__(self) -> None:
        self.data = b""

    def dataReceived(self, data: bytes) -> None:
        self.data += data


class LateConnectionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.registered: set[Any] = set()
        self.thread: Deferred[Any] = Deferred()
        self.started: list[Any] = []
        self.patch(late_connection, "deferToThread", self.defer)
        self.turns = Turns()
        self.patch(late_connection, "_TURNS", OneATurn(self.turns))
        self.imports = Imports(("json",))
        self.made: list[Heard] = []

    def defer(self, function: Any) -> Deferred[Any]:
        self.started.append(function)
        return self.thread

    def registerProtocol(self, protocol: Any) -> None:
        self.registered.add(protocol)

    def unregisterProtocol(self, protocol: Any) -> None:
        self.registered.discard(protocol)

    def make(self) -> Heard:
        self.made.append(Heard())
        return self.made[-1]

    def connect(self) -> tuple[LateConnection, Any]:
        connection, transport = LateConnection(self, self.imports, self.make), StringTransport()
        transport.protocol = connection  # type: ignore[attr-defined]
        connection.makeConnection(transport)
        return connection, transport

    def test_client_is_read_when_the_modules_are_imported(self) -> None:
        connection, transport = self.connect()
        self.assertEqual((transport.producerState, self.registered), ("paused", {connection}))
        self.started[0]()
        self.thread.callback(None)
        self.assertTrue(self.imports.are_done)
        self.assertEqual((transport.producerState, self.registered), ("producing", set()))
        transport.protocol.dataReceived(b"GET")
        self.assertEqual((transport.protocol, self.made[0].data), (self.made[0], b"GET"))

    def test_modules_are_imported_once_for_many_clients(self) -> None:
        for _ in range(3):
            self.connect()
        self.thread.callback(None)
        self.assertEqual(len(self.started), 1)
        for number in (1, 2, 3):
            self.assertEqual(len(self.made), number)
            self.turns.turn()

    def test_clients_that_come_at_once_get_connections_one_a_turn(self) -> None:
        self.imports.are_done = True
        connections = [self.connect()[0] for _ in range(3)]
        self.assertEqual((len(self.made), self.started), (1, []))
        connections[1].connectionLost(Failure(ConnectionDone()))
        self.turns.turn()
        self.assertEqual(len(self.made), 1)
        self.turns.turn()
        self.assertEqual((len(self.made), self.registered), (2, set()))

    def test_client_that_leaves_meanwhile_gets_no_connection(self) -> None:
        connection, _ = self.connect()
        connection.connectionLost(Failure(ConnectionDone()))
        self.thread.callback(None)
        self.assertEqual((self.made, self.registered), ([], set()))

    def test_failed_import_cuts_the_connection_and_is_logged(self) -> None:
        _, transport = self.connect()
        self.thread.errback(ImportError("no such module"))
        self.assertEqual(len(self.flushLoggedErrors(ImportError)), 1)
        self.assertTrue(transport.disconnected)
