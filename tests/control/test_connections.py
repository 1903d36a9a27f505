"""How many clients an endpoint has at a time."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.connections import (
    MOST_CONNECTIONS,
    MOST_OF_A_HOST,
    MOST_STREAMS,
    ConnectionFactory,
)

# In quotes: zope.interface 5 cannot make the union.
Peer = "IAddress | None"


def ipv4(host: str) -> IAddress:
    return IPv4Address("TCP", host, 1)


def ipv6(host: str) -> IAddress:
    return IPv6Address("TCP", host, 1)


class ConnectionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.open: list[Any] = []
        self.factory = ConnectionFactory(
            lambda factory: ProtocolWrapper(factory, Protocol()), "HTTP on [::]:80"
        )
        self.warnings: list[str] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)

    def note(self, event: Any) -> None:
        if event.get("log_namespace") == "mcproxy.control.connections.ConnectionFactory":
            self.warnings.append(event["log_format"].format(**event))

    def connect(self, peer: Peer) -> bool:
        """Connect as this client; whether the connection is accepted."""
        made = self.factory.buildProtocol(peer)
        if made is None:
            return False
        made.makeConnection(StringTransport(peerAddress=peer))
        self.open.append(made)
        return True

    def accepted(self, peer: Peer) -> int:
        """Connect as often as is possible; how often that was."""
        return sum(self.connect(peer) for _ in range(MOST_CONNECTIONS + 10))

    def close(self, number: int) -> None:
        for _ in range(number):
            self.open.pop().connectionLost(Failure(ConnectionDone()))

    def test_connection_beyond_the_limit_is_refused_until_another_ends(self) -> None:
        self.assertEqual(self.accepted(None), MOST_CONNECTIONS)
        self.close(1)
        self.assertEqual(self.accepted(None), 1)

    def test_programs_on_this_machine_share_all_connections(self) -> None:
        for peer in (UNIXAddress("/s"), ipv4("127.0.0.1"), ipv6("::1"), ipv6("::ffff:127.0.0.1")):
            self.assertEqual(self.accepted(peer), MOST_CONNECTIONS)
            self.close(MOST_CONNECTIONS)

    def test_another_machine_leaves_connections_to_others(self) -> None:
        self.assertEqual(self.accepted(ipv4("192.0.2.1")), MOST_OF_A_HOST)
        self.assertEqual(self.accepted(ipv6("::ffff:192.0.2.1")), 0)
        self.assertTrue(self.connect(ipv4("192.0.2.2")))
        self.close(2)
        self.assertTrue(self.connect(ipv4("192.0.2.1")))

    def test_addresses_of_one_subnet_are_one_client(self) -> None:
        peers = [ipv6(f"2001:db8::{number:x}") for number in range(1, MOST_OF_A_HOST + 1)]
        self.assertTrue(all(map(self.connect, peers)))
        self.assertFalse(self.connect(ipv6("2001:db8::ffff:1")))
        self.assertTrue(self.connect(ipv6("2001:db8:0:1::1")))

    def test_closed_connections_are_forgotten(self) -> None:
        for number in range(100):
            self.assertTrue(self.connect(ipv4(f"192.0.2.{number}")))
            self.close(1)
        self.assertEqual(len(self.factory._of_host), 0)

    def test_full_endpoint_is_logged_once_until_most_clients_are_gone(self) -> None:
        self.accepted(ipv4("127.0.0.1"))
        expected = (
            f"HTTP on [::]:80: {MOST_CONNECTIONS} connections are open, which is the most that is"
            " allowed; further ones are closed at once"
        )
        self.assertEqual(self.warnings, [expected])
        self.close(1)
        self.accepted(None)
        self.assertEqual(len(self.warnings), 1)
        self.close(MOST_CONNECTIONS)
        self.accepted(ipv4("192.0.2.1"))
        self.assertIn(f"{MOST_OF_A_HOST} connections of 192.0.2.1 are open", self.warnings[-1])

    def test_streams_leave_connections_for_single_answers(self) -> None:
        self.assertLess(MOST_STREAMS, MOST_CONNECTIONS)
        self.assertTrue(all(self.factory.begin_stream() for _ in range(MOST_STREAMS)))
        self.assertFalse(self.factory.begin_stream())
        self.factory.end_stream()
        self.assertTrue(self.factory.begin_stream())

    def test_all_connections_can_be_cut(self) -> None:
        self.accepted(None)
        self.factory.close_all()
        self.assertTrue(all(each.transport.disconnected for each in self.open))
