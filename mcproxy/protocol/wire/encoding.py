"""Encodings that IGMP and MLD share: codes, checksums, group records, packing of reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct

from ..family import Family
from .packets import (
    NO_SOURCES,
    DropReason,
    Record,
    RecordType,
    Report,
    Sources,
    WireError,
    new_tuple,
)

SUPPRESS_FLAG = 0x08
ROBUSTNESS_MASK = 0x07
REPORT_HEADER_SIZE = 8

_RECORD_HEADERS = {4: Struct("!BBH4s"), 16: Struct("!BBH16s")}
_LONE_RECORDS = {4: Struct("!B5xHBBH4s"), 16: Struct("!B5xHBBH16s")}  # with their report's header
_RECORD_TYPES = (RecordType.MODE_IS_INCLUDE, *RecordType)  # by number; 0 is never used
_REPORT_START = Struct("!BxxxxxH")
_QUERY_TAIL = Struct("!BBH")

# A list of these cannot be divided into several records: the second would replace the first.
_WHOLE_LIST_TYPES = frozenset((RecordType.MODE_IS_EXCLUDE, RecordType.CHANGE_TO_EXCLUDE_MODE))


def decode_float(code: int, bits: int) -> int:
    """The value of a floating-point code of 8 or 16 bits (RFC 9776 4.1.1, RFC 9777 5.1.3)."""
    if code < 1 << (bits - 1):
        return code
    fraction_bits = bits - 4
    fraction = code & ((1 << fraction_bits) - 1)
    exponent = (code >> fraction_bits) & 7
    return (fraction | 1 << fraction_bits) << (exponent + 3)


def encode_float(value: int, bits: int) -> int:
    """The code of the largest value that a code can carry and that is not above ``value``.

    So a response time is never longer than configured. A value that is too large becomes the
    largest code.
    """
    if value < 1 << (bits - 1):
        return max(value, 0)
    fraction_bits = bits - 4
    exponent = value.bit_length() - bits
    if exponent > 7:
        return (1 << bits) - 1
    fraction = (value >> (exponent + 3)) & ((1 << fraction_bits) - 1)
    return 1 << (bits - 1) | exponent << fraction_bits | fraction


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of ``data``, an odd length padded with a zero."""
    if len(data) & 1:
        data += b"\0"
    # 2**16 is 1 modulo 65535, so the remainder is the one's complement sum of the words;
    # a remainder of 0 stands for 65535 unless all words are 0.
    total = int.from_bytes(data, "big")
    remainder = total % 0xFFFF
    return 0xFFFF - (remainder or (0xFFFF if total else 0))


def tenths(seconds: float) -> int:
    """Seconds in IGMP's unit of 1/10 s, rounded down; tolerates float errors."""
    return int(seconds * 10 + 1e-6)


def milliseconds(seconds: float) -> int:
    """Seconds in MLD's unit of 1 ms, rounded down; tolerates float errors."""
    return int(seconds * 1000 + 1e-6)


def decode_sources(message: bytes, offset: int, count: int, size: int) -> Sources:
    """``count`` addresses of ``size`` bytes from ``offset`` on; WireError if there are fewer."""
    stop = offset + count * size
    if stop > len(message):
        raise WireError(DropReason.TRUNCATED, f"{count} sources announced")
    return frozenset([message[at : at + size] for at in range(offset, stop, size)])


def decode_report(message: bytes, size: int) -> Report:
    """The group records of a report message with addresses of ``size`` bytes.

    Auxiliary data is skipped, and records of unknown type are left out. A record that is
    longer than the message raises WireError (TRUNCATED); then no record counts.
    """
    lone = _LONE_RECORDS[size]
    if len(message) == lone.size:
        # One record, as in most reports: 9 us less with cold caches than in the loop.
        _, count, kind, auxiliary, sources, group = lone.unpack(message)
        if count == 1 and not auxiliary and not sources and 0 < kind < 7:
            return Report((new_tuple(Record, (_RECORD_TYPES[kind], group, NO_SOURCES)),))
    header = _RECORD_HEADERS[size]
    count = message[6] << 8 | message[7]
    if len(message) != REPORT_HEADER_SIZE + count * header.size:
        return _decode_with_sources(message, count, size)
    records = []  # without anything else than groups: 0.23 us each in place of 0.38 us
    for kind, auxiliary, sources, group in header.iter_unpack(message[REPORT_HEADER_SIZE:]):
        if auxiliary or sources:
            raise WireError(DropReason.TRUNCATED, "no room for sources or auxiliary data")
        if 0 < kind < 7:
            records.append(new_tuple(Record, (_RECORD_TYPES[kind], group, NO_SOURCES)))
    return Report(records)


def _decode_with_sources(message: bytes, count: int, size: int) -> Report:
    header = _RECORD_HEADERS[size]
    header_size, end = header.size, len(message)
    offset = REPORT_HEADER_SIZE
    records = []
    for _ in range(count):
        if offset + header_size > end:
            raise WireError(DropReason.TRUNCATED, f"{count} records announced")
        kind, auxiliary, sources, group = header.unpack_from(message, offset)
        offset += header_size
        listed = NO_SOURCES
        if sources:
            listed = decode_sources(message, offset, sources, size)
            offset += sources * size
        offset += auxiliary * 4
        if offset > end:
            raise WireError(DropReason.TRUNCATED, "auxiliary data")
        if 0 < kind < 7:
            records.append(new_tuple(Record, (_RECORD_TYPES[kind], group, listed)))
    return Report(records)


def encode_report(kind: int, records: Report) -> bytes:
    """A report message of this type with a checksum of 0; sources are in ascending order."""
    if len(records) == 1 and not records[0].sources:
        record_type, group, _ = records[0]  # as in most reports: 9 us less with cold caches
        return _LONE_RECORDS[len(group)].pack(kind, 1, record_type, 0, 0, group)
    parts = [_REPORT_START.pack(kind, len(records))]
    for record_type, group, sources in records:
        parts.append(_RECORD_HEADERS[len(group)].pack(record_type, 0, len(sources), group))
        if sources:
            parts.extend(sorted(sources))
    return b"".join(parts)


def encode_query_tail(suppress: bool, robustness: int, interval: int, sources: Sources) -> bytes:
    """The end of an IGMPv3 or MLDv2 query, after its group: S flag, QRV, QQIC and sources."""
    flags = SUPPRESS_FLAG if suppress else 0
    if robustness <= ROBUSTNESS_MASK:
        flags |= robustness
    tail = _QUERY_TAIL.pack(flags, encode_float(interval, 8), len(sources))
    return tail + b"".join(sorted(sources))


def decode_query_tail(message: bytes, offset: int, size: int) -> tuple[bool, int, int, Sources]:
    """S flag, QRV, query interval in seconds, and sources; ``offset`` is behind the group."""
    flags, interval, count = _QUERY_TAIL.unpack_from(message, offset)
    sources = decode_sources(message, offset + _QUERY_TAIL.size, count, size)
    suppress = bool(flags & SUPPRESS_FLAG)
    return suppress, flags & ROBUSTNESS_MASK, decode_float(interval, 8), sources


def pack_reports(records: Sequence[Record], family: Family, mtu: int) -> Iterator[Report]:
    """Reports with ``records`` in their order; each fits into a packet of ``mtu`` bytes.

    A source list that is too long for a packet is divided into several records; in an IS_EX
    or TO_EX record it is cut (RFC 9776, section 4.2.17).
    """
    room = family.room(mtu) - REPORT_HEADER_SIZE
    batch: list[Record] = []
    used = 0
    for record in records:
        pieces = _fitting(record, family.address_size, room) if record.sources else (record,)
        for piece in pieces:
            size = 4 + family.address_size * (1 + len(piece.sources))
            if used + size > room:
                yield Report(batch)
                batch, used = [], 0
            batch.append(piece)
            used += size
    if batch:
        yield Report(batch)


def chunks(sources: Sources, most: int) -> Iterator[Sources]:
    """``sources`` in ascending order, divided into sets of at most ``most``."""
    ordered = sorted(sources)
    for start in range(0, len(ordered), most):
        yield frozenset(ordered[start : start + most])


def _fitting(record: Record, size: int, room: int) -> Iterable[Record]:
    most = (room - 4 - size) // size
    if len(record.sources) <= most:
        return (record,)
    if record.type in _WHOLE_LIST_TYPES:
        return (record._replace(sources=next(chunks(record.sources, most))),)
    return (record._replace(sources=part) for part in chunks(record.sources, most))
