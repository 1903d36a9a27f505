"""The link-layer addresses from which the reports of a link come.

A multicast routing socket does not tell them, so a packet socket sees the same reports. The
kernel gives a packet to packet sockets that want all protocols before it processes it. So the
report that a multicast routing socket delivers has been here before.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from struct import Struct
from typing import NamedTuple

from ..protocol.family import IPV4, Address, Family
from .bpf import assemble, attach, drop, if_equal, keep, load_byte, load_half
from .buffers import enlarge_receive_buffer
from .closing import close_socket

RECEIVE_BUFFER = 1 << 19
"""Bytes: room for some hundred reports between two readings."""

MOST_AT_ONCE = 4096
"""Reports that one reading returns."""

_SOL_PACKET, _PACKET_STATISTICS, _PACKET_IGNORE_OUTGOING = 263, 6, 23
_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
_ARRIVAL_PROTOCOL = 0xFFFFF000  # SKF_AD_OFF + SKF_AD_PROTOCOL
_STATISTICS = Struct("=II")
_IPV6_HEADER = 40
_IPPROTO_HOPOPTS, _IPPROTO_IGMP, _IPPROTO_ICMPV6 = 0, 2, 58


class Reporter(NamedTuple):
    """Who sent a report: the IP address, and the link-layer address, which may be empty."""

    source: Address
    link_layer: bytes


class Reporters:
    """A packet socket for the reports that arrive on an interface; OSError."""

    def __init__(self, family: Family, interface: str) -> None:
        self._at = slice(12, 16) if family is IPV4 else slice(8, 24)
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_PACKET, kind, 0)
        try:
            with suppress(OSError):  # where it is refused, sent packets come too and are left out
                self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
            enlarge_receive_buffer(self._socket, RECEIVE_BUFFER)
            attach(self._socket, _filter(family))
            # Sockets for one protocol would get a packet after the kernel has processed it.
            self._socket.bind((interface, _ETH_P_ALL))
        except BaseException:
            self._socket.close()
            raise

    def read(self) -> tuple[list[Reporter], bool]:
        """Who has sent reports since the last reading, and whether there are others unseen."""
        found: list[Reporter] = []
        receive, at, size = self._socket.recvfrom, self._at, self._at.stop
        for _ in range(MOST_AT_ONCE):
            try:
                data, address = receive(size)
            except BlockingIOError:
                return found, bool(found) and self._has_lost()
            except OSError:
                break  # the link went down, which is told once
            if address[2] != socket.PACKET_OUTGOING:
                found.append(Reporter(data[at], address[4]))
        return found, True

    def _has_lost(self) -> bool:
        """Whether the kernel dropped some, because there was no room, since the last question."""
        value = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
        _, lost = _STATISTICS.unpack(value)
        return bool(lost)

    def close(self) -> None:
        """Close the socket."""
        close_socket(self._socket)


def _filter(family: Family) -> bytes:
    """Keep IGMP, or ICMPv6 with hop-by-hop options, which is MLD."""
    if family is IPV4:
        kind = [load_byte(9), if_equal(_IPPROTO_IGMP, "", "drop")]
    else:
        kind = [
            load_byte(6),
            if_equal(_IPPROTO_HOPOPTS, "", "drop"),
            load_byte(_IPV6_HEADER),
            if_equal(_IPPROTO_ICMPV6, "", "drop"),
        ]
    protocol = _ETH_P_IP if family is IPV4 else _ETH_P_IPV6
    return assemble(
        load_half(_ARRIVAL_PROTOCOL),
        if_equal(protocol, "", "drop"),
        *kind,
        keep(),
        "drop",
        drop(),
    )
