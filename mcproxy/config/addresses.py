"""Addresses in settings: single ones, prefixes, and channels, which are a group and a source.

Settings keep them as text, as they were written; these functions check and read them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import NamedTuple, NewType

from .errors import Wrong, shown

Texts = NewType("Texts", tuple[str, ...])
"""Settings that are a list of such texts."""

NO_TEXTS = Texts(())

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Channel(NamedTuple):
    """A group, perhaps of one source alone, as packed addresses of one family."""

    group: bytes
    source: bytes | None


class MappedGroups(NamedTuple):
    """Groups for which a source stands, where a host does not name one."""

    groups: IPNetwork
    source: bytes


def read_address(text: str) -> bytes:
    """The packed form of a unicast address; Wrong."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        raise Wrong(f"{shown(text)} is no address", "write one as in 192.0.2.1") from None
    if address.is_multicast or address.is_unspecified:
        raise Wrong(f"{shown(text)} is no address of a host", "write a unicast address")
    return address.packed


def read_groups(text: str) -> IPNetwork:
    """A group, or a prefix of groups; Wrong."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise Wrong(
            f"{shown(text)} is neither a group nor a prefix", "write one as in 239.0.0.0/8"
        ) from None
    host, _, length = text.strip().partition("/")
    if length and ipaddress.ip_address(host) != network.network_address:
        raise Wrong(f"{shown(text)} has bits beyond its prefix", f"write {network}")
    if not network.network_address.is_multicast or not network.broadcast_address.is_multicast:
        raise Wrong(f"{shown(text)} is not of multicast groups", "write one as in 239.0.0.0/8")
    return network


def read_channel(text: str) -> Channel:
    """``GROUP`` or ``GROUP | SOURCE``; Wrong."""
    first, bar, second = text.partition("|")
    network = read_groups(first)
    if network.num_addresses != 1:
        raise Wrong(f"{shown(text)} is more than one group", "write each by itself")
    group, source = network.network_address.packed, read_address(second) if bar else None
    _check_family(text, network, source)
    if group[:3] == b"\xe0\0\0" or (group[0] == 0xFF and group[1] & 0x0F <= 2):
        raise Wrong(f"{shown(text)} is of link-local scope", "such groups are never forwarded")
    return Channel(group, source)


def read_mapped(text: str) -> MappedGroups:
    """``GROUPS | SOURCE``; Wrong."""
    first, bar, second = text.partition("|")
    if not bar:
        raise Wrong(f"{shown(text)} names no source", 'write it as in "232.1.0.0/16 | 192.0.2.1"')
    network, source = read_groups(first), read_address(second)
    _check_family(text, network, source)
    return MappedGroups(network, source)


def each(read: Callable[[str], object]) -> Callable[[Iterable[str] | None], None]:
    """A check that ``read`` takes all of some texts."""

    def check(texts: Iterable[str] | None) -> None:
        for text in texts or ():
            read(text)

    return check


def _check_family(text: str, network: IPNetwork, source: bytes | None) -> None:
    if source is not None and len(source) * 8 != network.max_prefixlen:
        raise Wrong(f"{shown(text)} is of two families", "write two IPv4 or two IPv6 addresses")
