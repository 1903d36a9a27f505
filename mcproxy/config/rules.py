"""The rules of filters as text: ``GROUP | SOURCE``.

Each side is an address, a prefix, ``A - B`` or ``*``. A rule that can never match is refused.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from ..protocol.family import IPV4, IPV6
from ..protocol.policy.filters import AddressRange, FilterRule
from .addresses import IPNetwork, parse_address, parse_prefix
from .errors import Wrong, shown

ANY = "*"

MOST_KNOWN = 1 << 14
"""Rules that are cached with their texts: most are the same when a file is read again."""

_HINT = 'write an address, a prefix, "A - B" or "*"'


def range_of(network: IPNetwork) -> AddressRange:
    """All addresses of ``network``."""
    first = network.network_address.packed
    last = int.from_bytes(first) | (1 << network.max_prefixlen - network.prefixlen) - 1
    return AddressRange(first, last.to_bytes(len(first)))


_OF_FAMILY = {
    4: [range_of(ipaddress.ip_network(text)) for text in ("224.0.0.0/4", "0.0.0.0/0")],
    16: [range_of(ipaddress.ip_network(text)) for text in ("ff00::/8", "::/0")],
}
"""All groups and all addresses, by the size of an address."""


@lru_cache(MOST_KNOWN)
def read_rule(text: str) -> FilterRule:
    """The rule in ``text``, whose source may be left out; Wrong."""
    first, bar, second = text.partition("|")
    group = read_range(first)
    source = read_range(second) if bar else None
    if group is not None and source is not None and len(group.first) != len(source.first):
        raise Wrong(f"{shown(text)} mixes IPv4 and IPv6", "write two IPv4 or two IPv6 ranges")
    return FilterRule(_check_group(first, group), _check_source(second, source))


@lru_cache(MOST_KNOWN)
def rule_text(rule: FilterRule) -> str:
    """The text that is read as ``rule``, without the interface that data came from."""
    group = range_text(rule.group)
    return group if rule.source is None else f"{group} | {range_text(rule.source)}"


def read_range(text: str) -> AddressRange | None:
    """The addresses that ``text`` stands for, None for any; Wrong."""
    text = text.strip()
    if text == ANY:
        return None
    if "/" in text:
        return range_of(parse_prefix(text, _HINT))
    if "-" not in text:
        address = parse_address(text, _HINT)
        return AddressRange(address.packed, address.packed)
    first, last = (parse_address(part, _HINT) for part in text.split("-", 1))
    if first.version != last.version:
        raise Wrong(f"{shown(text)} mixes IPv4 and IPv6", "write two IPv4 or two IPv6 addresses")
    if first.packed > last.packed:
        raise Wrong(f"{shown(text)} ends before it starts", f'write "{last} - {first}"')
    return AddressRange(first.packed, last.packed)


def range_text(addresses: AddressRange | None) -> str:
    """The shortest text that is read as ``addresses``."""
    if addresses is None:
        return ANY
    first, last = map(ipaddress.ip_address, addresses)
    if first == last:
        return str(first)
    bits = (int(first) ^ int(last)).bit_length()
    network = ipaddress.ip_network((first, first.max_prefixlen - bits), strict=False)
    if (network.network_address, network.broadcast_address) == (first, last):
        return str(network)
    return f"{first} - {last}"


def _check_group(text: str, addresses: AddressRange | None) -> AddressRange | None:
    """The groups among ``addresses``, which must be groups or a whole family; Wrong."""
    if addresses is None:
        return None
    groups, everything = _OF_FAMILY[len(addresses.first)]
    if addresses == everything:
        return groups
    if not groups.first <= addresses.first <= addresses.last <= groups.last:
        raise Wrong(
            f"{shown(text.strip())} is not a multicast group", f"groups are in {range_text(groups)}"
        )
    if not _is_ever_proxied(addresses):
        raise Wrong(
            f"{shown(text.strip())} is of link-local scope", "such groups are never forwarded"
        )
    return addresses


def _is_ever_proxied(groups: AddressRange) -> bool:
    if len(groups.first) == IPV4.address_size:
        return IPV4.is_proxied(groups.last)
    scopes = range(groups.first[1], groups.last[1] + 1)
    return any(IPV6.is_proxied(bytes([0xFF, scope])) for scope in scopes)


def _check_source(text: str, addresses: AddressRange | None) -> AddressRange | None:
    """``addresses``, some of which must be able to send data that is forwarded; Wrong."""
    if addresses is None:
        return None
    family = IPV4 if len(addresses.first) == IPV4.address_size else IPV6
    if any(map(family.is_source, addresses)):
        return addresses
    # Between two addresses that cannot be sources there may be some that can.
    if addresses.first[0] == addresses.last[0] or family.is_multicast(addresses.first):
        raise Wrong(
            f"{shown(text.strip())} cannot be the source of forwarded data",
            "write unicast addresses that are not link-local",
        )
    return addresses
