"""Admission of records: usable addresses, source-specific groups, and limits.

A record is checked before it reaches a group. What is refused is counted by reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from ..family import Address, Family
from ..wire.packets import NO_SOURCES, Record, RecordType, Sources

_EXCLUDES = (RecordType.MODE_IS_EXCLUDE, RecordType.CHANGE_TO_EXCLUDE_MODE)


class Refusal(Enum):
    """Why a message, or a record of it, was refused. The values are names of counters."""

    SCOPE = "scope"
    """The group is not multicast, or its scope is link-local or narrower."""
    SOURCES = "sources"
    """None of the listed sources can be the source of forwarded data."""
    SSM = "ssm"
    """A source-specific group without sources (RFC 4604, section 2.2)."""
    MAX_GROUPS = "max-groups"
    """The link has as many groups as it may have."""
    MAX_SOURCES = "max-group-sources"
    """The group has as many sources as it may have."""
    VERSION = "version"
    """The message belongs to a version that is not spoken on the link."""
    QUERIER = "querier"
    """A query of a router that is not among the allowed queriers."""
    RATE = "max-report-rate"
    """More reports came than the link may send per second."""
    SUBNET = "check-subnet"
    """The address of the host or router is in no subnet of the link."""


@dataclass(frozen=True, slots=True)
class SsmPolicy:
    """Which groups are source-specific, and which sources the configuration maps to them.

    A host that joins a source-specific group without naming sources gets ``sources_of`` the
    group. If there are none, the join is refused.
    """

    is_ssm: Callable[[Address], bool]
    sources_of: Callable[[Address], Sources] = lambda group: NO_SOURCES


class Admission:
    """Checks the records of one link.

    ``refused`` counts refusals by reason. ``refusals`` is their total, which is cheaper to
    compare. ``most_sources`` is the limit for one group, None for no limit.
    """

    def __init__(self, family: Family, ssm: SsmPolicy, most_sources: int | None) -> None:
        self.refused: Counter[Refusal] = Counter()
        self.refusals = 0
        self.family = family
        self.ssm = ssm
        self.most_sources = most_sources

    def configure(self, ssm: SsmPolicy, most_sources: int | None) -> None:
        """Check by other rules from now on; the counts stay."""
        self.ssm, self.most_sources = ssm, most_sources

    def refuse(self, reason: Refusal) -> None:
        """Count a refused message or record."""
        self.refused[reason] += 1
        self.refusals += 1

    def check(self, record: Record) -> Record | None:
        """``record`` without unusable sources; None if it is refused."""
        family = self.family
        if not family.is_proxied(record.group):
            self.refuse(Refusal.SCOPE)
            return None
        excludes = record.type in _EXCLUDES
        if excludes and self.ssm.is_ssm(record.group):
            return self._mapped(record.group)
        if not record.sources:
            return record
        usable = frozenset(filter(family.is_source, record.sources))
        if not usable and not excludes:
            self.refuse(Refusal.SOURCES)  # with an empty list the record would be a leave
            return None
        return record._replace(sources=usable)

    def _mapped(self, group: Address) -> Record | None:
        """The record that replaces a join of all sources of a source-specific ``group``."""
        sources = self.ssm.sources_of(group)
        if not sources:
            self.refuse(Refusal.SSM)
            return None
        return Record(RecordType.MODE_IS_INCLUDE, group, sources)

    def limit_sources(self, record: Record, known: Iterable[Address]) -> Record | None:
        """``record`` without new sources beyond the limit; None if nothing remains.

        ``known`` are the sources that the group has. A list of blocked sources that is too
        long is dropped as a whole, since to receive too much is better than to miss something
        (RFC 4605, section 4.3, allows this except for SSM groups, which have no such lists).
        """
        most, listed = self.most_sources, record.sources
        if most is None or not listed:
            return record
        if record.type in _EXCLUDES:
            if len(listed) <= most:
                return record
            self.refuse(Refusal.MAX_SOURCES)
            return record._replace(sources=NO_SOURCES)
        before = frozenset(known)
        new = listed - before
        room = max(0, most - len(before))
        if len(new) <= room:
            return record
        self.refuse(Refusal.MAX_SOURCES)
        kept = listed - new | frozenset(sorted(new)[:room])
        return record._replace(sources=kept) if kept else None


class RateLimit:
    """Lets ``rate`` messages pass per second, and as many at once after a pause."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left = rate
        self._when: float | None = None

    def passes(self, now: float) -> bool:
        """Whether one more message may pass now; counts it."""
        if self._when is not None:
            self._left = min(self._rate, self._left + (now - self._when) * self._rate)
        self._when = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
