"""TablePort: which packets it reads in one wake-up, and what it tells of those that are left."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.packet_info import Ancillary
from mcproxy.receiver import table_port
from mcproxy.receiver.table_port import TablePort


class FakeTable:
    """Stands for a TableProtocol."""

    is_behind = False
    slice_ends = 0.0

    def __init__(self, sock: socket.socket) -> None:
        self.table = self
        self.socket = sock
        self.received: list[bytes] = []
        self.ends: list[bool] = []

    def makeConnection(self, transport: Any) -> None:
        """It does not use its transport."""

    def connectionLost(self, reason: Any) -> None:
        """It holds nothing."""

    def datagramReceived(self, data: bytes, ancillary: Ancillary, address: Any) -> None:
        self.received.append(data)

    def end_reading(self, is_behind: bool) -> None:
        self.ends.append(is_behind)


class ReadingTests(SynchronousTestCase):
    def setUp(self) -> None:
        near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.far.close)
        near.setblocking(False)
        self.table: Any = FakeTable(near)
        self.port = TablePort(self.table, MemoryReactor())
        self.port.startListening()
        self.addCleanup(self.port.stopListening)
        for datagram in (b"1", b"2", b"3"):
            self.far.send(datagram)

    def test_wake_up_after_a_wait_reads_one_packet_and_begins_a_slice(self) -> None:
        self.port.read_first()
        self.assertEqual((self.table.received, self.table.ends), ([b"1"], []))
        self.assertGreater(self.table.slice_ends, 0)
        self.assertFalse(self.port.is_behind)

    def test_wake_up_without_a_wait_reads_to_the_end(self) -> None:
        self.port.doRead()
        self.assertEqual((self.table.received, self.table.ends), ([b"1", b"2", b"3"], [False]))
        self.assertFalse(self.port.is_behind)

    def test_reading_that_takes_too_long_is_behind_until_the_socket_is_empty(self) -> None:
        """Also where the reactor believes that it has waited, as it had no processor."""
        self.patch(table_port, "READING_SLICE", -1.0)
        for _ in range(100):
            self.far.send(b"more")
        self.port.doRead()
        self.assertEqual((self.table.ends, self.port.is_behind), ([True], True))
        self.port.read_first()
        self.assertEqual((self.table.ends, self.port.is_behind), ([True, False], False))
        self.assertEqual(len(self.table.received), 103)
