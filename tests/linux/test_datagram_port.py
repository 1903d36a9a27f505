"""DatagramPort: datagrams of a socket for a protocol, and what may not stop it."""

import errno
import os
import socket
from typing import Any

from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.datagram_port import READS_PER_WAKEUP, Ancillary, DatagramPort


class Recorder:
    """A protocol that notes what it is told."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.ancillary: list[Ancillary] = []
        self.errors: list[int | None] = []
        self.lost: list[Failure] = []
        self.transport: Any = None
        self.fail = False

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def datagramReceived(self, data: bytes, ancillary: Ancillary, address: Any) -> None:
        self.received.append(data)
        self.ancillary.append(ancillary)
        if self.fail:
            raise RuntimeError("a fault of the protocol")

    def receiveFailed(self, error: OSError) -> None:
        self.errors.append(error.errno)
        if self.fail:
            raise RuntimeError("a fault of the protocol")

    def connectionLost(self, reason: Failure) -> None:
        self.lost.append(reason)


class FakeSocket:
    """Gives what stands in ``script``: datagrams and exceptions, then nothing more."""

    family = socket.AF_INET

    def __init__(self, *script: bytes | OSError) -> None:
        self.script = list(script)
        self.flags = 0
        self.closed = False

    def fileno(self) -> int:
        return -1 if self.closed else 99

    def close(self) -> None:
        self.closed = True

    def recvmsg_into(
        self, buffers: list[memoryview], ancillary_size: int
    ) -> tuple[int, list[Any], int, Any]:
        if not self.script:
            raise BlockingIOError(errno.EAGAIN, "nothing there")
        item = self.script.pop(0)
        if isinstance(item, OSError):
            raise item
        buffers[0][: len(item)] = item
        return len(item), [], self.flags, ("192.0.2.1", 0)


class RealSocketTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.far.close)
        self.near.setblocking(False)
        self.reactor = MemoryReactor()
        self.protocol = Recorder()
        self.port = DatagramPort(self.near, self.protocol, self.reactor)
        self.addCleanup(self.port.stopListening)
        self.port.startListening()

    def test_started_port_connects_its_protocol_and_reads(self) -> None:
        self.assertIs(self.protocol.transport, self.port)
        self.assertEqual(self.reactor.getReaders(), [self.port])
        self.assertEqual(self.port.fileno(), self.near.fileno())

    def test_waiting_datagrams_are_read_in_order(self) -> None:
        for number in range(5):
            self.far.send(b"%d" % number)
        self.port.doRead()
        self.assertEqual(self.protocol.received, [b"0", b"1", b"2", b"3", b"4"])
        self.port.doRead()
        self.assertEqual(len(self.protocol.received), 5)

    def test_one_wake_up_reads_a_bounded_number_of_datagrams(self) -> None:
        script = [b"x"] * (READS_PER_WAKEUP + 6)
        port = DatagramPort(FakeSocket(*script), self.protocol, self.reactor)  # type: ignore[arg-type]
        port.startListening()
        port.doRead()
        self.assertEqual(READS_PER_WAKEUP, 64)
        self.assertEqual(len(self.protocol.received), 64)
        port.doRead()
        self.assertEqual(len(self.protocol.received), 70)

    def test_control_messages_are_handed_over(self) -> None:
        self.near.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.far.send(b"who")
        self.port.doRead()
        [[(level, _, value)]] = self.protocol.ancillary
        self.assertEqual(level, socket.SOL_SOCKET)
        self.assertEqual(int.from_bytes(value[:4], "little"), os.getpid())

    def test_datagram_is_sent_at_once(self) -> None:
        self.port.send(b"hello", None)
        self.assertEqual(self.far.recv(10), b"hello")

    def test_send_error_is_raised(self) -> None:
        self.far.close()
        self.assertRaises(OSError, self.port.send, b"hello", None)

    def test_truncated_datagram_is_a_failure(self) -> None:
        port = DatagramPort(self.near, self.protocol, self.reactor, buffer_size=4)
        port.startListening()
        self.far.send(b"12345")
        self.far.send(b"1234")
        port.doRead()
        self.assertEqual(self.protocol.received, [b"1234"])
        self.assertEqual(self.protocol.errors, [errno.EMSGSIZE])

    def test_stop_closes_once_and_tells_the_protocol(self) -> None:
        self.port.stopListening()
        self.port.stopListening()
        self.assertEqual(len(self.protocol.lost), 1)
        self.assertEqual(self.near.fileno(), -1)
        self.assertEqual(self.reactor.getReaders(), [])

    def test_stop_within_a_wake_up_ends_reading(self) -> None:
        self.protocol.datagramReceived = (  # type: ignore[method-assign]
            lambda *_: (self.protocol.received.append(b"one"), self.port.stopListening())[0]
        )
        self.far.send(b"1")
        self.far.send(b"2")
        self.port.doRead()
        self.assertEqual(self.protocol.received, [b"one"])


class ErrorTests(SynchronousTestCase):
    def read(self, *script: bytes | OSError, fail: bool = False) -> None:
        self.protocol = Recorder()
        self.protocol.fail = fail
        self.sock = FakeSocket(*script)
        self.reactor = MemoryReactor()
        self.port = DatagramPort(self.sock, self.protocol, self.reactor)  # type: ignore[arg-type]
        self.port.startListening()
        self.result = self.port.doRead()  # type: ignore[func-returns-value]

    def test_reading_goes_on_after_passing_errors(self) -> None:
        for number in (
            errno.ENETDOWN,
            errno.ENOBUFS,
            errno.ECONNREFUSED,
            errno.EINTR,
            errno.EHOSTUNREACH,
            errno.EPROTO,
        ):
            self.read(OSError(number, "for now"), b"after")
            self.assertEqual(self.protocol.received, [b"after"])
            self.assertEqual(self.protocol.errors, [number])
            self.assertEqual(self.port.errors, {number: 1})
            self.assertEqual(self.reactor.getReaders(), [self.port])
            self.assertIs(self.result, None)

    def test_endless_errors_do_not_block_the_reactor(self) -> None:
        self.read(*[OSError(errno.ENETDOWN, "again") for _ in range(1000)])
        self.assertEqual(self.port.errors, {errno.ENETDOWN: READS_PER_WAKEUP})

    def test_closed_descriptor_ends_the_port(self) -> None:
        self.read(OSError(errno.EBADF, "closed"), b"never")
        self.assertEqual(self.protocol.received, [])
        self.assertEqual(len(self.protocol.lost), 1)
        self.assertEqual(self.reactor.getReaders(), [])

    def test_exception_of_the_protocol_is_logged_and_reading_goes_on(self) -> None:
        self.read(b"one", OSError(errno.ENETDOWN, "down"), b"two", fail=True)
        self.assertEqual(self.protocol.received, [b"one", b"two"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 3)
        self.assertEqual(self.reactor.getReaders(), [self.port])
