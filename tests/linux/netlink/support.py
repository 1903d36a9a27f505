"""An interface monitor whose kernel is the test."""

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.netlink.links import Link
from mcproxy.linux.netlink.monitor import InterfaceMonitor

from ..messages import done


class Transport:
    """Notes the kinds of requests; its socket gives what waits there."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.socket, self.kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)

    def send(self, data: bytes, address: Any) -> None:
        self.asked.append((int.from_bytes(data[4:6], "little"), data[8]))

    def close(self) -> None:
        self.socket.close()
        self.kernel.close()


class MonitorTestCase(SynchronousTestCase):
    """A monitor, and what it reports."""

    def setUp(self) -> None:
        self.changes: list[tuple[Link | None, Link | None]] = []
        self.ready = self.losses = 0
        self.monitor = InterfaceMonitor(self.change, self.be_ready, self.lose_events)
        self.transport = Transport()
        self.addCleanup(self.transport.close)
        self.monitor.makeConnection(self.transport)

    def change(self, before: Link | None, after: Link | None) -> None:
        self.changes.append((before, after))

    def be_ready(self) -> None:
        self.ready += 1

    def lose_events(self) -> None:
        self.losses += 1

    def receive(self, *parts: bytes) -> list[tuple[Link | None, Link | None]]:
        """The changes that these messages, each a datagram, lead to."""
        self.changes.clear()
        for part in parts:
            self.monitor.datagramReceived(part, [], (0, 0))
        return list(self.changes)

    def start(self, *parts: bytes) -> None:
        links = [part for part in parts if part[4] == 16]
        addresses = [part for part in parts if part[4] != 16]
        self.receive(*links, done(1), *addresses, done(2))
        self.assertEqual(self.ready, 1)
