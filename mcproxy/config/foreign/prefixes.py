"""Lists of IPv4 prefixes, as igmpproxy reads and applies them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

from ...protocol.family import IPV4
from ..errors import Wrong, shown

LINK_LOCAL = IPv4Network("224.0.0.0/24")
"""Groups that no proxy forwards."""

MULTICAST = IPv4Network("224.0.0.0/4")


def read_prefix(text: str) -> tuple[IPv4Network, bool]:
    """A network, and whether its address has no bits beyond the prefix; Wrong."""
    host, slash, length = text.partition("/")
    try:
        address = IPv4Address(host)
        network = IPv4Network((address, int(length) if slash else 32), strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise Wrong(f"{shown(text)} is not a network", "write a.b.c.d/n") from None
    return network, network.network_address == address


def last_match_allows(entries: Iterable[tuple[bool, IPv4Network]]) -> list[IPv4Network]:
    """The addresses whose last matching entry allows them."""
    allowed: list[IPv4Network] = []
    for allow, network in entries:
        allowed = [part for one in allowed for part in _without(one, network)]
        if allow:
            allowed.append(network)
    return allowed


def all_but(denied: Iterable[IPv4Network]) -> list[IPv4Network]:
    """The networks of all possible sources that are in none of ``denied``."""
    entries = [(True, IPv4Network("0.0.0.0/0")), *((False, network) for network in denied)]
    return [network for network in last_match_allows(entries) if can_send(network)]


def can_send(network: IPv4Network) -> bool:
    """Whether ``network`` has an address that can be the source of forwarded data."""
    ends = (network.network_address.packed, network.broadcast_address.packed)
    return network.prefixlen == 0 or any(map(IPV4.is_source, ends))


def _without(one: IPv4Network, other: IPv4Network) -> Iterable[IPv4Network]:
    if not one.overlaps(other):
        return (one,)
    return one.address_exclude(other) if other.subnet_of(one) and one != other else ()
