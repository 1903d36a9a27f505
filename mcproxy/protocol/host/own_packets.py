"""What the kernel's own reports do to ours: to the router upstream both are one host.

A local program joins and leaves with the kernel's host part, which does not know what the proxy
wants. Its leave, or a smaller source list, ends what we want too (RFC 9776, section 3.2; RFC
9777, section 4.2), so it must be reported again at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..family import Address
from ..sources import EXCLUDE, SourceFilter
from ..wire.packets import Leave, Packet, Record, RecordType, Report


def contradicted_groups(packet: Packet, wanted: Mapping[Address, SourceFilter]) -> list[Address]:
    """The groups of ``wanted`` of which ``packet`` takes something away."""
    match packet:
        case Report():
            found = (r.group for r in packet if r.group in wanted and _takes(r, wanted[r.group]))
            return list(dict.fromkeys(found))
        case Leave(group=group):
            return [group] if group in wanted else []
    return []


def _takes(record: Record, wanted: SourceFilter) -> bool:
    """Whether a router that acts upon ``record`` may stop a source that is wanted."""
    match record.type:
        case RecordType.ALLOW_NEW_SOURCES:
            return False
        case RecordType.MODE_IS_INCLUDE | RecordType.CHANGE_TO_INCLUDE_MODE:
            return wanted.mode is EXCLUDE or not wanted.sources <= record.sources
    return any(map(wanted.wants, record.sources))
