"""A sender that floods a link: ``python flood.py INTERFACE RATE SECONDS FILE``.

FILE has IP packets, each behind its length in two bytes. They are sent again and again, RATE
packets a second, with sendmmsg(2), so that the sender itself needs little of a processor. They
come from a link-layer address that no honest host of the lab has.
"""

from __future__ import annotations

import ctypes
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BATCH = 64
"""Packets of one system call."""

_ETH_P_IP, _ETH_P_IPV6 = 0x0800, 0x86DD
_LINK_LAYER_SOURCE = bytes.fromhex("02000000f100")


class _Vector(ctypes.Structure):
    """A struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """A struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """A struct mmsghdr."""

    _fields_ = (("header", _Header), ("sent", ctypes.c_uint))


def write_packets(path: Path, packets: list[bytes]) -> None:
    """Write a file for this program."""
    path.write_bytes(b"".join(len(each).to_bytes(2, "big") + each for each in packets))


def _packets(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        yield data[at + 2 : at + 2 + size]
        at += 2 + size


def _frame(packet: bytes) -> bytes:
    """An IP packet to a group as an Ethernet frame."""
    if packet[0] >> 4 == 4:
        kind, hardware = _ETH_P_IP, b"\x01\x00\x5e" + bytes([packet[17] & 0x7F]) + packet[18:20]
    else:
        kind, hardware = _ETH_P_IPV6, b"\x33\x33" + packet[36:40]
    return hardware + _LINK_LAYER_SOURCE + kind.to_bytes(2, "big") + packet


class Flood:
    """The packets as the kernel wants them; they stay in memory as long as this object."""

    def __init__(self, interface: str, packets: list[bytes]) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind((interface, 0))
        self._send = ctypes.CDLL(None, use_errno=True).sendmmsg
        frames = [_frame(each) for each in packets]
        self._buffers = [ctypes.create_string_buffer(each, len(each)) for each in frames]
        self._vectors = [_Vector(ctypes.addressof(each), len(each)) for each in self._buffers]
        self._messages = (_Message * len(packets))()
        for message, vector in zip(self._messages, self._vectors, strict=True):
            message.header.vectors = ctypes.addressof(vector)
            message.header.vector_count = 1

    def run(self, rate: float, seconds: float) -> int:
        """Send for a while; return how many packets the link took."""
        begin, sent, at = time.monotonic(), 0, 0
        size = ctypes.sizeof(_Message)
        while (passed := time.monotonic() - begin) < seconds:
            due = int(passed * rate) - sent
            if due <= 0:
                time.sleep(min(0.001, 1 / rate))
                continue
            count = min(due, BATCH, len(self._messages) - at)
            first = ctypes.byref(self._messages, at * size)
            taken = self._send(self._socket.fileno(), first, count, 0)
            sent += max(taken, 0)
            at = (at + max(taken, 0)) % len(self._messages)
        return sent


def main() -> None:
    """Send, and print how many packets were sent."""
    interface, rate, seconds, path = sys.argv[1:]
    flood = Flood(interface, list(_packets(Path(path))))
    print(flood.run(float(rate), float(seconds)))


if __name__ == "__main__":
    main()
