"""Control messages that tell, or choose, the interface of a packet, and what else it came with."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct

from ..protocol.family import IPV4, Family

Ancillary = Sequence[tuple[int, int, bytes]]
"""Control messages as ``recvmsg`` gives and ``sendmsg`` takes them: level, kind, value."""

_IPPROTO_IP, IPPROTO_IPV6 = int(socket.IPPROTO_IP), int(socket.IPPROTO_IPV6)
_SOL_SOCKET = int(socket.SOL_SOCKET)
_IP_PKTINFO = 8
IPV6_PKTINFO, IPV6_HOPLIMIT, IPV6_HOPOPTS = 50, 52, 54
_IN_PKTINFO = Struct("=i4s4s")
_IN6_PKTINFO = Struct("=16si")
_INT, _UNSIGNED = Struct("=i"), Struct("=I")
_SO_RXQ_OVFL = 40
_SO_TIMESTAMPNS, _TIMESPEC = 35, Struct("@ll")
_SO_MEMINFO, _MEMINFO = 55, Struct("=9I")
_MEMINFO_DROPS = 8


def request_packet_info(sock: socket.socket, family: Family) -> None:
    """Have the packets of ``sock`` come with their interface; OSError.

    In IPv6 also with destination, hop limit and hop-by-hop options; an IPv4 raw socket gets
    the header itself.
    """
    if family is IPV4:
        sock.setsockopt(_IPPROTO_IP, _IP_PKTINFO, 1)
        return
    for option in (socket.IPV6_RECVPKTINFO, socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVHOPOPTS):
        sock.setsockopt(IPPROTO_IPV6, option, 1)


def request_losses(sock: socket.socket) -> int:
    """Have packets come with the number of those that the kernel dropped before; OSError.

    Returns that number as it is now. It counts packets that found the receive buffer full, and
    in IPv6 those with a wrong checksum.
    """
    sock.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
    counts = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    return int(_MEMINFO.unpack(counts)[_MEMINFO_DROPS])


def losses(ancillary: Ancillary) -> int | None:
    """How many packets the kernel has dropped on this socket; None if it does not tell.

    The number has 32 bits. It comes before all else but a time stamp, and not before there was a
    loss.
    """
    for level, kind, value in ancillary:
        if level != _SOL_SOCKET:
            return None
        if kind == _SO_RXQ_OVFL:
            return int(_UNSIGNED.unpack_from(value)[0])
    return None


def request_arrival_times(sock: socket.socket, wanted: bool) -> None:
    """Have packets come with the time at which the kernel received them, or no more; OSError.

    While any socket wants them, the kernel takes the time of all packets that the machine receives.
    """
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, int(wanted))


def arrival_time(ancillary: Ancillary) -> float | None:
    """The system time in seconds at which the kernel received a packet; None if it is not told."""
    if ancillary and ancillary[0][0] == _SOL_SOCKET and ancillary[0][1] == _SO_TIMESTAMPNS:
        seconds, nanoseconds = _TIMESPEC.unpack_from(ancillary[0][2])
        return float(seconds + nanoseconds / 1e9)
    return None


def ipv4_arrival(ancillary: Ancillary) -> int:
    """The index of the interface that a packet came in on; 0 if the kernel does not tell."""
    for level, kind, value in ancillary:
        if kind == _IP_PKTINFO and level == _IPPROTO_IP:
            return int(_INT.unpack_from(value)[0])
    return 0


def ipv6_arrival(ancillary: Ancillary) -> int:
    """The same for IPv6."""
    for level, kind, value in ancillary:
        if kind == IPV6_PKTINFO and level == IPPROTO_IPV6:
            return int(_INT.unpack_from(value, 16)[0])
    return 0


@lru_cache(maxsize=512)
def sent_on(family: Family, ifindex: int) -> Ancillary:
    """What makes ``sendmsg`` send on this interface, whatever the routes say.

    The scope in an IPv6 destination would do so for link-local groups only.
    """
    if family is IPV4:
        return ((_IPPROTO_IP, _IP_PKTINFO, _IN_PKTINFO.pack(ifindex, bytes(4), bytes(4))),)
    return ((IPPROTO_IPV6, IPV6_PKTINFO, _IN6_PKTINFO.pack(bytes(16), ifindex)),)
