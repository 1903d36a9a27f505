"""What a report may bring about on a link: addresses, source-specific groups, limits.

Records are looked at before any state is, and what is refused is counted by reason.
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
    """Why a message, or one record of it, brought nothing about."""

    SCOPE = "scope"
    """The group is none, or is never forwarded: link-local ones and narrower."""
    SOURCES = "sources"
    """None of the listed sources can be one."""
    SSM = "ssm"
    """A source-specific group without its sources (RFC 4604, section 2.2)."""
    MAX_GROUPS = "max-groups"
    MAX_SOURCES = "max-group-sources"
    VERSION = "version"
    """A report of a newer version than is spoken on the link."""
    QUERIER = "querier"
    """The query of a router that may not become the querier."""
    RATE = "max-report-rate"
    SUBNET = "check-subnet"
    """The reporter's address is in no subnet of the link."""


@dataclass(frozen=True, slots=True)
class SsmPolicy:
    """Which groups are source-specific, and from where hosts get those they ask for without.

    ``sources_of`` gives the sources that stand in for "any"; none where such a wish is
    refused.
    """

    is_ssm: Callable[[Address], bool]
    sources_of: Callable[[Address], Sources] = lambda group: NO_SOURCES


class Admission:
    """Looks at the records of one link; ``refused`` counts what is not acted upon.

    ``refusals`` grows with each of these; to compare it is cheaper.
    """

    def __init__(self, family: Family, ssm: SsmPolicy, most_sources: int | None) -> None:
        self.refused: Counter[Refusal] = Counter()
        self.refusals = 0
        self.family = family
        self.ssm = ssm
        self.most_sources = most_sources

    def refuse(self, reason: Refusal) -> None:
        """Count something that is not acted upon."""
        self.refused[reason] += 1
        self.refusals += 1

    def checked(self, record: Record) -> Record | None:
        """``record`` without sources that can be none; None if it is not to be acted upon."""
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
            self.refuse(Refusal.SOURCES)  # an emptied list would turn into a leave
            return None
        return record._replace(sources=usable)

    def _mapped(self, group: Address) -> Record | None:
        """What stands for a wish for any source of a source-specific ``group``."""
        sources = self.ssm.sources_of(group)
        if not sources:
            self.refuse(Refusal.SSM)
            return None
        return Record(RecordType.MODE_IS_INCLUDE, group, sources)

    def bounded(self, record: Record, known: Iterable[Address]) -> Record | None:
        """``record`` without sources beyond the limit, where a group has the ``known`` ones.

        A list of sources that are not wanted is given up as a whole: to get too much is
        better than to miss something (RFC 4605, section 4.3, allows it but for SSM groups,
        which have no such lists).
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
    """Lets so many through in a second, and as many at once after a pause."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left = rate
        self._when: float | None = None

    def passes(self, now: float) -> bool:
        """Whether one more may pass now."""
        if self._when is not None:
            self._left = min(self._rate, self._left + (now - self._when) * self._rate)
        self._when = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
