"""Packets of the raw hosts, and the contents of recorded packets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcproxy.lab.payload import PAYLOAD
from mcproxy.protocol.family import IPV4, IPV6, Address, Family, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
    WireError,
)

from ..kernel.messages import decode_message

RECORDS_A_REPORT = 50

_UDP_HEADER = 8


@dataclass(frozen=True)
class HostProtocol:
    """The protocol of the hosts: a family, in its current version or (``old``) the previous one.

    ``host`` and ``second`` are the addresses of two hosts.
    """

    name: str
    family: Family
    host: Address
    second: Address
    old: bool = False

    def join(self, host: Address, group: Address) -> bytes:
        """The IP packet with which ``host`` joins a group from any source."""
        if self.old:
            return self._packet(host, OldReport(self.family.current_version - 1, group))
        return self._report(host, [Record(RecordType.CHANGE_TO_EXCLUDE_MODE, group)])

    def leave(self, host: Address, group: Address) -> bytes:
        """The IP packet with which ``host`` leaves a group."""
        if self.old:
            return self._packet(host, Leave(group))
        return self._report(host, [Record(RecordType.CHANGE_TO_INCLUDE_MODE, group)])

    def reports(self, host: Address, kind: RecordType, groups: list[Address]) -> list[bytes]:
        """Reports of the current version with records of type ``kind`` without sources."""
        return [
            self._report(host, [Record(kind, each) for each in groups[at : at + RECORDS_A_REPORT]])
            for at in range(0, len(groups), RECORDS_A_REPORT)
        ]

    def _report(self, host: Address, records: list[Record]) -> bytes:
        return self._packet(host, Report(tuple(records)))

    def _packet(self, host: Address, packet: Packet) -> bytes:
        to = datagram.destination(self.family, packet)
        return datagram.encode(self.family, host, to, packet)


_IPV4_HOSTS = packed("10.2.0.10"), packed("10.2.0.11")
_IPV6_HOSTS = packed("fe80::10"), packed("fe80::11")

IGMPV3 = HostProtocol("IGMPv3", IPV4, *_IPV4_HOSTS)
IGMPV2 = HostProtocol("IGMPv2", IPV4, *_IPV4_HOSTS, old=True)
MLDV1 = HostProtocol("MLDv1", IPV6, *_IPV6_HOSTS, old=True)
MLDV2 = HostProtocol("MLDv2", IPV6, *_IPV6_HOSTS)


def reported_groups(packet: bytes) -> Iterator[Address]:
    """The groups that a report joins or refreshes; none for other packets."""
    match _message(packet):
        case Report() as records:
            yield from (record.group for record in records if not _leaves(record))
        case OldReport(group=group):
            yield group


def left_groups(packet: bytes) -> Iterator[Address]:
    """The groups that a report or leave message leaves; none for other packets."""
    match _message(packet):
        case Report() as records:
            yield from (record.group for record in records if _leaves(record))
        case Leave(group=group):
            yield group


def is_query(packet: bytes) -> bool:
    """Whether a packet is a query."""
    return isinstance(_message(packet), Query)


def queried_group(packet: bytes) -> Address | None:
    """The group of a specific query; None for other packets."""
    message = _message(packet)
    if isinstance(message, Query) and any(message.group):
        return message.group
    return None


def sequence(packet: bytes) -> int:
    """The sequence number of a data packet of the lab's senders."""
    start = 20 if packet[0] >> 4 == 4 else 40
    return int(PAYLOAD.unpack_from(packet, start + _UDP_HEADER)[1])


def channel(packet: bytes) -> tuple[Address, Address]:
    """The source and the group of a data packet."""
    size, start = (4, 12) if packet[0] >> 4 == 4 else (16, 8)
    return packet[start : start + size], packet[start + size : start + 2 * size]


def _message(packet: bytes) -> Packet | None:
    """The IGMP or MLD message in an IP packet; None if there is no valid one."""
    try:
        return decode_message(packet)
    except WireError:
        return None


def _leaves(record: Record) -> bool:
    inclusive = (RecordType.CHANGE_TO_INCLUDE_MODE, RecordType.MODE_IS_INCLUDE)
    return not record.sources and record.type in inclusive
