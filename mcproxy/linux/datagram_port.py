"""A non-blocking socket of any kind as the transport of a Twisted protocol."""

from __future__ import annotations

import errno
import socket
from typing import Any, Protocol

from twisted.internet import main
from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger
from twisted.python.failure import Failure

from .closing import close_socket
from .packet_info import Ancillary

READS_PER_WAKEUP = 64
"""The most datagrams to read before the reactor can serve others again.

One per wake-up loses packets under load; without a limit a flood would starve the timers.
"""

_TRUNCATED = int(socket.MSG_TRUNC)  # the flag of the enum costs a microsecond for each datagram

_BUFFER = memoryview(bytearray(65535))
"""All ports read into it, in one thread: what was read is copied before anything else happens."""

# The descriptor itself is unusable; all other errors are passing ones, of links and queues.
_FATAL = frozenset({errno.EBADF, errno.ENOTSOCK})


class DatagramSink(Protocol):
    """The protocol of a DatagramPort."""

    def makeConnection(self, transport: Any) -> None:
        """The port is about to read."""

    def datagramReceived(self, data: bytes, ancillary: Ancillary, address: Any) -> None:
        """One datagram came in."""

    def receiveFailed(self, error: OSError) -> None:
        """A read failed, and the port goes on reading; ENOBUFS means that datagrams were lost."""

    def connectionLost(self, reason: Failure) -> None:
        """The socket is closed."""


class DatagramPort(FileDescriptor):
    """Hands the datagrams of ``sock`` to ``protocol``, with their control messages.

    ``ancillary_size`` and ``buffer_size`` are bytes. A datagram larger than the buffer is
    dropped and reported as an EMSGSIZE failure. ``errors`` counts failures by errno.
    """

    log = Logger()

    def __init__(
        self,
        sock: socket.socket,
        protocol: DatagramSink,
        reactor: IReactorFDSet,
        ancillary_size: int = 256,
        buffer_size: int = 65535,
    ) -> None:
        super().__init__(reactor)
        self.socket = sock
        self.protocol = protocol
        self.errors: dict[int, int] = {}
        self._buffer = _BUFFER[:buffer_size]
        self._ancillary_size = ancillary_size
        self._reading = False

    def fileno(self) -> int:
        """The socket's descriptor, -1 once it is closed."""
        return self.socket.fileno()

    def logPrefix(self) -> str:
        """The protocol's name, for messages of the reactor."""
        return type(self.protocol).__name__

    def startListening(self) -> None:
        """Connect the protocol and begin to read."""
        self.connected = True
        self.protocol.makeConnection(self)
        self.startReading()

    def stopListening(self) -> None:
        """Close the socket and tell the protocol; stopping again is no error."""
        self.connectionLost(Failure(main.CONNECTION_DONE))  # type: ignore[no-untyped-call]  # untyped in Twisted

    def connectionLost(self, reason: Failure) -> None:
        """Close the socket and tell the protocol why."""
        if not self.connected:
            return
        self.stopReading()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # untyped in Twisted
        close_socket(self.socket)
        self.protocol.connectionLost(reason)

    def startReading(self) -> None:
        """Have the reactor call ``doRead`` when there is something to read."""
        self._reading = True
        super().startReading()  # type: ignore[no-untyped-call]  # untyped in Twisted

    def stopReading(self) -> None:
        """Stop reading at once, even in the middle of a wake-up."""
        self._reading = False
        super().stopReading()  # type: ignore[no-untyped-call]  # untyped in Twisted

    def doRead(self) -> None:
        """Hand over what has arrived, at most READS_PER_WAKEUP datagrams."""
        self.read()

    def read_first(self) -> None:
        """Hand over one datagram: the first after a wait, which is seldom one of many.

        A reactor that calls it calls ``doRead`` afterwards, as long as the socket is readable.
        """
        self.read(1)

    def read(self, most: int = READS_PER_WAKEUP) -> bool:
        """Hand over at most ``most`` datagrams; whether more may have arrived.

        No exception may leave this method: the reactor would drop the port.
        """
        receive, deliver = self.socket.recvmsg_into, self.protocol.datagramReceived
        buffer, size = self._buffer, self._ancillary_size
        buffers = [buffer]
        for _ in range(most):
            if not self._reading:
                return False
            try:
                length, ancillary, flags, address = receive(buffers, size)
            except BlockingIOError:
                return False
            except OSError as error:
                self._failed(error)
                continue
            try:
                if flags & _TRUNCATED:
                    self._failed(OSError(errno.EMSGSIZE, "larger than the buffer"))
                else:
                    deliver(bytes(buffer[:length]), ancillary, address)
            except Exception:
                self.log.failure(
                    "internal error: {protocol} could not handle a datagram, which is dropped",
                    protocol=self.logPrefix(),
                )
        return True

    def send(self, data: bytes, address: Any, ancillary: Ancillary = ()) -> None:
        """Send one datagram now; OSError when the kernel refuses it."""
        self.socket.sendmsg((data,), ancillary, 0, address)

    def _failed(self, error: OSError) -> None:
        number = error.errno or 0
        self.errors[number] = self.errors.get(number, 0) + 1
        if number in _FATAL:
            self.connectionLost(Failure(error))  # type: ignore[no-untyped-call]  # untyped in Twisted
            return
        try:
            self.protocol.receiveFailed(error)
        except Exception:
            self.log.failure(
                "internal error: {protocol} could not handle a read error",
                protocol=self.logPrefix(),
            )
