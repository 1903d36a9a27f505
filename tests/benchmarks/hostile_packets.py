"""What hostile hosts send: lists of IP packets, which flood.py sends again and again."""

from __future__ import annotations

import random
from collections.abc import Callable
from struct import Struct

from mcproxy.lab.payload import PAYLOAD
from mcproxy.protocol.family import IPV4, Address, Family
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.encoding import checksum
from mcproxy.protocol.wire.packets import OldReport, Packet, Query, Record, RecordType, Report

from .site import Site, groups

_IPV4_HEADER, _IPV6_HEADER = Struct("!BBHHHBBH4s4s"), Struct("!IHBB16s16s")
_UDP_HEADER = Struct("!HHHH")
_UDP, _PORT, _TTL = 17, 5000, 8
_MANY = 20_000

Packets = Callable[[Site, random.Random], list[bytes]]
"""The packets of an attack, and the randomness for them."""


def _packet(family: Family, source: Address, packet: Packet) -> bytes:
    return datagram.encode(family, source, datagram.destination(family, packet), packet)


def _group(family: Family, number: int) -> Address:
    """A group that no honest host of the benchmark wants."""
    first = int.from_bytes(groups(1, family)[0], "big") + (1 << 20)
    return (first + number).to_bytes(family.address_size, "big")


def _source(family: Family, chance: random.Random) -> Address:
    """A source behind the provider."""
    if family is IPV4:
        return b"\x0a\x01" + chance.getrandbits(16).to_bytes(2, "big")
    return b"\xfd\0\0\x01" + bytes(4) + chance.getrandbits(64).to_bytes(8, "big")


# -- joins


def old_joins(version: int) -> Packets:
    """Joins of different groups by a host of this version."""

    def make(site: Site, _: random.Random) -> list[bytes]:
        family = site.protocol.family
        reports = (OldReport(version, _group(family, number)) for number in range(_MANY))
        return [_packet(family, site.protocol.second, report) for report in reports]

    return make


def refreshes(site: Site, _: random.Random) -> list[bytes]:
    """One report, of one group."""
    report = Report((Record(RecordType.MODE_IS_EXCLUDE, _group(site.protocol.family, 0)),))
    return [_packet(site.protocol.family, site.protocol.second, report)] * 256


def forged_joins(site: Site, chance: random.Random) -> list[bytes]:
    """Joins of many groups, each from another address."""
    family, made = site.protocol.family, []
    for number in range(_MANY):
        host = site.protocol.second[:-2] + chance.getrandbits(16).to_bytes(2, "big")
        record = Record(RecordType.CHANGE_TO_EXCLUDE_MODE, _group(family, number % 5000))
        made.append(_packet(family, host, Report((record,))))
    return made


# -- source lists


def source_lists(*kinds: RecordType) -> Packets:
    """100,000 sources and more for four groups, in records of these types in turn."""

    def make(site: Site, chance: random.Random) -> list[bytes]:
        family, made = site.protocol.family, []
        most = (family.room(1500) - 12 - family.address_size) // family.address_size
        for number in range(1_137):
            listed = frozenset(_source(family, chance) for _ in range(most))
            kind = kinds[number // 4 % len(kinds)]
            record = Record(kind, _group(family, number % 4), listed)
            made.append(_packet(family, site.protocol.second, Report((record,))))
        return made

    return make


def queries(site: Site, chance: random.Random) -> list[bytes]:
    """Queries from the highest address of the link, each with a full list of sources."""
    family, made = site.protocol.family, []
    host = site.protocol.second[:2] + b"\xff" * (family.address_size - 3) + b"\xfe"
    most = (family.room(1500) - family.query_size) // family.address_size
    for _ in range(256):
        listed = frozenset(_source(family, chance) for _ in range(most))
        query = Query(family.current_version, groups(1, family)[0], 1.0, listed, False, 2, 125)
        made.append(_packet(family, host, query))
    return made


# -- data


def data(source: Address, group: Address) -> bytes:
    """A UDP packet of a source to a group."""
    payload = PAYLOAD.pack(0, 0, 0)
    length = _UDP_HEADER.size + len(payload)
    udp = [_PORT, _PORT, length, 0]
    if len(group) == IPV4.address_size:
        fields = (0x45, 0, _IPV4_HEADER.size + length, 0, 0, _TTL, _UDP)
        sum_ = checksum(_IPV4_HEADER.pack(*fields, 0, source, group))
        header = _IPV4_HEADER.pack(*fields, sum_, source, group)
    else:
        header = _IPV6_HEADER.pack(6 << 28, length, _UDP, _TTL, source, group)
        pseudo = source + group + length.to_bytes(4, "big") + _UDP.to_bytes(4, "big")
        udp[3] = checksum(pseudo + _UDP_HEADER.pack(*udp) + payload)
    return header + _UDP_HEADER.pack(*udp) + payload


def forged_data(source: Address, streams: list[Address]) -> Packets:
    """Data of the provider's source to the groups of its streams."""
    return lambda _, __: [data(source, group) for group in streams]


def new_sources(prefix: bytes, group: Address) -> Packets:
    """Data of very many sources, whose addresses begin with ``prefix``, to one group."""
    size = len(group) - len(prefix)
    return lambda _, __: [
        data(prefix + (4096 + number).to_bytes(size, "big"), group) for number in range(_MANY * 2)
    ]


def forged_leaves(streams: list[Address]) -> Packets:
    """Leaves of the other host's streams, in its name."""
    return lambda site, _: [site.protocol.leave(site.home_address(), group) for group in streams]
