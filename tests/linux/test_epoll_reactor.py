"""DatagramReactor: what ports read in which turn, and that nothing is left in a socket."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux import epoll_reactor
from mcproxy.linux.datagram_port import DatagramPort
from mcproxy.linux.epoll_reactor import WAITED, DatagramReactor, install

from .test_datagram_port import Recorder

LATER = 100 * WAITED


class FailingReader(FileDescriptor):
    """A reader of any other kind, with a fault."""

    def __init__(self, sock: socket.socket, reactor: Any) -> None:
        super().__init__(reactor)
        self.socket = sock

    def fileno(self) -> int:
        return self.socket.fileno()

    def doRead(self) -> None:
        raise RuntimeError("a fault of the reader")


class TurnTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = DatagramReactor()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self.addCleanup(self.close)
        self.protocol, self.port, self.far = self.listen()

    def close(self) -> None:
        self.reactor.removeAll()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self.reactor._poller.close()
        for waker in self.reactor._internalReaders:
            waker.connectionLost(None)

    def listen(self) -> tuple[Recorder, DatagramPort, socket.socket]:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        near.setblocking(False)
        self.addCleanup(far.close)
        protocol = Recorder()
        port = DatagramPort(near, protocol, self.reactor)
        port.startListening()
        self.addCleanup(port.stopListening)
        return protocol, port, far

    def send_later(self, *datagrams: bytes) -> None:
        """Send while the reactor waits."""

        def send() -> None:
            time.sleep(LATER)
            for datagram in datagrams:
                self.far.send(datagram)

        thread = threading.Thread(target=send)
        thread.start()
        self.addCleanup(thread.join)

    def test_datagram_that_ends_a_wait_is_read_alone(self) -> None:
        self.send_later(b"first")
        self.reactor.doPoll(10)
        self.assertEqual(self.protocol.received, [b"first"])

    def test_more_datagrams_after_a_wait_are_read_in_the_next_turn(self) -> None:
        self.send_later(b"1", b"2", b"3")
        self.reactor.doPoll(10)
        self.assertEqual(self.protocol.received[:1], [b"1"])
        time.sleep(10 * LATER)  # until all are sent
        self.reactor.doPoll(10)
        self.assertEqual(self.protocol.received, [b"1", b"2", b"3"])

    def test_datagrams_that_waited_for_the_reactor_are_read_to_the_end(self) -> None:
        self.patch(epoll_reactor, "perf_counter", lambda: 0.0)  # as if nothing took time
        for datagram in (b"1", b"2", b"3"):
            self.far.send(datagram)
        self.reactor.doPoll(10)
        self.assertEqual(self.protocol.received, [b"1", b"2", b"3"])

    def test_port_that_another_event_of_the_turn_has_stopped_is_not_called(self) -> None:
        other, stopped, far = self.listen()
        ports = {self.port: (self.protocol, stopped), stopped: (other, self.port)}
        for port, (protocol, victim) in ports.items():
            protocol.datagramReceived = (  # type: ignore[method-assign]  # whichever comes first
                lambda *_, victim=victim, port=port: self.note_and_stop(port, victim)
            )
        self.called: list[DatagramPort] = []
        self.far.send(b"one")
        far.send(b"two")
        self.reactor.doPoll(0)
        self.reactor.doPoll(0)
        self.assertEqual(len(self.called), 1)

    def note_and_stop(self, port: DatagramPort, victim: DatagramPort) -> None:
        self.called.append(port)
        victim.stopListening()

    def test_fault_of_another_reader_is_logged_and_does_not_stop_the_reactor(self) -> None:
        near, far = socket.socketpair()
        self.addCleanup(near.close)
        self.addCleanup(far.close)
        reader = FailingReader(near, self.reactor)
        self.reactor.addReader(reader)
        far.send(b"data")
        self.far.send(b"datagram")
        self.reactor.doPoll(10)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(self.protocol.received, [b"datagram"])
        self.assertNotIn(reader, self.reactor.getReaders())

    def test_poll_that_may_not_wait_never_counts_as_a_wait(self) -> None:
        """It may take long all the same, where other processes have the processor."""

        class SlowPoller:
            def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
                time.sleep(LATER)
                return events

            def close(self) -> None:
                """It holds nothing."""

        for datagram in (b"1", b"2", b"3"):
            self.far.send(datagram)
        events = self.reactor._poller.poll(1, 10)
        poller, self.reactor._poller = self.reactor._poller, SlowPoller()
        self.reactor.doPoll(0)
        self.reactor._poller = poller
        self.assertEqual(self.protocol.received, [b"1", b"2", b"3"])

    def test_time_limit_without_events_ends_the_turn(self) -> None:
        begin = time.monotonic()
        self.reactor.doPoll(0.02)
        self.assertGreaterEqual(time.monotonic() - begin, 0.019)
        self.assertEqual(self.protocol.received, [])


class InstallTests(SynchronousTestCase):
    def test_installing_leaves_the_reactor_of_the_process_as_it_is(self) -> None:
        from twisted.internet import reactor

        install()
        from twisted.internet import reactor as after

        self.assertIs(after, reactor)
