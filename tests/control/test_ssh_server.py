"""The limits of the manhole's SSH server: connections, and the time for a login."""

from __future__ import annotations

from typing import Any

from twisted.conch.ssh import transport
from twisted.cred.portal import Portal
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.ssh_keys import host_key
from mcproxy.control.ssh_server import LOGIN_TIME, MAX_CONNECTIONS, SshFactory

LOST = Failure(ConnectionDone())


class LimitTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        realm: Any = None
        self.factory = SshFactory(self.clock, Portal(realm), host_key(self.mktemp()))
        self.factory.doStart()
        self.addCleanup(self.factory.doStop)
        self.events: list[LogEvent] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def connect(self) -> tuple[Any, StringTransport]:
        """A connection and what it is connected to."""
        connection, peer = self.factory.buildProtocol(None), StringTransport()
        connection.makeConnection(peer)
        return connection, peer

    def logged(self, least: str = "info") -> list[str]:
        """The lines of mcproxy in the log, of this level and above."""
        levels = ("debug", "info", "warn", "error")
        return [
            f"{event['log_level'].name} {formatEvent(event)}"
            for event in self.events
            if event["log_namespace"].startswith("mcproxy")
            and levels.index(event["log_level"].name) >= levels.index(least)
        ]

    def test_connections_beyond_the_limit_are_refused_until_one_ends(self) -> None:
        connections = [self.connect()[0] for _ in range(MAX_CONNECTIONS)]
        self.assertIsNone(self.factory.buildProtocol(None))
        self.assertEqual(
            self.logged(),
            ["warn manhole: connection refused: 8 are open, which is the most that is allowed"],
        )
        connections[0].connectionLost(LOST)
        self.connect()
        self.assertIsNone(self.factory.buildProtocol(None))

    def test_connection_without_a_login_ends_after_its_time(self) -> None:
        _, peer = self.connect()
        self.clock.advance(LOGIN_TIME - 1)
        self.assertFalse(peer.disconnected)
        self.clock.advance(1)
        self.assertTrue(peer.disconnected)
        self.assertEqual(self.logged(), ["warn manhole: no login within 30 s; connection closed"])

    def test_connection_with_a_login_stays(self) -> None:
        connection, peer = self.connect()
        connection.avatar = connection.logoutFunction = lambda: None
        self.clock.advance(LOGIN_TIME + 1)
        self.assertFalse(peer.disconnected)
        connection.connectionLost(LOST)

    def test_connection_that_ends_leaves_no_timer(self) -> None:
        connection, _ = self.connect()
        connection.connectionLost(LOST)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_usual_end_is_logged_for_debugging_only(self) -> None:
        connection, _ = self.connect()
        connection.receiveError(transport.DISCONNECT_BY_APPLICATION, b"disconnected by user")
        connection.connectionLost(LOST)
        self.assertEqual(self.logged(), [])
        self.assertEqual(
            self.logged("debug"), ["debug manhole: the client disconnected: disconnected by user"]
        )

    def test_other_end_is_a_warning(self) -> None:
        connection, _ = self.connect()
        connection.receiveError(transport.DISCONNECT_PROTOCOL_ERROR, b"bad packet")
        self.assertEqual(
            self.logged(), ["warn manhole: the client disconnected: bad packet (code 2)"]
        )
