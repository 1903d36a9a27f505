"""IGMP messages of all versions: encoding and decoding.

RFC 9776, RFC 2236 and RFC 1112; for the discovery of multicast routers RFC 4286.
"""

from __future__ import annotations

from struct import Struct

from ..family import IPV4, Address
from . import discovery
from .encoding import (
    decode_float,
    decode_query_tail,
    decode_report,
    encode_float,
    encode_query_tail,
    encode_report,
    tenths,
)
from .packets import DropReason, Leave, OldReport, Packet, Query, Report, WireError

QUERY = 0x11
REPORT_V1 = 0x12
REPORT_V2 = 0x16
LEAVE = 0x17
REPORT_V3 = 0x22
DISCOVERY = discovery.Types(advertisement=0x30, solicitation=0x31, termination=0x32)

IGMPV1_MAX_RESPONSE = 10.0
"""Response time in seconds of an IGMPv1 query, which carries none (RFC 2236, section 4)."""

_MESSAGE = Struct("!BBH4s")
_OLD_REPORTS = {REPORT_V1: 1, REPORT_V2: 2}
_MIN_QUERY_V3 = 12


def encode(packet: Packet, source: Address = b"", destination: Address = b"") -> bytes:
    """The message of ``packet`` with its checksum.

    The addresses are not used; they are here because ``mld.encode`` needs them.
    """
    match packet:
        case Report():
            message = encode_report(REPORT_V3, packet)
        case Query():
            message = _encode_query(packet)
        case OldReport(version=version, group=group):
            message = _MESSAGE.pack(REPORT_V1 if version == 1 else REPORT_V2, 0, 0, group)
        case Leave(group=group):
            message = _MESSAGE.pack(LEAVE, 0, 0, group)
        case _:
            message = discovery.encode(packet, DISCOVERY)
    # This is ``checksum``, whose call takes 5 us with cold caches; no message of ours is all zeros.
    covered = -int.from_bytes(message, "big") % 0xFFFF
    return message[:2] + covered.to_bytes(2, "big") + message[4:]


def _encode_query(query: Query) -> bytes:
    time = tenths(query.max_response)
    if query.version == 1:
        return _MESSAGE.pack(QUERY, 0, 0, query.group)
    if query.version == 2:
        return _MESSAGE.pack(QUERY, max(1, min(time, 255)), 0, query.group)
    head = _MESSAGE.pack(QUERY, encode_float(time, 8), 0, query.group)
    return head + encode_query_tail(query.suppress, query.robustness, query.interval, query.sources)


def decode(message: bytes) -> Packet:
    """The packet in ``message``, which is the IP payload; WireError if it is not acceptable."""
    if len(message) < 8 and not discovery.is_short(message, DISCOVERY):
        raise WireError(DropReason.SHORT, f"{len(message)} bytes")
    # As in ``checksum``, whose call would take 5 us with cold caches.
    total = int.from_bytes(message, "big")
    if len(message) & 1:
        total <<= 8
    if total % 0xFFFF or not total:
        raise WireError(DropReason.CHECKSUM)
    kind = message[0]
    if kind == REPORT_V3:
        return decode_report(message, 4)
    if kind == QUERY:
        return _decode_query(message)
    group = message[4:8]
    if kind in _OLD_REPORTS:
        return OldReport(_OLD_REPORTS[kind], _multicast(group))
    if kind == LEAVE:
        return Leave(_multicast(group))
    if kind in DISCOVERY:
        return discovery.decode(message, DISCOVERY)
    raise WireError(DropReason.TYPE, f"0x{kind:02x}")


def _decode_query(message: bytes) -> Query:
    """A query; its length and its code tell its version (RFC 9776, section 7.1)."""
    length = len(message)
    code, group = message[1], message[4:8]
    if length == 8 and code == 0:
        # The group is ignored (RFC 1112, appendix I): version 1 has no specific queries.
        return Query(1, IPV4.unspecified, IGMPV1_MAX_RESPONSE)
    if group != IPV4.unspecified:
        _multicast(group)
    if length == 8:
        return Query(2, group, code / 10)
    if length < _MIN_QUERY_V3:
        raise WireError(DropReason.LENGTH, f"query of {length} bytes")
    suppress, robustness, interval, sources = decode_query_tail(message, 8, 4)
    if sources and group == IPV4.unspecified:
        raise WireError(DropReason.GROUP, "sources without a group")
    return Query(3, group, decode_float(code, 8) / 10, sources, suppress, robustness, interval)


def _multicast(group: Address) -> Address:
    if not IPV4.is_multicast(group):
        raise WireError(DropReason.GROUP, "not multicast")
    return group
