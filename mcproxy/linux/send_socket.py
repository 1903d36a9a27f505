"""Sockets that send complete IP datagrams on an interface of the sender's choice."""

from __future__ import annotations

import socket
from functools import lru_cache
from struct import Struct

from ..protocol.family import IPV4, Address, Family

_ETH_P_IP = 0x0800
_IP_PKTINFO = 8
_IP_MULTICAST_ALL = 49
_IPV6_PKTINFO = 50
_IPV6_MULTICAST_ALL = 29

_IN_PKTINFO = Struct("=i4s4s")
_IN6_PKTINFO = Struct("=16si")

Ancillary = tuple[tuple[int, int, bytes]]


def open_send_socket(family: Family) -> socket.socket:
    """A non-blocking socket whose datagrams are given with their IP header.

    It receives nothing, and what it sends does not come back to this machine. OSError when
    the kernel does not give it, PermissionError without CAP_NET_RAW.
    """
    # IPPROTO_RAW implies that headers are included, and matches no packet that comes in.
    sock = socket.socket(family.socket_family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock.setblocking(False)
    if family is IPV4:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
    return sock


def send_on(
    sock: socket.socket, family: Family, ifindex: int, datagram: bytes, destination: Address
) -> None:
    """Send ``datagram`` on interface ``ifindex``, whatever the routes say.

    OSError when the kernel does not take it. An IPv4 source of 0.0.0.0 is replaced by an
    address of this machine (see ``send_without_address``), the IPv4 identification and
    header checksum are the kernel's.
    """
    if family is IPV4:
        address: tuple[str, int] = (socket.inet_ntop(socket.AF_INET, destination), 0)
        sock.sendmsg((datagram,), _ipv4_interface(ifindex), 0, address)
    else:
        address = (socket.inet_ntop(socket.AF_INET6, destination), 0)
        sock.sendmsg((datagram,), _ipv6_interface(ifindex), 0, address)


def send_without_address(interface: str, datagram: bytes, destination: Address) -> None:
    """Send an IPv4 ``datagram`` past the kernel's IP layer, which would give it a source.

    OSError when the link does not take it. A socket for each: this is what a link says
    before it has its first address, and seldom after that.
    """
    hardware = b"\x01\x00\x5e" + bytes([destination[1] & 0x7F]) + destination[2:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0) as sock:
        sock.sendto(datagram, (interface, _ETH_P_IP, 0, 0, hardware))


# The scope in an IPv6 address counts for link-local groups only, the control message for all.


@lru_cache(maxsize=256)
def _ipv4_interface(ifindex: int) -> Ancillary:
    value = _IN_PKTINFO.pack(ifindex, bytes(4), bytes(4))
    return ((socket.IPPROTO_IP, _IP_PKTINFO, value),)


@lru_cache(maxsize=256)
def _ipv6_interface(ifindex: int) -> Ancillary:
    return ((socket.IPPROTO_IPV6, _IPV6_PKTINFO, _IN6_PKTINFO.pack(bytes(16), ifindex)),)
