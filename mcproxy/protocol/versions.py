"""Compatibility with older versions (RFC 9776, section 7; RFC 9777, section 8).

Routers and hosts follow the same rule. A router notes the versions that the hosts of a group
speak, a host the versions that the queriers of its link speak. Each uses the oldest version
that it received within the present interval of that version.
"""

from __future__ import annotations

from collections.abc import Mapping

from .family import IPV4, Family
from .wire.packets import Record, RecordType


class OlderVersions:
    """The older versions that were received, with the time until which each counts."""

    __slots__ = ("until",)

    def __init__(self, until: Mapping[int, float] | None = None) -> None:
        self.until = dict(until or {})

    def note(self, version: int, until: float) -> None:
        """A message of ``version`` was received; the version counts ``until`` then."""
        self.until[version] = until

    def bound(self, latest: float) -> None:
        """No version counts longer than until ``latest``."""
        self.until = {version: min(until, latest) for version, until in self.until.items()}

    def oldest(self, current: int, now: float) -> int:
        """The oldest version that counts now; ``current`` if none does."""
        return min((v for v, until in self.until.items() if until > now), default=current)

    def next_expiry(self, now: float) -> float | None:
        """When the next version stops counting; None if none counts now."""
        return min((until for until in self.until.values() if until > now), default=None)


def apply_compatibility_mode(mode: int, family: Family, record: Record) -> Record | None:
    """What ``record`` means for a group in compatibility ``mode``; None if it is ignored.

    Hosts of older versions cannot list sources, and IGMPv1 hosts cannot leave. If a newer
    host's source lists and leaves took effect, the older hosts would lose data (RFC 9776,
    section 7.3.2).
    """
    if mode == family.current_version:
        return record
    if record.type is RecordType.BLOCK_OLD_SOURCES:
        return None
    if record.type is RecordType.CHANGE_TO_EXCLUDE_MODE:
        return Record(record.type, record.group)
    if record.type is RecordType.CHANGE_TO_INCLUDE_MODE and not has_leave_message(family, mode):
        return None
    return record


def has_leave_message(family: Family, version: int) -> bool:
    """Whether hosts of ``version`` can report a leave: all versions but IGMPv1."""
    return family is not IPV4 or version > 1
