"""A short look at the IGMP and MLD that arrives on some interfaces."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from struct import Struct

from ..bpf import Instruction, assemble, attach, drop, if_equal, keep, load_byte, shift_right

_ETH_P_ALL = 3
_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_MR_ALLMULTI = 263, 1, 2
_PACKET_MREQ = Struct("=iHH8x")
_PACKET_OUTGOING = 4
_IGMP, _HOP_BY_HOP, _ICMPV6 = 2, 0, 58
_LONGEST = 1 << 16
_MOST_PACKETS = 10_000


def listen(interfaces: Iterable[str], seconds: float) -> Iterator[tuple[str, bytes]]:
    """Interface and IP packet of each message that arrives within ``seconds``; OSError.

    Blocks. Needs CAP_NET_RAW. Meanwhile the interfaces receive all multicast; the kernel ends
    that when the sockets close.
    """
    deadline = time.monotonic() + seconds
    with ExitStack() as stack:
        sockets = {}
        for name in interfaces:
            with suppress(OSError):  # it has just gone
                sock = stack.enter_context(_open(name))
                sockets[sock.fileno()] = name, sock
        poll = select.poll()
        for number in sockets:
            poll.register(number, select.POLLIN)
        for _ in range(_MOST_PACKETS):
            left = deadline - time.monotonic()
            ready = poll.poll(left * 1000) if left > 0 else []
            if not ready:
                return
            name, sock = sockets[ready[0][0]]
            with suppress(OSError):
                packet, address = sock.recvfrom(_LONGEST)
                if address[2] != _PACKET_OUTGOING:
                    yield name, packet


def _open(interface: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    try:
        attach(sock, assemble(*_program()))
        index = socket.if_nametoindex(interface)
        request = _PACKET_MREQ.pack(index, _PACKET_MR_ALLMULTI, 0)
        sock.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, request)
        sock.bind((interface, _ETH_P_ALL))
    except BaseException:
        sock.close()
        raise
    return sock


def _program() -> Iterator[Instruction | str]:
    """Keep IGMP, and ICMPv6 after a hop-by-hop header, which each MLD message has."""
    yield load_byte(0)
    yield shift_right(4)
    yield if_equal(6, "ipv6", "ipv4")
    yield "ipv4"
    yield load_byte(9)
    yield if_equal(_IGMP, "keep", "drop")
    yield "ipv6"
    yield load_byte(6)
    yield if_equal(_HOP_BY_HOP, "", "drop")
    yield load_byte(40)
    yield if_equal(_ICMPV6, "keep", "drop")
    yield "keep"
    yield keep()
    yield "drop"
    yield drop()
