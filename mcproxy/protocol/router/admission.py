"""Admission of records: usable addresses, source-specific groups, and limits.

A record is checked before it reaches a group. What is refused is counted by reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum

from ..family import Address, Family
from ..wire.packets import NO_SOURCES, Record, RecordType, Sources

MOST_COUNTED_HOSTS = 4096
"""The most hosts whose reports are counted in one second; addresses may be forged."""

MOST_NOTED = 64
"""Refusals of one packet that are noted with their group; the others are only counted."""

_IS_EX = RecordType.MODE_IS_EXCLUDE
_TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE


class Refusal(Enum):
    """Why a message, or a record of it, was refused. The values are names of counters."""

    SCOPE = "scope"
    """The group is not a multicast address."""
    SOURCES = "sources"
    """None of the listed sources can be the source of forwarded data."""
    SSM = "ssm"
    """A source-specific group without sources (RFC 4604, section 2.2)."""
    MAX_GROUPS = "max-groups"
    """The link has as many groups as it may have."""
    MAX_SOURCES = "max-group-sources"
    """The group has as many sources as it may have."""
    MAX_LINK_SOURCES = "max-sources"
    """The groups of the link have as many sources together as they may have."""
    VERSION = "version"
    """The message belongs to a version that is not spoken on the link."""
    QUERIER = "querier"
    """A query of a router that is not among the allowed queriers."""
    RATE = "max-report-rate"
    """More reports came than the link may send per second."""
    HOST_RATE = "max-host-report-rate"
    """More reports came than one host may send per second."""
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

    ``refused`` counts refusals by reason, ``link_scope`` records about groups that never leave
    the link: every host sends those by nature. ``latest`` are those that nobody took with
    ``take_latest`` yet, each with its group or None; a group that is never forwarded is not among
    them, because every host reports such groups. ``most_sources`` is the limit for one group,
    ``most_of_link`` for all groups together; None is no limit.
    """

    def __init__(
        self,
        family: Family,
        ssm: SsmPolicy,
        most_sources: int | None,
        most_of_link: int | None = None,
    ) -> None:
        self.refused: Counter[Refusal] = Counter()
        self.link_scope = 0
        self.latest: list[tuple[Refusal, Address | None]] = []
        self.family = family
        self.ssm = ssm
        self.most_sources = most_sources
        self.most_of_link = most_of_link

    def configure(
        self, ssm: SsmPolicy, most_sources: int | None, most_of_link: int | None = None
    ) -> None:
        """Check by other rules from now on; the counts stay."""
        self.ssm = ssm
        self.most_sources, self.most_of_link = most_sources, most_of_link

    def refuse(self, reason: Refusal, group: Address | None = None) -> None:
        """Count a refused message, or a record about ``group``."""
        self.refused[reason] += 1
        if len(self.latest) < MOST_NOTED:
            self.latest.append((reason, group))

    def take_latest(self) -> list[tuple[Refusal, Address | None]]:
        """The refusals since the last call, at most MOST_NOTED."""
        latest, self.latest = self.latest, []
        return latest

    def check(self, record: Record) -> Record | None:
        """``record`` without unusable sources; None if it is refused."""
        kind, group, listed = record
        family = self.family
        if not family.is_proxied(group):
            if family.is_multicast(group):
                self.link_scope += 1
            else:
                self.refuse(Refusal.SCOPE)
            return None
        excludes = kind is _IS_EX or kind is _TO_EX
        if excludes and self.ssm.is_ssm(group):
            return self._mapped(group)
        if not listed:
            return record
        usable = frozenset(filter(family.is_source, listed))
        if not usable and not excludes:
            # With an empty list the record would be a leave.
            self.refuse(Refusal.SOURCES, group)
            return None
        return record._replace(sources=usable)

    def _mapped(self, group: Address) -> Record | None:
        """The record that replaces a join of all sources of a source-specific ``group``."""
        sources = self.ssm.sources_of(group)
        if not sources:
            self.refuse(Refusal.SSM, group)
            return None
        return Record(RecordType.MODE_IS_INCLUDE, group, sources)

    def limit_sources(
        self, record: Record, known: Collection[Address], on_link: int
    ) -> Record | None:
        """``record`` without new sources beyond the limits; None if nothing remains.

        ``known`` are the sources that the group has; the groups of the link have ``on_link``
        together. A list of blocked sources that is too long is dropped as a whole, since to
        receive too much is better than to miss something. Source-specific groups have no such
        lists. Nothing that is wanted in INCLUDE mode becomes EXCLUDE (RFC 9776, section 3.2).
        """
        listed = record.sources
        most, reason = self._most(len(known), on_link)
        if most is None or not listed:
            return record
        if record.type is _IS_EX or record.type is _TO_EX:
            if len(listed) <= most:
                return record
            self.refuse(reason, record.group)
            return record._replace(sources=NO_SOURCES)
        new = listed.difference(known)
        room = max(0, most - len(known))
        if len(new) <= room:
            return record
        self.refuse(reason, record.group)
        kept = listed - new | frozenset(sorted(new)[:room])
        return record._replace(sources=kept) if kept else None

    def _most(self, known: int, on_link: int) -> tuple[int | None, Refusal]:
        """How many sources the group may have, and by which limit."""
        if self.most_of_link is not None:
            most = known + max(0, self.most_of_link - on_link)
            if self.most_sources is None or most < self.most_sources:
                return most, Refusal.MAX_LINK_SOURCES
        return self.most_sources, Refusal.MAX_SOURCES


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


class ReportRates:
    """Limits of the reports of a link per second: of all hosts together, and of each host.

    None is no limit. When the link has used up its limit, hosts that sent little in this second
    still pass: each may send its share, so that one host cannot silence the others. In all that
    is at most twice the limit.
    """

    def __init__(self, of_link: float | None, of_host: float | None) -> None:
        self._of_link = of_link
        self._of_host = of_host
        self._link = None if of_link is None else RateLimit(of_link)
        self._counts: dict[Address, int] = {}
        self._since: float | None = None

    def refusal(self, host: Address, now: float) -> Refusal | None:
        """Why a report of ``host`` may not pass now; None if it may."""
        if self._since is None or not self._since <= now < self._since + 1:
            self._since = now
            self._counts.clear()
        before = self._counts.get(host, 0)
        if self._of_host is not None and before + 1 > self._of_host:
            return Refusal.HOST_RATE
        if self._of_link is not None and self._link is not None and not self._link.passes(now):
            hosts = len(self._counts) + (host not in self._counts)
            if before + 1 > self._of_link / (hosts + 1):
                return Refusal.RATE
        if before or len(self._counts) < MOST_COUNTED_HOSTS:
            self._counts[host] = before + 1
        return None
