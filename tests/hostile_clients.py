"""Hostile clients of an HTTP endpoint: ``python hostile_clients.py WHERE SECONDS [KIND...]``.

WHERE is a UNIX socket's path or ``HOST:PORT``. A thread for each kind goes on until the time is
over. It stands alone: tests and benchmarks run it as a program of its own, so that it has a
processor for itself if there is one.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle

HOST = b"Host: 127.0.0.1\r\n"
CHANGE = b"POST /log-level HTTP/1.1\r\n" + HOST + b'Content-Length: 18\r\n\r\n{"level": "debug"}'
CROWD = 200
TIMEOUT = 1.0
"""Seconds that a client waits for anything."""

PAUSE = 0.01
"""Seconds between two connections of a kind."""


class Target:
    """Where clients connect, until the time is over."""

    def __init__(self, where: str, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        host, _, port = where.rpartition(":")
        self._address: str | tuple[str, int] = where if "/" in where else (host, int(port))

    def connect(self) -> socket.socket:
        """A connection; OSError."""
        family = socket.AF_UNIX if isinstance(self._address, str) else socket.AF_INET
        sock = socket.socket(family)
        sock.settimeout(TIMEOUT)
        try:
            sock.connect(self._address)
        except OSError:
            sock.close()
            raise
        return sock

    def is_open(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self._ends

    def sockets(self) -> Iterator[socket.socket]:
        """One connection after the other; errors do not matter."""
        while self.is_open():
            with suppress(OSError), self.connect() as sock:
                yield sock
            time.sleep(PAUSE)


def _exchange(target: Target, *parts: bytes) -> None:
    """Send something again and again, and read what comes."""
    for sock, part in zip(target.sockets(), cycle(parts), strict=False):
        with suppress(OSError):
            sock.sendall(part)
            while sock.recv(1 << 16):
                pass


def garbage(target: Target) -> None:
    """Bytes that are no request."""
    _exchange(target, os.urandom(10_000), b"\x16\x03\x01" + bytes(600), b"\r\n" * 5000, bytes(9999))


def huge(target: Target) -> None:
    """Headers and bodies without an end."""
    for number, sock in enumerate(target.sockets()):
        head = (
            b"GET / HTTP/1.1\r\nA: ",
            b"POST /reload HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000000000\r\n\r\n",
            b"POST /reload HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        )[number % 3]
        with suppress(OSError):
            sock.sendall(head)
            for _ in range(1000):
                sock.sendall(b"a" * 65536)


def crowd(target: Target) -> None:
    """Very many clients at once, which take no answer."""
    while target.is_open():
        clients = []
        for _ in range(CROWD):
            with suppress(OSError):
                clients.append(target.connect())
        for sock in clients:
            with suppress(OSError):
                sock.sendall(b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n")
        for sock in clients:
            sock.close()
        time.sleep(0.2)


def slow(target: Target) -> None:
    """Very many clients that send a byte from time to time."""
    clients: list[socket.socket] = []
    request = b"GET /status HTTP/1.1\r\nA: " + b"a" * 1000
    for byte in request:
        if not target.is_open():
            break
        while len(clients) < CROWD // 4:
            try:
                clients.append(target.connect())
            except OSError:
                break
        for sock in list(clients):
            try:
                sock.send(bytes([byte]))
            except OSError:
                sock.close()
                clients.remove(sock)
        time.sleep(0.1)


def half_closed(target: Target) -> None:
    """Clients that say at once that nothing more comes."""
    for sock in target.sockets():
        with suppress(OSError):
            sock.sendall(b"GET /groups HTTP/1.1\r\n" + HOST + b"\r\n")
            sock.shutdown(socket.SHUT_WR)
            time.sleep(0.05)


def pipelined(target: Target) -> None:
    """A thousand requests at once."""
    _exchange(target, (b"GET /interfaces HTTP/1.1\r\n" + HOST + b"\r\n") * 1000)


def smuggled(target: Target) -> None:
    """Requests that hide a change behind a body of unclear length."""
    _exchange(
        target,
        b"GET /status HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked"
        b"\r\n\r\n0\r\n\r\n" + CHANGE,
        b"GET /status HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n" * 2 + b"\r\n" + CHANGE,
        b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n" + CHANGE,
        b"GET /status HTTP/1.1\nX: y\n\n" + CHANGE,
    )


def deaf(target: Target) -> None:
    """Clients that ask for streams and long answers, and read nothing."""
    clients = []
    for path in (b"events", b"live", b"groups", b"routes", b"events?level=debug") * 2:
        with suppress(OSError):
            sock = target.connect()
            sock.sendall(b"GET /" + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            clients.append(sock)
    while target.is_open():
        time.sleep(0.1)


def chatty(target: Target) -> None:
    """A client that follows events and sends on and on."""
    for sock in target.sockets():
        with suppress(OSError):
            sock.sendall(b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n")
            while target.is_open():
                sock.sendall(bytes(65536))


def dear(target: Target) -> None:
    """What costs the daemon most to answer, without a pause."""
    paths = (b"explain?group=239.1.0.1", b"flows", b"metrics", b"config", b"statistics", b"health")
    _exchange(target, *(b"GET /" + path + b" HTTP/1.1\r\n" + HOST + b"\r\n" for path in paths))


KINDS: dict[str, Callable[[Target], None]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        garbage,
        huge,
        crowd,
        slow,
        half_closed,
        pipelined,
        smuggled,
        deaf,
        chatty,
        dear,
    )
}
"""Kinds of clients, by name."""


def main(where: str, seconds: str, *kinds: str) -> None:
    """Attack until the time is over."""
    target = Target(where, float(seconds))
    threads = [threading.Thread(target=KINDS[kind], args=(target,)) for kind in kinds or KINDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
