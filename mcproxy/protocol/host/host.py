"""The host part on an upstream link: the proxy is one host there, for all its downstreams.

``update`` turns changes of the wanted groups into reports to send at once; ``receive`` takes
queries, and ``advance`` sends answers and repeats when ``next_deadline`` has come.

The querier of the upstream decides the version. Usually it is the current one, with source
lists (``current_version``). While a querier of an older version is present, it is that version
(``older_version``; RFC 9776, section 7.2; RFC 9777, section 8.2). Each has its own state
machine. When the version changes, pending reports are dropped and all groups are reported again:
by the answer to the general query that changed it, or else at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from ..family import IPV4, Address, Family, Predicate
from ..sources import NOTHING, SourceFilter
from ..versions import OlderVersions
from ..wire.encoding import REPORT_HEADER_SIZE, pack_reports
from ..wire.packets import Packet, Query, Record, Report, Send, new_tuple
from .current_version import Change, CurrentVersionHost
from .older_version import OlderVersionHost
from .unqueried import (
    DEFAULT_QUERY_INTERVAL,
    DEFAULT_ROBUSTNESS,
    UnqueriedReports,
)

_NO_GROUPS: Mapping[Address, SourceFilter] = MappingProxyType({})


class Host:
    """The IGMP or MLD host on one link.

    ``groups`` is what it wants, by group, and ``asked_since`` when each was joined. ``joins`` and
    ``leaves`` count the groups that it began and ceased to want. ``version`` is
    the newest version to speak; None is the current one, and only that one falls back for older
    queriers. ``random`` returns numbers in [0, 1). ``mtu`` is in bytes.
    """

    def __init__(
        self,
        family: Family,
        random: Callable[[], float],
        mtu: int = 1500,
        version: int | None = None,
    ) -> None:
        self.family = family
        self.mtu = mtu
        self.groups: dict[Address, SourceFilter] = {}
        self.asked_since: dict[Address, float] = {}
        self.joins = self.leaves = 0
        self.robustness = DEFAULT_ROBUSTNESS
        self.query_interval = DEFAULT_QUERY_INTERVAL
        self.version = family.current_version if version is None else version
        self.last_query: float | None = None
        self.last_report: float | None = None
        self._configured = self.version
        self._fallback = True
        self._is_ssm: Predicate = family.is_ssm
        self.older = OlderVersions()
        self._version_ends: float | None = None
        self.unqueried = UnqueriedReports()
        self._random = random
        self._current: CurrentVersionHost
        self._older_version: OlderVersionHost | None  # the one in use, if it is
        self.cancel_pending()

    def next_deadline(self) -> float | None:
        """When ``advance`` must be called next."""
        when = (self._older_version or self._current).next_deadline()
        if self._version_ends is not None:
            when = min(when, self._version_ends)
        if self.groups:
            when = min(when, self.unqueried.due)
        return when if when < math.inf else None

    def _is_source_specific(self, group: Address) -> bool:
        # Looked up for each group, because ``configure`` may change the answer.
        return self._is_ssm(group)

    # -- what its owner changes

    def configure(self, *, version: int, fallback: bool, is_ssm: Predicate) -> None:
        """Use other settings from now on; ``rejoin`` applies a change to the groups.

        ``version`` is the newest one to speak. With ``fallback`` False, or with an older
        ``version``, the host ignores the version of older queriers, and forgets those that it has
        followed. ``is_ssm`` tells which groups are source-specific; older versions cannot report
        these (RFC 4604, 2.2).
        """
        self._configured, self._fallback, self._is_ssm = version, fallback, is_ssm
        if not self._follows:
            self.older = OlderVersions()

    @property
    def _follows(self) -> bool:
        """Whether older queriers change the version."""
        return self._fallback and self._configured == self.family.current_version

    def set_mtu(self, mtu: int) -> None:
        """Send no packet larger than ``mtu`` bytes."""
        self.mtu = mtu

    def restore_querier(self, older: OlderVersions, robustness: int, interval: float) -> None:
        """Restore what was learned of the queriers before a restart; ``rejoin`` applies it."""
        self.older = older if self._follows else OlderVersions()
        self.robustness, self.query_interval = robustness, interval

    # -- changes of what is wanted

    def update(self, changes: Iterable[tuple[Address, SourceFilter]], now: float) -> list[Send]:
        """Set what is wanted of some groups, and report what has changed."""
        differences: list[Change] = []
        groups = self.groups
        if not groups:
            self.unqueried.join(now)
        for group, after in changes:
            before = groups.get(group, NOTHING)
            if after == before:
                continue
            if after == NOTHING:
                del groups[group], self.asked_since[group]
                self.leaves += 1
            else:
                groups[group] = after
                if before is NOTHING:
                    self.asked_since[group] = now
                    self.joins += 1
            differences.append((group, before, after))
        return self._report(differences, now) if differences else []

    def rejoin(self, now: float) -> list[Send]:
        """Report all groups as just joined: the link, its address or the version has changed."""
        self._use_version(now)
        self.cancel_pending()
        self.unqueried.join(now)
        return self._report_all(now)

    def _report_all(self, now: float) -> list[Send]:
        return self._report([(g, NOTHING, wanted) for g, wanted in self.groups.items()], now)

    def report_again(self, groups: Iterable[Address], now: float) -> list[Send]:
        """Report these groups as just joined, as far as they are wanted."""
        known = self.groups
        return self._report([(g, NOTHING, known[g]) for g in groups if g in known], now)

    def leave(self, now: float, keep: Mapping[Address, SourceFilter] = _NO_GROUPS) -> list[Send]:
        """Leave all groups with a last report, which is not repeated.

        What local programs ``keep`` is not left: it is reported with their source filter.
        """
        self.cancel_pending()
        sends = self.update([(g, keep.get(g, NOTHING)) for g in list(self.groups)], now)
        while self._current.next_deadline() <= now:
            sends += self._reports(self._current.advance(now), now)
        self.groups.clear()
        self.asked_since.clear()
        self.cancel_pending()
        return sends

    def cancel_pending(self) -> None:
        """Cancel all pending repeats and answers; the link is gone, for example."""
        self._current = CurrentVersionHost(self.family, self.groups, self.asked_since, self._random)
        self._older_version = None
        if self.version != self.family.current_version:
            self._older_version = OlderVersionHost(
                self.family, self.version, self.groups, self._random, self._is_source_specific
            )

    def _report(self, differences: list[Change], now: float) -> list[Send]:
        older = self._older_version
        if older is None:
            return self._reports(self._current.change(differences, self.robustness, now), now)
        return self._sent(older.change(differences, self.robustness, now), now)

    # -- received packets, and time

    def receive(self, packet: Packet, now: float) -> list[Send]:
        """React to a query or another host's report.

        Answers are scheduled. If the version changes, the groups are reported at once.
        """
        sends: list[Send] = []
        if isinstance(packet, Query):
            self.last_query = now
            sends = self._note_querier(packet, now)
            self.unqueried.hear_query(self.robustness, self.query_interval, now)
        self.answer(packet, now)
        return sends

    def answer(self, packet: Packet, now: float) -> None:
        """React as ``receive`` does, but do not change the version or the timers."""
        if self._older_version is not None:
            self._older_version.receive(packet, now)
        else:
            room = self.family.room(self.mtu) - REPORT_HEADER_SIZE
            self._current.receive(packet, room, now)

    def advance(self, now: float) -> list[Send]:
        """Send the repeats and answers that are due, or return to a newer version."""
        if self._version_ends is not None and self._version_ends <= now:
            return self._choose_version(now)
        if self.unqueried.due <= now:
            # As if a router had asked: the reports are spread in the same way.
            any_group, spread = self.family.unspecified, self.unqueried.spread()
            self.answer(Query(self.version, any_group, spread), now)
            self.unqueried.schedule(now)
        if self._older_version is not None:
            return self._sent(self._older_version.advance(now), now)
        return self._reports(self._current.advance(now), now)

    def _note_querier(self, query: Query, now: float) -> list[Send]:
        family = self.family
        if query.version == family.current_version:
            self.robustness = query.robustness or DEFAULT_ROBUSTNESS
            self.query_interval = query.interval or DEFAULT_QUERY_INTERVAL
            return []
        # Only general queries tell that the querier speaks IGMPv2: all hosts receive these.
        specific = query.group != family.unspecified
        if not self._follows or (family is IPV4 and specific):
            return []
        self.older.note(query.version, now + self._older_querier_present(query))
        if not specific:
            self._use_version(now)  # the answer to the query reports all groups
            return []
        return self._choose_version(now)

    def _older_querier_present(self, query: Query) -> float:
        """Seconds that the querier of ``query`` counts (RFC 9776, 8.12; RFC 9777, 9.12).

        IGMP counts with the defaults, as the query does not carry the settings of its querier.
        MLD counts with the values of the last query that carried them.
        """
        if self.family is IPV4:
            return DEFAULT_ROBUSTNESS * DEFAULT_QUERY_INTERVAL + 10 * query.max_response
        return self.robustness * self.query_interval + query.max_response

    def _choose_version(self, now: float) -> list[Send]:
        return self._report_all(now) if self._use_version(now) else []

    def _use_version(self, now: float) -> bool:
        """Whether the version that counts now is another one; then nothing stays pending."""
        before, self.version = self.version, self.older.oldest(self._configured, now)
        self._version_ends = self.older.next_expiry(now)
        if self.version == before:
            return False
        self.cancel_pending()
        return True

    # -- sending

    def _reports(self, records: list[Record], now: float) -> list[Send]:
        if not records:
            return []
        self.last_report = now
        send_to = self.family.report_destination
        if len(records) == 1 and not records[0].sources:  # as most are; it fits into any packet
            return [new_tuple(Send, (send_to, Report(records)))]
        return [Send(send_to, one) for one in pack_reports(records, self.family, self.mtu)]

    def _sent(self, sends: list[Send], now: float) -> list[Send]:
        if sends:
            self.last_report = now
        return sends
