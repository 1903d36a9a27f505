"""From the packets of a capture to what arrived where, and who reported what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from time import monotonic

from ..linux.group_capture import Seen, capture_group
from ..protocol.family import IPV4, Address, Family, text
from ..protocol.wire import igmp, mld
from ..protocol.wire.datagram import Datagram, accept
from ..protocol.wire.packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
    WireError,
)
from .evidence import Arrived, Capture, Heard
from .hearing import decode

MOST_TOLD = 50
"""Lines about data, and about messages, that a capture has."""

_IGMP, _HOP_BY_HOP, _UDP = 2, 0, 17
_IPV6_HEADER = 40

ArrivedKey = tuple[str, bool, Address, int]


def capture(
    family: Family,
    group: Address,
    seconds: float,
    strict: Collection[str] = (),
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Capture:
    """Listen for a group on all links; OSError where that is not permitted. Blocks.

    On the ``strict`` interfaces IGMP messages need a Router Alert option.
    """
    began = monotonic()
    arrived: dict[ArrivedKey, tuple[int, int, int | None]] = {}
    heard: dict[Heard, int] = {}
    for seen in capture_group(family, group, seconds, is_cancelled):
        if _is_message(family, seen.packet):
            for one in _messages(family, group, seen, seen.interface in strict):
                if one in heard or len(heard) < MOST_TOLD:
                    heard[one] = heard.get(one, 0) + 1
        else:
            key, length = _datum(family, seen)
            if key in arrived or len(arrived) < MOST_TOLD:
                count, longest, port = arrived.get(key, (0, 0, None))
                port = port or _port(family, seen.packet)
                arrived[key] = count + 1, max(longest, length), port
    span = max(monotonic() - began, 0.001)
    return Capture(
        span,
        tuple(
            Arrived(name, text(source), hops, count, count / span, length, leaving, port)
            for (name, leaving, source, hops), (count, length, port) in sorted(
                arrived.items(), key=lambda item: item[0]
            )
        ),
        tuple(replace(one, count=count) for one, count in heard.items()),
    )


def _is_message(family: Family, packet: bytes) -> bool:
    return packet[9] == _IGMP if family is IPV4 else packet[6] == _HOP_BY_HOP


def _datum(family: Family, seen: Seen) -> tuple[ArrivedKey, int]:
    packet = seen.packet
    if family is IPV4:
        source, hops, length = packet[12:16], packet[8], int.from_bytes(packet[2:4], "big")
    else:
        source, hops, length = packet[8:24], packet[7], 40 + int.from_bytes(packet[4:6], "big")
    return (seen.interface, seen.is_leaving, source, hops), length


def _port(family: Family, packet: bytes) -> int | None:
    """The destination port of UDP; None for other protocols and for later fragments."""
    if family is IPV4:
        start, protocol = 4 * (packet[0] & 15), packet[9]
        if int.from_bytes(packet[6:8], "big") & 0x1FFF:
            return None
    else:
        start, protocol = _IPV6_HEADER, packet[6]
    if protocol != _UDP or len(packet) < start + 4:
        return None
    return int.from_bytes(packet[start + 2 : start + 4], "big")


def _messages(family: Family, group: Address, seen: Seen, strict: bool) -> Iterator[Heard]:
    """A message, if it is about the group; queries for all groups are about each."""
    with suppress(WireError, IndexError):
        _, found = decode(seen.packet)
        packet = (igmp if family is IPV4 else mld).decode(found.message)
        kind = _kind(family, group, packet)
        if kind:
            fault = "" if seen.is_leaving else _fault(family, found, strict)
            host = text(found.source)
            yield Heard(seen.interface, host, kind, 0, fault, seen.is_leaving)


def _kind(family: Family, group: Address, packet: Packet) -> str:
    protocol, current = family.protocol, family.current_version
    match packet:
        case Query(version=version, group=asked) if asked == group:
            return f"{protocol}v{version} query for the group"
        case Query(version=version, group=asked) if asked == family.unspecified:
            return f"{protocol}v{version} query"
        case Report():
            own = [one for one in packet if one.group == group]
            kind = "report" if any(map(_joins, own)) else "leave"
            return f"{protocol}v{current} {kind}" if own else ""
        case OldReport(version=version, group=joined) if joined == group:
            return f"{protocol}v{version} report"
        case Leave(group=left) if left == group:
            return f"{protocol} leave"
    return ""


def _joins(record: Record) -> bool:
    """Whether the host wants something of the group, as far as the record tells."""
    if record.type in (RecordType.MODE_IS_INCLUDE, RecordType.CHANGE_TO_INCLUDE_MODE):
        return bool(record.sources)
    return record.type is not RecordType.BLOCK_OLD_SOURCES


def _fault(family: Family, found: Datagram, strict: bool) -> str:
    try:
        accept(family, found, strict)
    except WireError as error:
        return error.reason.value
    return ""
