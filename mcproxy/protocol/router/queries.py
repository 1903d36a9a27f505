"""The queries that a router sends (RFC 9776, sections 6.1 and 6.6.3; RFC 9777, 7.1 and 7.6.3).

What a record leaves in doubt is asked about at once and then at intervals, ``robustness``
times in all; nobody having claimed it by then, its lowered timers have run out.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..family import Address, Family
from ..wire.datagram import destination
from ..wire.encoding import chunks
from ..wire.packets import NO_SOURCES, Query, Send, Sources
from .group import Group, Inquiry, NeedsQuery
from .settings import QuerierSettings


class Queries:
    """Makes the queries of one router, which always asks by settings of its own."""

    def __init__(self, family: Family, version: int, settings: QuerierSettings, mtu: int) -> None:
        self.mtu = mtu
        self._family = family
        self._version = version
        self._settings = settings

    def general(self) -> Send:
        """The question what everybody wants."""
        return self._query(self._family.unspecified, self._settings.query_response_interval)

    def begin(self, address: Address, group: Group, doubt: NeedsQuery, now: float) -> list[Send]:
        """Ask who still wants what is in doubt, and lower its timers."""
        inquiry = group.inquiry or Inquiry()
        limit = now + self._settings.last_member_query_time
        if doubt.group:
            group.lower_group(limit)
            inquiry.group_count, inquiry.group_when = self._settings.robustness, now
        asked = [s for s in doubt.sources if group.sources[s] > limit]
        if asked:
            group.lower_sources(asked, limit)
            inquiry.source_counts.update(dict.fromkeys(asked, self._settings.robustness))
            inquiry.sources_when = now
        if not doubt.group and not asked:
            return []
        group.inquiry = inquiry
        return self.go_on(address, group, now)

    def go_on(self, address: Address, group: Group, now: float) -> list[Send]:
        """Ask again what is due to be asked again."""
        inquiry = group.inquiry
        if inquiry is None:
            return []
        sends: list[Send] = []
        limit = now + self._settings.last_member_query_time
        later = now + self._settings.last_member_query_interval
        if inquiry.source_counts and inquiry.sources_when <= now:
            sends += self._about_sources(address, group, inquiry, limit)
            inquiry.sources_when = later
        if inquiry.group_count and inquiry.group_when <= now:
            sends += self._specific(address, NO_SOURCES, group.timer > limit)
            inquiry.group_count -= 1
            inquiry.group_when = later
        if inquiry.next() is None:
            group.inquiry = None
        return sends

    def _about_sources(
        self, address: Address, group: Group, inquiry: Inquiry, limit: float
    ) -> Iterable[Send]:
        """One query about sources that were claimed meanwhile, and one about the others."""
        times = group.sources
        counts = {s: n for s, n in inquiry.source_counts.items() if times.get(s)}
        inquiry.source_counts = {s: n - 1 for s, n in counts.items() if n > 1}
        claimed = frozenset([s for s in counts if times[s] > limit])
        if claimed:
            yield from self._specific(address, claimed, True)
        if others := counts.keys() - claimed:
            yield from self._specific(address, frozenset(others), False)

    def _specific(self, address: Address, sources: Sources, suppress: bool) -> Iterable[Send]:
        """Queries about a group, or about sources of it, as many as they need."""
        longest = self._settings.last_member_query_interval
        room = self._family.room(self.mtu) - self._family.query_size
        most = room // self._family.address_size
        for part in chunks(sources, most) if sources else (NO_SOURCES,):
            yield self._query(address, longest, part, suppress)

    def _query(
        self,
        group: Address,
        longest: float,
        sources: Sources = NO_SOURCES,
        suppress: bool = False,
    ) -> Send:
        settings = self._settings
        interval = int(settings.query_interval)
        query = Query(
            self._version, group, longest, sources, suppress, settings.robustness, interval
        )
        return Send(destination(self._family, query), query)
