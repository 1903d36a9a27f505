"""A non-blocking socket of any kind as the transport of a Twisted protocol."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet import main
from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger
from twisted.python.failure import Failure

READS_PER_WAKEUP = 64
"""Datagrams taken at most before the reactor may look after others again.

One a wake-up loses packets under load, all of them would let a flood starve the timers.
"""

Ancillary = list[tuple[int, int, bytes]]
"""Control messages as ``recvmsg`` gives them: level, kind, value."""

# The descriptor itself is of no more use; all other errors pass, as links and queues do.
_FATAL = frozenset({errno.EBADF, errno.ENOTSOCK})


class DatagramSink(Protocol):
    """What a DatagramPort needs its protocol to be."""

    def makeConnection(self, transport: Any) -> None:
        """The port begins to read."""

    def datagramReceived(self, data: bytes, ancillary: Ancillary, address: Any) -> None:
        """One datagram came in."""

    def receiveFailed(self, error: OSError) -> None:
        """A read failed, and reading goes on; ENOBUFS says that datagrams were lost."""

    def connectionLost(self, reason: Failure) -> None:
        """The socket is closed."""


class DatagramPort(FileDescriptor):
    """Hands the datagrams of ``sock`` to ``protocol``, with their control messages.

    ``ancillary_size`` and ``buffer_size`` are bytes. A datagram larger than the buffer is
    not handed over but told as an EMSGSIZE failure. ``errors`` counts failures by errno.
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
        self._sizes = (buffer_size, ancillary_size)
        self._reading = False

    def fileno(self) -> int:
        """The socket's descriptor, -1 once it is closed."""
        return self.socket.fileno()

    def logPrefix(self) -> str:
        """The protocol's name, for the reactor's own messages."""
        return type(self.protocol).__name__

    def startListening(self) -> None:
        """Connect the protocol and read from now on."""
        self.connected = True
        self.protocol.makeConnection(self)
        self.startReading()

    def stopListening(self) -> None:
        """Close the socket and tell the protocol; again is no error."""
        self.connectionLost(Failure(main.CONNECTION_DONE))

    def connectionLost(self, reason: Failure) -> None:
        """Close the socket and tell the protocol why."""
        if not self.connected:
            return
        self.stopReading()
        super().connectionLost(reason)
        self.socket.close()
        self.protocol.connectionLost(reason)

    def startReading(self) -> None:
        """Let the reactor tell when there is something to read."""
        self._reading = True
        super().startReading()

    def stopReading(self) -> None:
        """Read no more, not even the rest of a wake-up that is going on."""
        self._reading = False
        super().stopReading()

    def doRead(self) -> None:
        """Hand over what has arrived, at most READS_PER_WAKEUP datagrams.

        Nothing may leave here as an exception: the reactor would drop the port.
        """
        receive, deliver = self.socket.recvmsg, self.protocol.datagramReceived
        buffer_size, ancillary_size = self._sizes
        for _ in range(READS_PER_WAKEUP):
            if not self._reading:
                return
            try:
                data, ancillary, flags, address = receive(buffer_size, ancillary_size)
            except BlockingIOError:
                return
            except OSError as error:
                self._failed(error)
                continue
            try:
                if flags & socket.MSG_TRUNC:
                    self._failed(OSError(errno.EMSGSIZE, "larger than the buffer"))
                else:
                    deliver(data, ancillary, address)
            except Exception:
                self.log.failure("{protocol} failed on a datagram", protocol=self.logPrefix())

    def send(
        self, data: bytes, address: Any, ancillary: Sequence[tuple[int, int, bytes]] = ()
    ) -> None:
        """Send one datagram now; OSError when the kernel does not take it."""
        self.socket.sendmsg((data,), ancillary, 0, address)

    def _failed(self, error: OSError) -> None:
        number = error.errno or 0
        self.errors[number] = self.errors.get(number, 0) + 1
        if number in _FATAL:
            self.connectionLost(Failure(error))
            return
        try:
            self.protocol.receiveFailed(error)
        except Exception:
            self.log.failure("{protocol} failed on an error", protocol=self.logPrefix())
