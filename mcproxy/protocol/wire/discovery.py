"""Messages of Multicast Router Discovery: encoding and decoding (RFC 4286).

IGMP and ICMPv6 carry the same messages under types of their own. The checksum is the caller's.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from .packets import (
    Discovery,
    DropReason,
    RouterAdvertisement,
    RouterSolicitation,
    RouterTermination,
    WireError,
)

SHORT_SIZE = 4
"""Bytes of a solicitation or termination; all other messages have eight or more."""

_ADVERTISEMENT = Struct("!BBHHH")

# Linux bridges with snooping drop IGMP and ICMPv6 messages that are shorter than 8 bytes. All
# receivers ignore data after the fixed format (RFC 4286, section 2), so we send 8.
_PADDED = Struct("!BBH4x")


class Types(NamedTuple):
    """The types of the three messages."""

    advertisement: int
    solicitation: int
    termination: int


def encode(packet: Discovery, types: Types) -> bytes:
    """The message of ``packet`` with a checksum of 0; a value that is too large is the largest."""
    match packet:
        case RouterAdvertisement(interval, query_interval, robustness):
            fields = min(interval, 0xFF), 0, min(query_interval, 0xFFFF), min(robustness, 0xFFFF)
            return _ADVERTISEMENT.pack(types.advertisement, *fields)
        case RouterSolicitation():
            return _PADDED.pack(types.solicitation, 0, 0)
        case RouterTermination():
            return _PADDED.pack(types.termination, 0, 0)


def is_short(message: bytes, types: Types) -> bool:
    """Whether ``message`` is a solicitation or termination, which have four bytes."""
    return len(message) >= SHORT_SIZE and message[0] in types[1:]


def decode(message: bytes, types: Types) -> Discovery:
    """The packet in ``message``, which has one of ``types``; else WireError.

    Bytes after the known fields are ignored.
    """
    kind = message[0]
    if kind == types.solicitation:
        return RouterSolicitation()
    if kind == types.termination:
        return RouterTermination()
    if len(message) < _ADVERTISEMENT.size:
        raise WireError(DropReason.SHORT, f"{len(message)} bytes")
    _, interval, _, query_interval, robustness = _ADVERTISEMENT.unpack_from(message)
    return RouterAdvertisement(interval, query_interval, robustness)
