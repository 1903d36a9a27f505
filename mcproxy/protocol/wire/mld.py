"""MLD messages of both versions: encoding and decoding.

RFC 9777 and RFC 2710; for the discovery of multicast routers RFC 4286.
"""

from __future__ import annotations

from struct import Struct

from ..family import IPV6, Address
from . import discovery
from .encoding import (
    decode_float,
    decode_query_tail,
    decode_report,
    encode_float,
    encode_query_tail,
    encode_report,
    milliseconds,
)
from .packets import DropReason, Leave, OldReport, Packet, Query, Report, WireError

QUERY = 130
REPORT_V1 = 131
DONE = 132
REPORT_V2 = 143
DISCOVERY = discovery.Types(advertisement=151, solicitation=152, termination=153)

_MESSAGE = Struct("!BxHHxx16s")
_SIZE_V1 = 24
_ICMPV6 = 58
_MIN_QUERY_V2 = 28


def encode(packet: Packet, source: Address, destination: Address) -> bytes:
    """The message of ``packet`` with its checksum, which covers the addresses too."""
    match packet:
        case Report():
            message = encode_report(REPORT_V2, packet)
        case Query():
            message = _encode_query(packet)
        case OldReport(group=group):
            message = _MESSAGE.pack(REPORT_V1, 0, 0, group)
        case Leave(group=group):
            message = _MESSAGE.pack(DONE, 0, 0, group)
        case _:
            message = discovery.encode(packet, DISCOVERY)
    # The sum has the pseudo-header too: addresses, length and next header (RFC 8200, section 8.1).
    total = int.from_bytes(source + destination + message, "big") + len(message) + _ICMPV6
    return message[:2] + (-total % 0xFFFF).to_bytes(2, "big") + message[4:]


def _encode_query(query: Query) -> bytes:
    time = milliseconds(query.max_response)
    if query.version == 1:
        return _MESSAGE.pack(QUERY, 0, min(time, 0xFFFF), query.group)
    head = _MESSAGE.pack(QUERY, 0, encode_float(time, 16), query.group)
    return head + encode_query_tail(query.suppress, query.robustness, query.interval, query.sources)


def decode(message: bytes) -> Packet:
    """The packet in ``message``, which starts with the ICMPv6 type; else WireError.

    The kernel has already verified the checksum: it does so on ICMPv6 sockets.
    """
    if len(message) < 8 and not discovery.is_short(message, DISCOVERY):
        raise WireError(DropReason.SHORT, f"{len(message)} bytes")
    kind = message[0]
    if kind == REPORT_V2:
        return decode_report(message, 16)
    if kind in DISCOVERY:
        return discovery.decode(message, DISCOVERY)
    if kind not in (QUERY, REPORT_V1, DONE):
        raise WireError(DropReason.TYPE, str(kind))
    if len(message) < _SIZE_V1:
        raise WireError(DropReason.SHORT, f"{len(message)} bytes")
    if kind == QUERY:
        return _decode_query(message)
    group = _multicast(message[8:24])
    return OldReport(1, group) if kind == REPORT_V1 else Leave(group)


def _decode_query(message: bytes) -> Query:
    """A query; its length tells its version (RFC 9777, section 8.1)."""
    _, _, code, group = _MESSAGE.unpack_from(message)
    if group != IPV6.unspecified:
        _multicast(group)
    if len(message) == _SIZE_V1:
        return Query(1, group, code / 1000)
    if len(message) < _MIN_QUERY_V2:
        raise WireError(DropReason.LENGTH, f"query of {len(message)} bytes")
    suppress, robustness, interval, sources = decode_query_tail(message, 24, 16)
    if sources and group == IPV6.unspecified:
        raise WireError(DropReason.GROUP, "sources without a group")
    delay = decode_float(code, 16) / 1000
    return Query(2, group, delay, sources, suppress, robustness, interval)


def _multicast(group: Address) -> Address:
    if not IPV6.is_multicast(group):
        raise WireError(DropReason.GROUP, "not multicast")
    return group
