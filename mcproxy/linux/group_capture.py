"""Listens on all links of the machine for one group: its data, IGMP and MLD messages.

A filter in the kernel drops all other packets. Packets are seen before the kernel routes or drops
them, and those that leave after it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from ..protocol.family import IPV4, Address, Family
from .bpf import (
    ETHERNET_PROTOCOL,
    Instruction,
    assemble,
    attach,
    drop,
    if_equal,
    keep,
    load_byte,
    load_word,
)
from .buffers import enlarge_receive_buffer

_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
_IPPROTO_HOPOPTS, _IPPROTO_IGMP = 0, 2
_RECEIVE_BUFFER = 4 << 20
_LARGEST = 2048
_MOST_UNFILTERED = 10000

TURN = 0.01
"""Seconds between two readings."""

MOST_A_TURN = 200
"""Packets of one reading; of a stream with more, the kernel drops some in this socket."""


class Seen(NamedTuple):
    """An IP packet on an interface; ``is_leaving`` if this machine sent it."""

    interface: str
    is_leaving: bool
    packet: bytes


def capture_group(
    family: Family, group: Address, seconds: float, is_cancelled: Callable[[], bool]
) -> Iterator[Seen]:
    """What links see within ``seconds``; OSError where that is not permitted. Blocks.

    It ends early once ``is_cancelled`` says so.
    """
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    with socket.socket(socket.AF_PACKET, kind, socket.htons(_ETH_P_ALL)) as sock:
        attach(sock, assemble(*_program(family, group)))
        with suppress(BlockingIOError):
            for _ in range(_MOST_UNFILTERED):
                sock.recv(1)  # what came in before the filter
        enlarge_receive_buffer(sock, _RECEIVE_BUFFER)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not is_cancelled():
            yield from _read(sock)
            time.sleep(TURN)
        yield from _read(sock)


def _read(sock: socket.socket) -> Iterator[Seen]:
    with suppress(BlockingIOError):
        for _ in range(MOST_A_TURN):
            packet, address = sock.recvfrom(_LARGEST)
            if address[2] != socket.PACKET_LOOPBACK:
                yield Seen(address[0], address[2] == socket.PACKET_OUTGOING, packet)


def _program(family: Family, group: Address) -> Iterator[Instruction | str]:
    """Keep packets to the group, IGMP, and what has hop-by-hop options, as MLD has."""
    is_ipv4 = family is IPV4
    yield load_word(ETHERNET_PROTOCOL)
    yield if_equal(_ETH_P_IP if is_ipv4 else _ETH_P_IPV6, "", "drop")
    yield load_byte(9 if is_ipv4 else 6)
    yield if_equal(_IPPROTO_IGMP if is_ipv4 else _IPPROTO_HOPOPTS, "keep")
    start = 16 if is_ipv4 else 24
    for offset in range(0, family.address_size, 4):
        yield load_word(start + offset)
        yield if_equal(int.from_bytes(group[offset : offset + 4], "big"), "", "drop")
    yield "keep"
    yield keep()
    yield "drop"
    yield drop()
