"""A multicast receiver: the kernel's host stack joins, and packets that arrive are counted."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from struct import Struct

from .payload import PAYLOAD, family_of, level_of, storage
from .reader import READER, READS_PER_TURN, prepare, timestamp

_JOIN_GROUP, _LEAVE_GROUP, _JOIN_SOURCE_GROUP, _MSFILTER = 42, 45, 46, 48
_EXCLUDE, _INCLUDE = 0, 1
_IP_MULTICAST_ALL, _IPV6_MULTICAST_ALL = 49, 29
_SO_BINDTOIFINDEX = 62
_BUFFER = 4 << 20
_WORD = Struct("=I4x")
_TWO_WORDS = Struct("=II")


@dataclass
class Received:
    """What arrived of one stream. Times are the kernel's, in seconds of the system's clock."""

    sequences: set[int] = field(default_factory=set)
    packets: int = 0
    first: int = 0
    last: int = 0
    first_time: float = 0.0
    last_time: float = 0.0

    @property
    def duplicates(self) -> int:
        """The number of packets that arrived again."""
        return self.packets - len(self.sequences)

    @property
    def lost(self) -> int:
        """The number of packets missing between the first and the last that arrived."""
        return self.last - self.first + 1 - len(self.sequences) if self.packets else 0

    def missing(self, first: int, end: int) -> int:
        """How many of the packets ``first`` to ``end`` - 1 did not arrive."""
        return sum(number not in self.sequences for number in range(first, end))

    def take(self, sequence: int, when: float) -> None:
        """Count a packet."""
        if not self.packets:
            self.first, self.first_time, self.last = sequence, when, sequence
        self.packets += 1
        self.sequences.add(sequence)
        self.first = min(self.first, sequence)
        self.last = max(self.last, sequence)
        self.last_time = when


class Member:
    """A socket that is, or was, a member of one group on one interface.

    ``received`` counts by source address, as text; a second stream of one source has the
    same numbers as the first, so ``forget`` between them. ``joined`` is the time of the last
    change, by the system's clock as the kernel's times are.
    """

    def __init__(self, group: str, index: int, port: int) -> None:
        self.group = group
        self.received: dict[str, Received] = {}
        self.joined = 0.0
        self._index = index
        self._family = family_of(group)
        self._level = level_of(self._family)
        self._member = False
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        prepare(self._socket, _BUFFER)
        # Only what this socket joined, not what other sockets of this machine did.
        ipv4 = self._family == socket.AF_INET
        everything = _IP_MULTICAST_ALL if ipv4 else _IPV6_MULTICAST_ALL
        self._socket.setsockopt(self._level, everything, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_BINDTOIFINDEX, index)
        self._socket.bind((group, port) if ipv4 else (group, port, 0, index))
        READER.add(self._socket, self._read)

    def close(self) -> None:
        """Leave, and stop counting."""
        READER.remove(self._socket)
        self._socket.close()

    def total(self) -> int:
        """The number of packets of all sources."""
        return sum(each.packets for each in self.received.values())

    def of(self, source: str) -> Received:
        """What arrived from ``source``, which may be nothing."""
        return self.received.get(source, Received())

    def forget(self) -> None:
        """Count from zero again."""
        self.received = {}

    # -- membership

    def include(self, sources: Iterable[str]) -> None:
        """Receive these sources only; an empty list means leave."""
        wanted = list(sources)
        self.joined = time.time()
        if not self._member and wanted:
            self._option(_JOIN_SOURCE_GROUP, storage(self.group) + storage(wanted[0]))
            self._member = True
        if self._member:
            self._filter(_INCLUDE, wanted)
        self._member = bool(wanted)

    def exclude(self, sources: Iterable[str] = ()) -> None:
        """Receive all sources except these."""
        unwanted = list(sources)
        self.joined = time.time()
        if not self._member:
            self._option(_JOIN_GROUP, storage(self.group))
            self._member = True
            if not unwanted:
                return
        self._filter(_EXCLUDE, unwanted)

    def leave(self) -> None:
        """Leave the group."""
        self.joined = time.time()
        if self._member:
            self._option(_LEAVE_GROUP, storage(self.group))
            self._member = False

    def _option(self, option: int, rest: bytes) -> None:
        self._socket.setsockopt(self._level, option, _WORD.pack(self._index) + rest)

    def _filter(self, mode: int, sources: list[str]) -> None:
        lists = b"".join(map(storage, sources))
        self._option(_MSFILTER, storage(self.group) + _TWO_WORDS.pack(mode, len(sources)) + lists)

    def _read(self) -> None:
        for _ in range(READS_PER_TURN):
            try:
                data, ancillary, _, address = self._socket.recvmsg(2048, 128)
            except OSError:
                return
            if len(data) >= PAYLOAD.size:
                sequence = PAYLOAD.unpack_from(data)[1]
                source = address[0].partition("%")[0]
                known = self.received.get(source)
                if known is None:
                    known = self.received.setdefault(source, Received())
                known.take(sequence, timestamp(ancillary))
