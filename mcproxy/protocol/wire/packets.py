"""What IGMP and MLD messages say, as one set of values for both families.

An IGMPv3 and an MLDv2 message of one meaning are one type here; which bytes they become
is for ``igmp`` and ``mld``. Times are seconds, addresses are packed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

from ..family import Address

Sources = frozenset[Address]
NO_SOURCES: Sources = frozenset()


class DropReason(Enum):
    """Why a received datagram, or one record of it, was not acted upon."""

    SHORT = "short"
    CHECKSUM = "checksum"
    LENGTH = "length"
    TYPE = "type"
    GROUP = "group"
    TRUNCATED = "truncated"
    TTL = "ttl"
    ROUTER_ALERT = "router-alert"
    SOURCE = "source"
    DESTINATION = "destination"
    HEADER = "header"
    FRAGMENT = "fragment"


class WireError(Exception):
    """Bytes that are no acceptable message; ``reason`` names the rule that they break."""

    def __init__(self, reason: DropReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason


class RecordType(IntEnum):
    """Types of a group record (RFC 9776, section 4.2.12; RFC 9777, section 5.2.12)."""

    MODE_IS_INCLUDE = 1
    MODE_IS_EXCLUDE = 2
    CHANGE_TO_INCLUDE_MODE = 3
    CHANGE_TO_EXCLUDE_MODE = 4
    ALLOW_NEW_SOURCES = 5
    BLOCK_OLD_SOURCES = 6


class Record(NamedTuple):
    """One group record of a report: what a host says of one group."""

    type: RecordType
    group: Address
    sources: Sources = NO_SOURCES


@dataclass(frozen=True, slots=True)
class Query:
    """A membership or listener query of any version.

    ``group`` is the unspecified address in a general query. ``robustness`` and ``interval``
    (s) are the querier's own values; 0 means that the query does not tell them, as older
    versions never do. ``max_response`` is in seconds. ``suppress`` is the S flag.
    """

    version: int
    group: Address
    max_response: float
    sources: Sources = NO_SOURCES
    suppress: bool = False
    robustness: int = 0
    interval: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A report of the current version: IGMPv3 or MLDv2."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class OldReport:
    """A report of one group in an older version: IGMPv1, IGMPv2 or MLDv1."""

    version: int
    group: Address


@dataclass(frozen=True, slots=True)
class Leave:
    """An IGMPv2 Leave Group or an MLDv1 Done."""

    group: Address


Packet = Query | Report | OldReport | Leave


class Send(NamedTuple):
    """A packet that a state machine wants on its link, and the address it goes to."""

    destination: Address
    packet: Packet
