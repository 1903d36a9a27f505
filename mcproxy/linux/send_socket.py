"""Sockets that send complete IP datagrams on an interface of the sender's choice."""

from __future__ import annotations

import socket
from functools import lru_cache

from ..protocol.family import IPV4, Address, Family
from .packet_info import Ancillary, sent_on

_ETH_P_IP = 0x0800
_IP_MULTICAST_ALL = 49
_IPV6_MULTICAST_ALL = 29


def open_send_socket(family: Family) -> socket.socket:
    """A non-blocking socket that sends datagrams with the IP header that they are given with.

    It receives nothing, and what it sends is not looped back to this machine. OSError when
    the kernel refuses it, PermissionError without CAP_NET_RAW.
    """
    # IPPROTO_RAW means that headers are included, and no packet that comes in matches it.
    sock = socket.socket(family.socket_family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock.setblocking(False)
    if family is IPV4:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
    return sock


@lru_cache(maxsize=256)
def way_out(
    family: Family, ifindex: int, destination: Address
) -> tuple[Ancillary, int, tuple[str, int]]:
    """What ``sendmsg`` takes after the datagram, to send it on interface ``ifindex``.

    It goes there whatever the routes say; nearly all packets go to a few destinations. The kernel
    replaces an IPv4 source of 0.0.0.0 by an address of this machine (see
    ``send_without_address``), and sets the IPv4 identification and header checksum.
    """
    return sent_on(family, ifindex), 0, (socket.inet_ntop(family.socket_family, destination), 0)


def send_without_address(interface: str, datagram: bytes, destination: Address) -> None:
    """Send an IPv4 ``datagram`` past the kernel's IP layer, which would give it a source.

    OSError when the link refuses it. Each call opens a socket: only a link that has no
    address yet needs this, and it sends little.
    """
    hardware = b"\x01\x00\x5e" + bytes([destination[1] & 0x7F]) + destination[2:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0) as sock:
        sock.sendto(datagram, (interface, _ETH_P_IP, 0, 0, hardware))
