"""What passes on an interface, with the kernel's times."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple

from .host import READER, timestamp
from .payload import PAYLOAD

_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
_SO_TIMESTAMPNS = 35
_PACKET_OUTGOING = 4
_IPPROTO_IGMP, _IPPROTO_UDP, _IPPROTO_ICMPV6 = 2, 17, 58
_MLD_TYPES = (130, 131, 132, 143)


class Frame(NamedTuple):
    """One IP packet: when, whether this node sent it, and its bytes from the IP header on."""

    time: float
    outgoing: bool
    packet: bytes


class Datum(NamedTuple):
    """A numbered packet of a stream, as seen on a link; addresses are text."""

    time: float
    source: str
    group: str
    sequence: int


class Capture:
    """Collects the packets of one interface: IGMP and MLD, or all IP packets with ``data``."""

    def __init__(self, interface: str, data: bool) -> None:
        self._data = data
        self._frames: list[Frame] = []
        self._changed = threading.Condition()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((interface, _ETH_P_ALL))
        self._socket.setblocking(False)
        READER.add(self._socket, self._read)

    def close(self) -> None:
        """Read no more; what was captured stays."""
        READER.remove(self._socket)
        self._socket.close()

    def frames(self, outgoing: bool | None = None) -> list[Frame]:
        """All packets so far, or those of one direction."""
        with self._changed:
            frames = list(self._frames)
        return [f for f in frames if outgoing is None or f.outgoing is outgoing]

    def clear(self) -> None:
        """Forget what was captured."""
        with self._changed:
            self._frames.clear()

    def data(self, outgoing: bool = False) -> Iterator[Datum]:
        """The stream packets among the frames of one direction."""
        for frame in self.frames(outgoing):
            datum = _datum(frame)
            if datum is not None:
                yield datum

    def wait_for(self, predicate: Callable[[Frame], bool], timeout: float = 5.0) -> Frame:
        """The first packet that ``predicate`` holds for; AssertionError after ``timeout``."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                for frame in self._frames[seen:]:
                    if predicate(frame):
                        return frame
                seen = len(self._frames)
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise AssertionError(f"no such packet among {seen} within {timeout} s")

    def _read(self) -> None:
        while True:
            try:
                data, ancillary, _, address = self._socket.recvmsg(65535, 128)
            except OSError:
                return
            if self._data or is_membership(data):
                frame = Frame(timestamp(ancillary), address[2] == _PACKET_OUTGOING, data)
                with self._changed:
                    self._frames.append(frame)
                    self._changed.notify_all()


def is_membership(packet: bytes) -> bool:
    """Whether an IP packet is IGMP or MLD."""
    if len(packet) < 20:
        return False
    if packet[0] >> 4 == 4:
        return packet[9] == _IPPROTO_IGMP
    at = 40 + (8 * (packet[41] + 1) if packet[6] == 0 and len(packet) > 41 else 0)
    last = packet[40] if packet[6] == 0 and len(packet) > 40 else packet[6]
    return last == _IPPROTO_ICMPV6 and len(packet) > at and packet[at] in _MLD_TYPES


_IPV4_ADDRESSES, _IPV6_ADDRESSES = Struct("12x4s4s"), Struct("8x16s16s")


def _datum(frame: Frame) -> Datum | None:
    packet = frame.packet
    if packet[0] >> 4 == 4:
        kind, start = packet[9], (packet[0] & 15) * 4
        family, addresses = socket.AF_INET, _IPV4_ADDRESSES
    else:
        kind, start = packet[6], 40
        family, addresses = socket.AF_INET6, _IPV6_ADDRESSES
    payload = packet[start + 8 :]
    if kind != _IPPROTO_UDP or len(payload) < PAYLOAD.size:
        return None
    source, group = (socket.inet_ntop(family, each) for each in addresses.unpack_from(packet))
    return Datum(frame.time, source, group, PAYLOAD.unpack_from(payload)[1])
