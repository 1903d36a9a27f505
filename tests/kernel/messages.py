"""IGMP and MLD messages in the tests: make, send, and read them from captures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mcproxy.lab.capture import Capture, Frame, is_membership
from mcproxy.lab.raw import RawHost
from mcproxy.protocol.family import IPV4, IPV6, Address, packed
from mcproxy.protocol.wire import datagram, igmp, mld
from mcproxy.protocol.wire.datagram import Datagram, accept, decode_ipv4, ipv6_router_alert
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

IS_IN = RecordType.MODE_IS_INCLUDE
IS_EX = RecordType.MODE_IS_EXCLUDE
TO_IN = RecordType.CHANGE_TO_INCLUDE_MODE
TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE
ALLOW = RecordType.ALLOW_NEW_SOURCES
BLOCK = RecordType.BLOCK_OLD_SOURCES


class CapturedMessage(NamedTuple):
    """A message on a link: time, source address, and contents."""

    time: float
    source: Address
    packet: Packet


def record(kind: RecordType, group: str, *sources: str) -> Record:
    """A record with its addresses as text."""
    return Record(kind, packed(group), frozenset(map(packed, sources)))


def query(group: str, seconds: float, *sources: str) -> Query:
    """A query of the current version; the group is "0.0.0.0" or "::" in a general query."""
    address = packed(group)
    version = IPV4.current_version if len(address) == 4 else IPV6.current_version
    return Query(
        version, address, seconds, frozenset(map(packed, sources)), robustness=2, interval=125
    )


def send_message(host: RawHost, source: str, packet: Packet) -> None:
    """Send ``packet`` from ``source``, in the family of that address."""
    family = IPV6 if ":" in source else IPV4
    to = datagram.destination(family, packet)
    host.send(datagram.encode(family, packed(source), to, packet))


def messages_on(link: Capture, outgoing: bool = False) -> Iterator[CapturedMessage]:
    """The valid messages that a captured interface received, or sent if ``outgoing``."""
    for frame in link.frames(outgoing):
        if is_membership(frame.packet):
            try:
                yield _read(frame)
            except WireError:
                continue


def decode_message(packet: bytes) -> Packet:
    """The message in an IP packet from any address; WireError if it is malformed."""
    if packet[0] >> 4 == 4:
        return igmp.decode(decode_ipv4(packet).message)
    return mld.decode(packet[48:])  # MLD follows a hop-by-hop header of 8 bytes


def records(link: Capture, group: str, outgoing: bool = False) -> list[Record]:
    """The records of ``group`` in order; messages of older versions become records too."""
    return [one for _, one in timed_records(link, group, outgoing)]


def timed_records(
    link: Capture, group: str, outgoing: bool = False
) -> Iterator[tuple[float, Record]]:
    """The records of ``group`` in order, each with its time."""
    wanted = packed(group)
    for time, _, packet in messages_on(link, outgoing):
        for one in _records_of(packet):
            if one.group == wanted:
                yield time, one


def reporters(link: Capture, group: str, outgoing: bool = False) -> set[Address]:
    """The addresses that sent a report or leave of ``group``."""
    wanted = packed(group)
    return {
        one.source
        for one in messages_on(link, outgoing)
        if any(each.group == wanted for each in _records_of(one.packet))
    }


def queries(link: Capture, outgoing: bool = False) -> list[CapturedMessage]:
    """The queries among the messages."""
    return [one for one in messages_on(link, outgoing) if isinstance(one.packet, Query)]


def _read(frame: Frame) -> CapturedMessage:
    packet = frame.packet
    if packet[0] >> 4 == 4:
        found = decode_ipv4(packet)
        return CapturedMessage(frame.time, found.source, accept(IPV4, found))
    start = 40 + 8 * (packet[41] + 1)
    alert = ipv6_router_alert(packet[40:start])
    source, to, message = packet[8:24], packet[24:40], packet[start:]
    return CapturedMessage(
        frame.time, source, accept(IPV6, Datagram(source, to, packet[7], alert, message))
    )


def _records_of(packet: Packet) -> tuple[Record, ...]:
    match packet:
        case Report() as found:
            return found
        case OldReport(group=group):
            return (Record(IS_EX, group),)
        case Leave(group=group):
            return (Record(TO_IN, group),)
    return ()
