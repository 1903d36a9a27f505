"""The address families: IPv4 with IGMP and IPv6 with MLD, as two values of one type.

The state machines find here everything in which the families differ. Inside the daemon,
addresses are packed ``bytes`` in network order; text is for logs, files and views.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

LARGEST_PACKET = 0xFFFF
"""Largest IP packet in bytes, even on a link with a larger MTU."""

MAX_VIFS = 32
"""Virtual interfaces of one multicast routing table (the kernel's MAXVIFS, MAXMIFS)."""

OWN_FLOW_LABEL = 0x6D637
"""The IPv6 flow label of our messages: it tells them from those that the kernel sends (0)."""

Address = bytes
"""A packed address: 4 bytes for IPv4, 16 for IPv6."""


def packed(text: str) -> Address:
    """The packed form of an address; ValueError if ``text`` is not an address."""
    return ipaddress.ip_address(text).packed


def text(address: Address) -> str:
    """The usual text form of a packed address (RFC 5952 for IPv6)."""
    return str(ipaddress.ip_address(address))


def _ipv4_is_multicast(address: Address) -> bool:
    return address[0] & 0xF0 == 0xE0


def _ipv4_is_proxied(group: Address) -> bool:
    # 224.0.0.0/24 never leaves its link (RFC 5771, section 4).
    return group[0] & 0xF0 == 0xE0 and group[:3] != b"\xe0\x00\x00"


def _ipv4_is_ssm(group: Address) -> bool:
    return group[0] == 232


def _ipv4_is_source(address: Address) -> bool:
    return address[0] not in (0, 127) and address[0] < 0xE0


def _ipv4_is_link_local(address: Address) -> bool:
    return address[:2] == b"\xa9\xfe"


def _ipv6_is_multicast(address: Address) -> bool:
    return address[0] == 0xFF


def _ipv6_is_proxied(group: Address) -> bool:
    # Scopes 0 (reserved), 1 (interface-local) and 2 (link-local) are not forwarded, whatever
    # the flags before them are (RFC 4291, section 2.7).
    return group[0] == 0xFF and group[1] & 0x0F > 2


def _ipv6_is_ssm(group: Address) -> bool:
    # ff3x::/32 (RFC 4607, section 1).
    return group[0] == 0xFF and group[1] & 0xF0 == 0x30 and group[2:4] == b"\0\0"


def _ipv6_is_source(address: Address) -> bool:
    # Packets of link-local sources stay on their link (RFC 4291, section 2.5.6), so such a
    # source cannot be requested upstream.
    if address[0] == 0xFE:
        return address[1] & 0xC0 != 0x80
    return address[0] != 0xFF and address[:15] != bytes(15)


def _ipv6_is_link_local(address: Address) -> bool:
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


Predicate = Callable[[Address], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """What differs between IGMP over IPv4 and MLD over IPv6.

    ``socket_family`` is the number of AF_INET or AF_INET6 on Linux. Sizes are in bytes:
    ``header_size`` of the IP header with its Router Alert option, ``query_size`` of a query
    without sources, ``smallest_mtu`` of the packet that every link can carry (RFC 791, section
    3.2; RFC 8200, section 5). ``current_version`` is the newest version: IGMPv3 or MLDv2.
    """

    name: str
    protocol: str
    socket_family: int
    address_size: int
    header_size: int
    query_size: int
    smallest_mtu: int
    current_version: int
    all_nodes: Address
    all_routers: Address
    report_destination: Address
    all_snoopers: Address
    is_multicast: Predicate = field(repr=False)
    is_proxied: Predicate = field(repr=False)
    is_ssm: Predicate = field(repr=False)
    is_source: Predicate = field(repr=False)
    is_link_local: Predicate = field(repr=False)
    unspecified: Address = field(init=False, repr=False)
    """0.0.0.0 or ::, which also stands for any source or any group."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "unspecified", bytes(self.address_size))

    def room(self, mtu: int) -> int:
        """Size in bytes of the largest message that fits into a packet of ``mtu`` bytes.

        An MTU below ``smallest_mtu`` counts as that one, so there is always room for a source.
        """
        return min(max(mtu, self.smallest_mtu), LARGEST_PACKET) - self.header_size


IPV4 = Family(
    name="ipv4",
    protocol="IGMP",
    socket_family=2,
    address_size=4,
    header_size=24,
    query_size=12,
    smallest_mtu=68,
    current_version=3,
    all_nodes=packed("224.0.0.1"),
    all_routers=packed("224.0.0.2"),
    report_destination=packed("224.0.0.22"),
    all_snoopers=packed("224.0.0.106"),
    is_multicast=_ipv4_is_multicast,
    is_proxied=_ipv4_is_proxied,
    is_ssm=_ipv4_is_ssm,
    is_source=_ipv4_is_source,
    is_link_local=_ipv4_is_link_local,
)

IPV6 = Family(
    name="ipv6",
    protocol="MLD",
    socket_family=10,
    address_size=16,
    header_size=48,
    query_size=28,
    smallest_mtu=1280,
    current_version=2,
    all_nodes=packed("ff02::1"),
    all_routers=packed("ff02::2"),
    report_destination=packed("ff02::16"),
    all_snoopers=packed("ff02::6a"),
    is_multicast=_ipv6_is_multicast,
    is_proxied=_ipv6_is_proxied,
    is_ssm=_ipv6_is_ssm,
    is_source=_ipv6_is_source,
    is_link_local=_ipv6_is_link_local,
)

FAMILIES = (IPV4, IPV6)
