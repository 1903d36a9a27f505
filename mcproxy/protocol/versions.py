"""Older versions beside the current one (RFC 9776, section 7; RFC 9777, section 8).

Both sides look back in the same way. A router notes which versions the hosts of a group
speak, a host which versions the queriers of its link speak; each is held to the oldest one
of which something was heard within its time.
"""

from __future__ import annotations

from .family import IPV4, Family
from .wire.packets import Record, RecordType


class OlderVersions:
    """The versions older than the current one heard of, and ``until`` when each counts."""

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until: dict[int, float] = {}

    def heard(self, version: int, until: float) -> None:
        """Something of ``version`` was heard: it counts until then, unless heard again."""
        self.until[version] = until

    def oldest(self, current: int, now: float) -> int:
        """The oldest version that counts now, ``current`` when none does."""
        return min((v for v, until in self.until.items() if until > now), default=current)

    def next_end(self, now: float) -> float | None:
        """When the next of them ceases to count."""
        return min((until for until in self.until.values() if until > now), default=None)


def as_heard_in(mode: int, family: Family, record: Record) -> Record | None:
    """What ``record`` means for a group in compatibility ``mode``; None when nothing.

    Hosts of an older version do not know source lists, and those of IGMPv1 no leaving: to
    act on what a newer host says of these would cut the older ones off (RFC 9776, 7.3.2).
    """
    if mode == family.current_version:
        return record
    if record.type is RecordType.BLOCK_OLD_SOURCES:
        return None
    if record.type is RecordType.CHANGE_TO_EXCLUDE_MODE:
        return Record(record.type, record.group)
    if record.type is RecordType.CHANGE_TO_INCLUDE_MODE and not knows_leaving(family, mode):
        return None
    return record


def knows_leaving(family: Family, version: int) -> bool:
    """Whether hosts of ``version`` say that they leave: all but those of IGMPv1."""
    return family is not IPV4 or version > 1
