"""Addresses in settings: single ones, prefixes, and channels, which are a group and a source.

Options keep them as text, as they were written; these functions check and read them.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple, NewType

from ..protocol.family import IPV4, IPV6
from .errors import Wrong, shown

Texts = NewType("Texts", tuple[str, ...])
"""The value of an option that is a list of such texts."""

NO_TEXTS = Texts(())

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Channel(NamedTuple):
    """A group, and its source or None for any, as packed addresses of one family."""

    group: bytes
    source: bytes | None


class MappedGroups(NamedTuple):
    """Groups, and the source that they have for hosts that name none."""

    groups: IPNetwork
    source: bytes


def parse_address(text: str, hint: str = "write an address such as 192.0.2.1") -> IPAddress:
    """The address ``text``; Wrong with the ``hint``."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        raise Wrong(f"{shown(text.strip())} is not an address", hint) from None
    if getattr(address, "scope_id", None):
        raise Wrong(
            f"{shown(text.strip())} contains the name of an interface",
            'remove "%" and what follows it',
        )
    return address


def parse_prefix(text: str, hint: str = "write a prefix such as 192.0.2.0/24") -> IPNetwork:
    """The prefix ``text``, an address and a length; Wrong with the ``hint``."""
    host, _, length = (part.strip() for part in text.partition("/"))
    address = parse_address(host, hint)
    bits = address.max_prefixlen
    if not (length.isascii() and length.isdecimal() and int(length[:4]) <= bits):
        raise Wrong(
            f"{shown(text.strip())} has no valid prefix length",
            f"write a number from 0 to {bits} after the /",
        )
    network = ipaddress.ip_network((address.packed, int(length)), strict=False)
    if network.network_address != address:
        raise Wrong(f"{shown(text.strip())} has bits beyond its prefix", f"write {network}")
    return network


def read_address(text: str) -> bytes:
    """The packed form of a unicast address; Wrong."""
    address = parse_address(text)
    if address.is_multicast or address.is_unspecified:
        raise Wrong(
            f"{shown(text.strip())} is not the address of a host", "write a unicast address"
        )
    return address.packed


def check_ipv4_address(text: str) -> None:
    """Raise Wrong unless this is a unicast address of IPv4."""
    if len(read_address(text)) != IPV4.address_size:
        raise Wrong(f"{shown(text)} is not an IPv4 address", "write an address such as 192.0.2.1")


def read_groups(
    text: str, hint: str = "write a group, or a prefix such as 239.0.0.0/8"
) -> IPNetwork:
    """A group, or a prefix of groups; Wrong with the ``hint``."""
    single = "/" not in text
    network = (
        ipaddress.ip_network(parse_address(text, hint)) if single else parse_prefix(text, hint)
    )
    if not network.network_address.is_multicast or not network.broadcast_address.is_multicast:
        raise Wrong(f"{shown(text.strip())} is not a multicast group", hint)
    return network


def read_channel(text: str) -> Channel:
    """``GROUP`` or ``GROUP | SOURCE``; Wrong."""
    first, bar, second = text.partition("|")
    network = read_groups(first, "write a group such as 239.1.1.1")
    if network.num_addresses != 1:
        raise Wrong(f"{shown(text)} contains several groups", "list each group separately")
    group, source = network.network_address.packed, read_address(second) if bar else None
    _check_family(text, network, source)
    if not (IPV4 if len(group) == IPV4.address_size else IPV6).is_proxied(group):
        raise Wrong(f"{shown(text)} is of link-local scope", "such groups are never forwarded")
    return Channel(group, source)


def read_mapped(text: str) -> MappedGroups:
    """``GROUPS | SOURCE``; Wrong."""
    first, bar, second = text.partition("|")
    if not bar:
        raise Wrong(
            f"{shown(text)} has no source",
            'write "GROUPS | SOURCE", such as "232.1.0.0/16 | 192.0.2.1"',
        )
    network, source = read_groups(first), read_address(second)
    _check_family(text, network, source)
    return MappedGroups(network, source)


def _check_family(text: str, network: IPNetwork, source: bytes | None) -> None:
    if source is not None and len(source) * 8 != network.max_prefixlen:
        raise Wrong(f"{shown(text)} mixes IPv4 and IPv6", "write two IPv4 or two IPv6 addresses")
