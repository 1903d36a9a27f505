"""A socket that hears the reports that the kernel sends on a link for local programs.

It is a packet socket, so no group is joined for it. Its filter runs in the kernel, and passes
neither data nor this daemon's own reports: the daemon is not woken up for them.
"""

from __future__ import annotations

import socket

from ..protocol.family import IPV4, OWN_FLOW_LABEL, Family
from .bpf import (
    ETHERNET_PROTOCOL,
    PACKET_TYPE,
    Instruction,
    assemble,
    attach,
    drop,
    if_equal,
    keep,
    load_byte,
    load_half,
    load_word,
)
from .buffers import enlarge_receive_buffer

_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
_PACKET_OUTGOING = 4
_DONT_FRAGMENT = 0x4000
_HOP_BY_HOP, _IGMP, _ICMPV6 = 0, 2, 58
_MLD_REPORTS = (131, 132, 143)

_RECEIVE_BUFFER = 1 << 20
"""Bytes: room for the leaves of a program that ends with a thousand memberships."""

_IPV4 = (
    load_byte(9),
    if_equal(_IGMP, "", "drop"),
    # The kernel sets this flag in all its reports; the daemon sets it in none.
    load_half(6),
    if_equal(_DONT_FRAGMENT, "keep", "drop"),
)
_IPV6 = (
    load_byte(6),
    if_equal(_HOP_BY_HOP, "", "drop"),
    load_half(40),
    if_equal(_ICMPV6 << 8, "", "drop"),  # behind a hop-by-hop header of eight bytes
    load_word(0),
    if_equal(6 << 28 | OWN_FLOW_LABEL, "drop"),
    load_byte(48),
    *(if_equal(kind, "keep") for kind in _MLD_REPORTS),
    drop(),
)


def open_sent_reports(family: Family, ifindex: int) -> socket.socket:
    """A non-blocking socket that receives, as IP packets, what the kernel reports on a link.

    In IPv4 all IGMP that others on this machine send comes along. OSError when the interface is
    gone, PermissionError without CAP_NET_RAW.
    """
    # Without a protocol no packet arrives before filter and interface are set.
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    try:
        attach(sock, _program(_ETH_P_IP, _IPV4) if family is IPV4 else _program(_ETH_P_IPV6, _IPV6))
        enlarge_receive_buffer(sock, _RECEIVE_BUFFER)
        # Only sockets for all protocols get packets that go out.
        sock.bind((socket.if_indextoname(ifindex), _ETH_P_ALL))
    except BaseException:
        sock.close()
        raise
    return sock


def _program(protocol: int, lines: tuple[Instruction, ...]) -> bytes:
    """Data that comes in ends at the second instruction."""
    return assemble(
        load_word(PACKET_TYPE),
        if_equal(_PACKET_OUTGOING, "", "drop"),
        load_word(ETHERNET_PROTOCOL),
        if_equal(protocol, "", "drop"),
        *lines,
        "drop",
        drop(),
        "keep",
        keep(),
    )
