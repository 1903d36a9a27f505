"""Captures the packets of an interface, with the kernel's times."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple

from ..linux.bpf import assemble, attach, drop, if_equal, keep, load_byte, shift_right
from .payload import PAYLOAD
from .reader import READER, READS_PER_TURN, prepare, timestamp

_ETH_P_ALL = 0x0003
_PACKET_OUTGOING = 4
_BUFFER = 16 << 20
_IPPROTO_IGMP, _IPPROTO_UDP, _IPPROTO_ICMPV6 = 2, 17, 58
_MLD_TYPES = (130, 131, 132, 143, 151, 152, 153)
"""ICMPv6 types of MLD, and of Multicast Router Discovery (RFC 4286)."""

# The kernel filters: Python would be too slow for a thousand packets a second.
_ANY_IP = assemble(
    load_byte(0),
    shift_right(4),
    if_equal(4, "keep"),
    if_equal(6, "keep"),
    drop(),
    "keep",
    keep(),
)
_PERHAPS_MEMBERSHIP = assemble(
    load_byte(0),
    shift_right(4),
    if_equal(4, "IPv4"),
    if_equal(6, "IPv6", "drop"),
    "IPv6",
    load_byte(6),
    if_equal(0, "keep"),  # hop-by-hop options, as MLD has
    if_equal(_IPPROTO_ICMPV6, "keep", "drop"),
    "IPv4",
    load_byte(9),
    if_equal(_IPPROTO_IGMP, "keep"),
    "drop",
    drop(),
    "keep",
    keep(),
)


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
    hops: int


class Capture:
    """Collects the packets of one interface: IGMP and MLD, or all IP packets with ``data``."""

    def __init__(self, interface: str, data: bool) -> None:
        self._data = data
        self._frames: list[Frame] = []
        self._changed = threading.Condition()
        # Without a protocol no packet arrives before filter and interface are set.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        prepare(self._socket, _BUFFER)
        attach(self._socket, _ANY_IP if data else _PERHAPS_MEMBERSHIP)
        self._socket.bind((interface, _ETH_P_ALL))
        READER.add(self._socket, self._read)

    def close(self) -> None:
        """Stop reading; the captured packets stay."""
        READER.remove(self._socket)
        self._socket.close()

    def frames(self, outgoing: bool | None = None) -> list[Frame]:
        """All packets so far, or those of one direction."""
        with self._changed:
            frames = list(self._frames)
        return [f for f in frames if outgoing is None or f.outgoing is outgoing]

    def take(self) -> list[Frame]:
        """All packets so far, which the capture then forgets."""
        with self._changed:
            frames, self._frames = self._frames, []
        return frames

    def clear(self) -> None:
        """Forget the captured packets."""
        self.take()

    def data(self, outgoing: bool = False) -> Iterator[Datum]:
        """The stream packets among the frames of one direction."""
        for frame in self.frames(outgoing):
            datum = read_datum(frame)
            if datum is not None:
                yield datum

    def wait_for(self, predicate: Callable[[Frame], bool], timeout: float = 5.0) -> Frame:
        """The first packet that satisfies ``predicate``; AssertionError after ``timeout``."""
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
        for _ in range(READS_PER_TURN):
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


_IPV4_FIELDS, _IPV6_FIELDS = Struct("8xBB2x4s4s"), Struct("6xBB16s16s")


def read_datum(frame: Frame) -> Datum | None:
    """The stream packet in a frame; None if it is another packet."""
    packet = frame.packet
    if len(packet) < _IPV6_FIELDS.size:  # a numbered packet is never that short
        return None
    if packet[0] >> 4 == 4:
        family, start = socket.AF_INET, (packet[0] & 15) * 4
        hops, kind, *addresses = _IPV4_FIELDS.unpack_from(packet)
    else:
        family, start = socket.AF_INET6, 40
        kind, hops, *addresses = _IPV6_FIELDS.unpack_from(packet)
    payload = packet[start + 8 :]
    if kind != _IPPROTO_UDP or len(payload) < PAYLOAD.size:
        return None
    source, group = (socket.inet_ntop(family, each) for each in addresses)
    return Datum(frame.time, source, group, PAYLOAD.unpack_from(payload)[1], hops)
