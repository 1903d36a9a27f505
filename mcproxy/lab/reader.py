"""One thread that reads all sockets of this process's labs, with the time of each packet."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from struct import Struct
from typing import TYPE_CHECKING

from ..linux.buffers import enlarge_receive_buffer

if TYPE_CHECKING:
    from _typeshed import HasFileno

_SO_TIMESTAMPNS = 35
_TIMESPEC = Struct("=qq")
READS_PER_TURN = 256
"""The most reads of one socket before the others have their turn."""


class Reader:
    """Calls a function, in its thread, whenever a socket has something to read."""

    def __init__(self) -> None:
        self._selector = selectors.EpollSelector()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, sock: HasFileno, read: Callable[[], None]) -> None:
        """Begin to call ``read``, which must not block or raise."""
        with self._lock:
            # The kernel lets a socket be added while the thread waits for the others.
            self._selector.register(sock, selectors.EVENT_READ, read)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="lab reader", daemon=True)
                self._thread.start()

    def remove(self, sock: HasFileno) -> None:
        """Stop reading ``sock``; its function does not run any more when this returns."""
        with self._lock:
            if sock.fileno() >= 0 and sock in self._selector.get_map():
                self._selector.unregister(sock)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                with self._lock:
                    # Another thread may have closed it, and its number may be another socket's.
                    if self._selector.get_map().get(key.fd) == key:
                        key.data()


READER = Reader()


def prepare(sock: socket.socket, buffer: int) -> None:
    """Make ``sock`` ready for the Reader: kernel timestamps and room for ``buffer`` bytes."""
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    enlarge_receive_buffer(sock, buffer)


def timestamp(ancillary: Iterable[tuple[int, int, bytes]]) -> float:
    """When the kernel received a packet; the time now if there is no timestamp."""
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            return float(seconds + nanoseconds / 1e9)
    return time.time()
