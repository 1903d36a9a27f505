"""Sender: each packet leaves from the address that its kind asks for."""

from __future__ import annotations

import errno
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy import sender as module
from mcproxy.linux.netlink.links import Link
from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import (
    Query,
    Record,
    RecordType,
    Report,
    RouterAdvertisement,
    RouterTermination,
    Send,
)
from mcproxy.sender import Sender

OWN4, OWN6, GLOBAL6 = packed("10.0.1.1"), packed("fe80::1"), packed("2001:db8::1")
JOIN = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, packed("239.1.1.1")),))
JOIN6 = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, packed("ff1e::1")),))
FULL = Link("up", 5, True, 1500, ((OWN4, 24),), ((GLOBAL6, 64), (OWN6, 64)))
BARE = Link("up", 5, True, 1500)


class FakeSocket:
    """Notes what leaves it, on which interface and where to; or fails by its ``error``."""

    closed = False

    def __init__(self) -> None:
        self.left: list[tuple[int, bytes, bytes]] = []
        self.error: OSError | None = None

    def sendmsg(self, parts: tuple[bytes], index: int, destination: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.left.append((index, *parts, destination))

    def close(self) -> None:
        self.closed = True


class SenderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.socket: Any = FakeSocket()
        self.left = self.socket.left
        self.patch(module, "way_out", lambda family, index, destination: (index, destination))
        self.patch(module, "send_without_address", self.send_bare)
        self.sender = Sender(lambda family: self.socket)
        self.sender.open(IPV4)
        self.sender.open(IPV6)

    def send_bare(self, interface: str, packet: bytes, destination: bytes) -> None:
        self.left.append((0, packet, destination))

    def test_report_is_sent_from_the_address_of_the_link(self) -> None:
        """IP4-SD-05, IP6-04: link-local in IPv6, whatever else there is."""
        for family, own, report in ((IPV4, OWN4, JOIN), (IPV6, OWN6, JOIN6)):
            destination = family.report_destination
            self.sender.send(family, FULL, [Send(destination, report)])
            expected = datagram.encode(family, own, destination, report)
            self.assertEqual(self.left.pop(), (5, expected, destination))

    def test_report_on_link_without_address_is_sent_from_unspecified_address(self) -> None:
        """IP4-SD-05, IP6-04."""
        for family, report in ((IPV4, JOIN), (IPV6, JOIN6)):
            self.sender.send(family, BARE, [Send(family.report_destination, report)])
            expected = datagram.encode(
                family, family.unspecified, family.report_destination, report
            )
            index = 0 if family is IPV4 else 5  # the kernel would put a source into IPv4's
            self.assertEqual(self.left.pop()[:2], (index, expected))

    def test_query_on_link_without_address_is_not_sent(self) -> None:
        """GQ-06, IP6-03."""
        for family in (IPV4, IPV6):
            query = Query(family.current_version, family.unspecified, 10.0)
            self.sender.send(family, BARE, [Send(family.all_nodes, query)])
        self.assertEqual(self.left, [])

    def test_router_discovery_is_sent_from_the_address_of_the_link_or_not_at_all(self) -> None:
        """MRD-01, 11, 21."""
        for family, own in ((IPV4, OWN4), (IPV6, OWN6)):
            to = family.all_snoopers
            packets = (RouterAdvertisement(20, 125, 2), RouterTermination())
            sends = [Send(to, packet) for packet in packets]
            self.sender.send(family, BARE, sends)
            self.assertEqual(self.left, [])
            self.sender.send(family, FULL, sends)
            expected = [(5, datagram.encode(family, own, to, one), to) for one in packets]
            self.assertEqual(self.left, expected)
            self.left.clear()
        kinds = {kind: count for (_, kind), count in self.sender.sent.items()}
        self.assertEqual(kinds, {"router-advertisement": 2, "router-termination": 2})

    def test_send_failure_is_counted_and_logged_once(self) -> None:
        told: list[Any] = []
        self.patch(self.sender, "log", type("Log", (), {"warn": lambda *a, **k: told.append(k)}))
        self.socket.error = OSError(errno.ENETDOWN, "Network is down")
        for _ in range(3):
            self.sender.send(IPV4, FULL, [Send(IPV4.report_destination, JOIN)])
        self.assertEqual(self.sender.failed["up", "report"], 3)
        self.assertEqual([event["interface"] for event in told], ["up"])
        self.socket.error = None
        self.sender.send(IPV4, FULL, [Send(IPV4.report_destination, JOIN)])
        self.socket.error = OSError(errno.ENETDOWN, "Network is down")
        self.sender.send(IPV4, FULL, [Send(IPV4.report_destination, JOIN)])
        self.assertEqual(len(told), 2)
        self.assertEqual(self.sender.sent["up", "report"], 1)

    def test_stop_closes_the_sockets(self) -> None:
        self.sender.startService()
        self.sender.stopService()
        self.assertTrue(self.socket.closed)
