"""What the kernel gives of one packet, as a datagram with the fields of its IP header."""

from __future__ import annotations

from socket import AF_INET6, inet_pton
from typing import Any

from ..linux.packet_info import Ancillary, ipv6_info
from ..protocol.wire.datagram import Datagram, decode_ipv4, ipv6_router_alert


def ipv4_datagram(data: bytes, ancillary: Ancillary, address: Any) -> Datagram:
    """The IGMP message in ``data``, an IPv4 packet; WireError."""
    return decode_ipv4(data)


def ipv6_datagram(data: bytes, ancillary: Ancillary, address: Any) -> Datagram:
    """The message with what the kernel reports of its IPv6 header."""
    destination, hops, options = ipv6_info(ancillary)
    source = inet_pton(AF_INET6, address[0].partition("%")[0])
    return Datagram(source, destination, hops, ipv6_router_alert(options), data)
