"""Senders of numbered packets."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Sequence

from .payload import PAYLOAD, family_of, level_of

_numbers = itertools.count(1)


def _open(group: str, index: int, source: str | None, port: int, ttl: int) -> socket.socket:
    family = family_of(group)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    if family == socket.AF_INET:
        request = bytes(8) + index.to_bytes(4, "little")
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    else:
        sock.setsockopt(level_of(family), socket.IPV6_MULTICAST_IF, index)
        sock.setsockopt(level_of(family), socket.IPV6_MULTICAST_HOPS, ttl)
        sock.setsockopt(level_of(family), socket.IPV6_MULTICAST_LOOP, 0)
    if source:
        sock.bind((source, 0))
    sock.connect((group, port))
    return sock


def send_burst(group: str, index: int, count: int, source: str | None, port: int, ttl: int) -> None:
    """Send packets 0 to ``count`` - 1 back to back."""
    with _open(group, index, source, port, ttl) as sock:
        number = next(_numbers)
        for sequence in range(count):
            sock.send(PAYLOAD.pack(number, sequence, time.time_ns()))


class Stream(threading.Thread):
    """Sends at a steady rate, without drift; ``sent`` counts the packets.

    Each packet goes out on all the interfaces of ``indexes``.
    """

    def __init__(
        self,
        group: str,
        indexes: Sequence[int],
        rate: float,
        source: str | None,
        port: int,
        ttl: int,
    ) -> None:
        super().__init__(daemon=True)
        self.group = group
        self.sent = 0
        self._interval = 1.0 / rate
        self._sockets = [_open(group, index, source, port, ttl) for index in indexes]
        self.source = self._sockets[0].getsockname()[0].partition("%")[0]
        self._stopping = threading.Event()

    def run(self) -> None:
        """Send until stopped; a packet that the kernel refuses counts as sent."""
        number = next(_numbers)
        due = time.monotonic()
        while not self._stopping.is_set():
            packet = PAYLOAD.pack(number, self.sent, time.time_ns())
            for sock in self._sockets:
                try:
                    sock.send(packet)
                except OSError:
                    time.sleep(0)  # the link is down, or its queue is full
            self.sent += 1
            due += self._interval
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(pause)

    def stop(self) -> int:
        """Stop; the number of packets sent."""
        self._stopping.set()
        if self.is_alive():
            self.join()
        for sock in self._sockets:
            sock.close()
        return self.sent

    close = stop
