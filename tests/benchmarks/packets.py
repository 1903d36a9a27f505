"""Packets made and read by hand: what the raw host reports, and what passed on a link."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from mcproxy.lab.payload import PAYLOAD
from mcproxy.protocol import igmp
from mcproxy.protocol.family import Address
from mcproxy.protocol.packets import OldReport, Record, RecordType, Report, WireError

IGMP = 2
UDP = 17
RECORDS_A_REPORT = 50

_ROUTERS = bytes((224, 0, 0, 22))
_ROUTER_ALERT = bytes((0x94, 4, 0, 0))
_WORDS = 6
_HEADER = struct.Struct("!BBHHHBBH4s4s4s")
_UDP_HEADERS = 28


def report(source: Address, records: Iterable[Record]) -> bytes:
    """The IP packet of an IGMPv3 report, with Router Alert, as a host sends it."""
    message = igmp.encode(Report(tuple(records)))
    size = _WORDS * 4 + len(message)
    fields = (0x40 | _WORDS, 0xC0, size, 0, 0x4000, 1, IGMP)
    bare = _HEADER.pack(*fields, 0, source, _ROUTERS, _ROUTER_ALERT)
    return _HEADER.pack(*fields, _sum(bare), source, _ROUTERS, _ROUTER_ALERT) + message


def reports(source: Address, kind: RecordType, groups: list[Address]) -> list[bytes]:
    """Reports that say ``kind`` with no sources of all ``groups``, 50 records in each."""
    return [
        report(source, (Record(kind, group) for group in groups[at : at + RECORDS_A_REPORT]))
        for at in range(0, len(groups), RECORDS_A_REPORT)
    ]


def reported_groups(packet: bytes) -> Iterator[Address]:
    """The groups that an IGMP packet's report joins or holds; nothing of all others."""
    start, end = (packet[0] & 0xF) * 4, int.from_bytes(packet[2:4], "big")
    try:
        message = igmp.decode(packet[start:end])
    except WireError:
        return
    match message:
        case Report(records=records):
            yield from (record.group for record in records if not _leaves(record))
        case OldReport(group=group):
            yield group


def left_groups(packet: bytes) -> Iterator[Address]:
    """The groups that an IGMPv3 report leaves."""
    start, end = (packet[0] & 0xF) * 4, int.from_bytes(packet[2:4], "big")
    try:
        message = igmp.decode(packet[start:end])
    except WireError:
        return
    if isinstance(message, Report):
        yield from (record.group for record in message.records if _leaves(record))


def is_query(packet: bytes) -> bool:
    """Whether an IGMP packet is a query."""
    return packet[(packet[0] & 0xF) * 4] == igmp.QUERY


def sequence(packet: bytes) -> int:
    """The number within its stream of a packet of the lab's senders."""
    return int(PAYLOAD.unpack_from(packet, _UDP_HEADERS)[1])


def _leaves(record: Record) -> bool:
    inclusive = (RecordType.CHANGE_TO_INCLUDE_MODE, RecordType.MODE_IS_INCLUDE)
    return not record.sources and record.type in inclusive


def _sum(header: bytes) -> int:
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
