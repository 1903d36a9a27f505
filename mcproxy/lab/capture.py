"""What passes on an interface, with the kernel's times."""

from __future__ import annotations

import ctypes
import socket
import threading
import time
from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple

from .payload import PAYLOAD
from .reader import READER, READS_PER_TURN, prepare, timestamp

_ETH_P_ALL = 0x0003
_SO_ATTACH_FILTER = 26
_PACKET_OUTGOING = 4
_BUFFER = 16 << 20
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
    hops: int


class Capture:
    """Collects the packets of one interface: IGMP and MLD, or all IP packets with ``data``."""

    def __init__(self, interface: str, data: bool) -> None:
        self._data = data
        self._frames: list[Frame] = []
        self._changed = threading.Condition()
        # Without a protocol nothing comes before the filter stands and the interface is bound.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        prepare(self._socket, _BUFFER)
        _attach(self._socket, _ANY_IP if data else _PERHAPS_MEMBERSHIP)
        self._socket.bind((interface, _ETH_P_ALL))
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

    def take(self) -> list[Frame]:
        """All packets so far, which the capture then forgets."""
        with self._changed:
            frames, self._frames = self._frames, []
        return frames

    def clear(self) -> None:
        """Forget what was captured."""
        self.take()

    def data(self, outgoing: bool = False) -> Iterator[Datum]:
        """The stream packets among the frames of one direction."""
        for frame in self.frames(outgoing):
            datum = read_datum(frame)
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


# -- filters in the kernel, for Python would be late with a thousand packets a second

_LOAD_BYTE, _SHIFT_RIGHT, _IF_EQUAL, _RETURN = 0x30, 0x74, 0x15, 0x06
_KEEP = 0x40000
_Instruction = tuple[int, int, int, int]

_ANY_IP: tuple[_Instruction, ...] = (
    (_LOAD_BYTE, 0, 0, 0),
    (_SHIFT_RIGHT, 0, 0, 4),
    (_IF_EQUAL, 1, 0, 4),
    (_IF_EQUAL, 0, 1, 6),
    (_RETURN, 0, 0, _KEEP),
    (_RETURN, 0, 0, 0),
)
_PERHAPS_MEMBERSHIP: tuple[_Instruction, ...] = (
    (_LOAD_BYTE, 0, 0, 0),
    (_SHIFT_RIGHT, 0, 0, 4),
    (_IF_EQUAL, 0, 2, 4),
    (_LOAD_BYTE, 0, 0, 9),
    (_IF_EQUAL, 4, 5, _IPPROTO_IGMP),
    (_IF_EQUAL, 0, 4, 6),
    (_LOAD_BYTE, 0, 0, 6),
    (_IF_EQUAL, 1, 0, 0),  # hop-by-hop options, as MLD has
    (_IF_EQUAL, 0, 1, _IPPROTO_ICMPV6),
    (_RETURN, 0, 0, _KEEP),
    (_RETURN, 0, 0, 0),
)


def _attach(sock: socket.socket, program: tuple[_Instruction, ...]) -> None:
    code = b"".join(Struct("=HBBI").pack(*each) for each in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    description = Struct("@HP").pack(len(program), ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, description)
