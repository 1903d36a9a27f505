"""A look at multicast data that arrives, before the kernel routes or drops it, or that leaves.

The kernel's counters do not tell why a stream is not forwarded: what a firewall or rp_filter drops
is counted nowhere by group, and what arrives with a small TTL counts as any other packet. So
packet sockets look for such data. Their filters, in the kernel, drop all other packets.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from ..protocol.family import FAMILIES, IPV4, IPV6, Address, Family
from .bpf import (
    Instruction,
    assemble,
    attach,
    drop,
    if_equal,
    if_greater,
    keep,
    load_byte,
    load_word,
    mask,
    shift_right,
)
from .buffers import enlarge_receive_buffer

MOST_GROUPS = 100
"""The most groups of a family that one look can name."""

MOST_PACKETS = 2000
"""The most packets of a family that one look counts."""

_ETHERTYPES = {IPV4: 0x0800, IPV6: 0x86DD}
_ETH_P_ALL = 3
_PACKET_OUTGOING = 4
_PROTOCOL, _PACKET_TYPE = 0xFFFFF000, 0xFFFFF000 + 4
"""Where a filter finds the protocol and the direction (SKF_AD_PROTOCOL, SKF_AD_PKTTYPE)."""
_RECEIVE_BUFFER = 4 << 20
_HEADER = 40


class Arrival(NamedTuple):
    """Data of ``source`` to ``group`` with this TTL or hop limit was seen on ``interface``."""

    interface: str
    source: Address
    group: Address
    hops: int


class ArrivalLook:
    """Counts packets from the constructor to ``close``; OSError when that is not permitted.

    It sees packets of these ``groups``, at most MOST_GROUPS of each family, and packets of all
    groups whose TTL or hop limit is at most ``hops``. Groups of link-local scope do not count.
    With ``leaving`` it sees packets of the groups that leave the machine, and no others.
    """

    def __init__(self, groups: Collection[Address], hops: int = 1, leaving: bool = False) -> None:
        self._sockets: dict[Family, socket.socket] = {}
        try:
            for family in FAMILIES:
                own = [group for group in groups if len(group) == family.address_size]
                self._sockets[family] = _open(family, own[:MOST_GROUPS], hops, leaving)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """See nothing more."""
        for sock in self._sockets.values():
            sock.close()

    def take(self) -> Counter[Arrival]:
        """What was seen since the beginning, or since the last call: packets by arrival."""
        seen: Counter[Arrival] = Counter()
        for family, sock in self._sockets.items():
            with suppress(BlockingIOError):
                for _ in range(MOST_PACKETS):
                    data, address = sock.recvfrom(_HEADER)
                    arrival = _arrival(family, data, address[0])
                    if arrival is not None:
                        seen[arrival] += 1
        return seen


def _arrival(family: Family, data: bytes, interface: str) -> Arrival | None:
    if family is IPV4:
        return Arrival(interface, data[12:16], data[16:20], data[8]) if len(data) >= 20 else None
    return Arrival(interface, data[8:24], data[24:40], data[7]) if len(data) >= 40 else None


def _open(family: Family, groups: Iterable[Address], hops: int, leaving: bool) -> socket.socket:
    if leaving:  # only sockets for all protocols see what leaves
        program = assemble(*_leaving(family, groups))
        protocol = _ETH_P_ALL
    else:
        program = assemble(*_program(family, groups, hops))
        protocol = _ETHERTYPES[family]
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    sock = socket.socket(socket.AF_PACKET, kind, socket.htons(protocol))
    try:
        attach(sock, program)
        with suppress(BlockingIOError):
            for _ in range(MOST_PACKETS):
                sock.recv(1)  # what came in before the filter
        enlarge_receive_buffer(sock, _RECEIVE_BUFFER)
    except BaseException:
        sock.close()
        raise
    return sock


def _program(family: Family, groups: Iterable[Address], hops: int) -> Iterator[Instruction | str]:
    """Keep data of ``groups``, and of other groups if its TTL is at most ``hops``."""
    destination, lifetime = (16, 8) if family is IPV4 else (24, 7)
    yield from _only_multicast(family, destination)
    yield from _of_groups(destination, groups)
    yield load_byte(lifetime)
    yield if_greater(hops, "", "few")
    yield drop()
    yield "few"
    yield keep()


def _leaving(family: Family, groups: Iterable[Address]) -> Iterator[Instruction | str]:
    """Keep data of ``groups`` that leaves the machine."""
    yield load_word(_PACKET_TYPE)
    yield if_equal(_PACKET_OUTGOING, "leaves", "")
    yield drop()
    yield "leaves"
    yield load_word(_PROTOCOL)
    yield if_equal(_ETHERTYPES[family], "family", "")
    yield drop()
    yield "family"
    yield from _of_groups(16 if family is IPV4 else 24, groups)
    yield drop()


def _of_groups(destination: int, groups: Iterable[Address]) -> Iterator[Instruction | str]:
    """Keep data of these groups; of an IPv6 group only the last eight bytes are compared."""
    for group in groups:
        other = f"not {group.hex()}"
        parts = ((0, group),) if len(group) == 4 else ((8, group[8:12]), (12, group[12:]))
        for offset, part in parts:
            yield load_word(destination + offset)
            yield if_equal(int.from_bytes(part, "big"), "", other)
        yield keep()
        yield other


def _only_multicast(family: Family, destination: int) -> Iterator[Instruction | str]:
    """Drop what is no multicast, or of link-local scope."""
    yield load_byte(destination)
    if family is IPV4:
        yield shift_right(4)
        yield if_equal(0xE, "multicast", "")
        yield drop()
        yield "multicast"
        yield load_word(destination)
        yield shift_right(8)
        yield if_equal(0xE00000, "", "routed")
    else:
        yield if_equal(0xFF, "multicast", "")
        yield drop()
        yield "multicast"
        yield load_byte(destination + 1)
        yield mask(0x0F)
        yield if_greater(2, "routed", "")
    yield drop()
    yield "routed"
