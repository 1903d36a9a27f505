"""Counts of messages by family, interface, type and version."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from .protocol.family import Family
from .protocol.wire.packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Report,
    RouterAdvertisement,
    RouterSolicitation,
    RouterTermination,
)

KINDS: dict[type[Packet], str] = {
    Query: "query",
    Report: "report",
    OldReport: "report",
    Leave: "leave",
    RouterAdvertisement: "router-advertisement",
    RouterSolicitation: "router-solicitation",
    RouterTermination: "router-termination",
}
"""The names of the types; MLD calls a leave Done."""


class MessageKey(NamedTuple):
    """What is counted together; ``version`` is 0 where the type has none."""

    family: str
    interface: str
    kind: str
    version: int


MessageCounts = Counter[MessageKey]


def message_key(family: Family, interface: str, packet: Packet) -> MessageKey:
    """Where a packet that came or went on an interface is counted."""
    match packet:
        case Report():
            return report_key(family, interface)
        case Query() | OldReport():
            version = packet.version
        case Leave():
            version = family.current_version - 1
        case _:
            version = 0
    return MessageKey(family.name, interface, KINDS[type(packet)], version)


@lru_cache(maxsize=512)
def report_key(family: Family, interface: str) -> MessageKey:
    """The same for reports of the current version, which are nearly all that comes."""
    return MessageKey(family.name, interface, KINDS[Report], family.current_version)


def by_kind(counts: MessageCounts) -> Counter[tuple[str, str]]:
    """The same by interface and type alone."""
    found: Counter[tuple[str, str]] = Counter()
    for key, count in counts.items():
        found[key.interface, key.kind] += count
    return found
