"""A recorder on an interface that sleeps while the measurement runs.

What it records is read when a measurement is over: the kernel stamps each packet with the time
at which it passed, so nothing here has to be awake, and the processors are left to the daemon
and to the kernel. (``mcproxy.lab.capture`` reads along, which a test wants.)
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

from mcproxy.linux.bpf import assemble, attach, drop, if_equal, keep, load_byte, load_half

_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_PACKET_OUTGOING = 4
_ARRIVAL_PROTOCOL = 0xFFFFF000  # SKF_AD_OFF + SKF_AD_PROTOCOL
_BUFFER = 1 << 28
_TIMESPEC = struct.Struct("@qq")


class Kind(NamedTuple):
    """Which packets: those of a link-layer protocol with such a byte at a place."""

    protocol: int
    at: int
    value: int


IGMP, UDP = Kind(_ETH_P_IP, 9, 2), Kind(_ETH_P_IP, 9, 17)
MLD, UDP6 = Kind(_ETH_P_IPV6, 6, 0), Kind(_ETH_P_IPV6, 6, 17)  # MLD has hop-by-hop options


class Packet(NamedTuple):
    """An IP packet as it passed: nanoseconds of the system's clock, direction, bytes."""

    time: int
    outgoing: bool
    bytes: bytes


class Tap:
    """Records the packets of one kind on an interface of the current namespace."""

    def __init__(self, interface: str, kind: Kind) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:  # root of a user namespace: what the machine allows
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        attach(self._socket, _only(kind))
        self._socket.bind((interface, _ETH_P_ALL))
        self._socket.setblocking(False)

    def sent(self) -> list[Packet]:
        """What left the interface since the last reading."""
        return [packet for packet in self.read() if packet.outgoing]

    def received(self) -> list[Packet]:
        """What came in on the interface since the last reading."""
        return [packet for packet in self.read() if not packet.outgoing]

    def read(self) -> list[Packet]:
        """All packets since the last reading."""
        packets: list[Packet] = []
        while True:
            try:
                data, ancillary, _, address = self._socket.recvmsg(2048, 64)
            except BlockingIOError:
                return packets
            seconds, nanoseconds = _TIMESPEC.unpack_from(ancillary[0][2])
            stamp = seconds * 1_000_000_000 + nanoseconds
            packets.append(Packet(stamp, address[2] == _PACKET_OUTGOING, data))

    def close(self) -> None:
        """Stop recording."""
        self._socket.close()


def _only(kind: Kind) -> bytes:
    """The socket filter that lets packets of ``kind`` pass."""
    return assemble(
        load_half(_ARRIVAL_PROTOCOL),
        if_equal(kind.protocol, "", "drop"),
        load_byte(kind.at),
        if_equal(kind.value, "", "drop"),
        keep(),
        "drop",
        drop(),
    )
