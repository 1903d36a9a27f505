"""The queries that a querier sends (RFC 9776, sections 6.1 and 6.6.3; RFC 9777, 7.1 and 7.6.3).

When a group or source may have lost its last member, its timer is lowered to the last member
query time, and specific queries are sent: one at once, then one each last member query
interval, ``robustness`` in all. If no host answers, the lowered timer expires.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..family import Address, Family
from ..wire.datagram import destination
from ..wire.encoding import chunks
from ..wire.packets import NO_SOURCES, Query, Send, Sources
from .group import Group, NeedsQuery
from .settings import QuerierSettings


class Queries:
    """Creates the queries of one link; they always carry this router's own settings.

    ``mtu`` is the largest packet in bytes.
    """

    def __init__(self, family: Family, version: int, settings: QuerierSettings, mtu: int) -> None:
        self.mtu = mtu
        self._family = family
        self.version = version
        self._settings = settings

    def configure(self, settings: QuerierSettings) -> None:
        """Use other settings from the next query on."""
        self._settings = settings

    def set_mtu(self, mtu: int) -> None:
        """Send no packet larger than ``mtu`` bytes."""
        self.mtu = mtu

    def general(self) -> Send:
        """A general query."""
        return self._query(self._family.unspecified, self._settings.query_response_interval)

    def start_specific(
        self, address: Address, group: Group, needed: NeedsQuery, now: float
    ) -> list[Send]:
        """Lower the timers of what ``needed`` names, and send the first specific queries."""
        count = self._settings.robustness
        limit = now + self._settings.last_member_query_time
        queried = [s for s in needed.sources if group.sources[s] > limit]
        if not needed.group and not queried:
            return []
        pending = group.start_queries()
        if needed.group:
            group.lower_group_timer(limit)
            pending.add_group(count, now)
        if queried:
            group.lower_source_timers(queried, limit)
            pending.add_sources(queried, count, now)
        return self.send_due(address, group, now)

    def send_due(self, address: Address, group: Group, now: float) -> list[Send]:
        """The specific queries of ``group`` that are due; schedules the next ones.

        Queries for what a host has confirmed since, whose timer is no longer lowered, carry
        the S flag.
        """
        pending = group.pending
        if pending is None:
            return []
        sends: list[Send] = []
        limit = now + self._settings.last_member_query_time
        later = now + self._settings.last_member_query_interval
        if sources := pending.take_sources(group.sources, now, later):
            confirmed = frozenset([s for s in sources if group.sources[s] > limit])
            if confirmed:
                sends += self._specific(address, confirmed, suppress=True)
            if others := sources - confirmed:
                sends += self._specific(address, others, suppress=False)
        if pending.take_group(now, later):
            sends += self._specific(address, NO_SOURCES, suppress=group.timer > limit)
        if pending.next() is None:
            group.cancel_queries()
        return sends

    def _specific(self, address: Address, sources: Sources, suppress: bool) -> Iterable[Send]:
        """Queries for a group, or for sources of it, divided so that each fits the MTU."""
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
            self.version, group, longest, sources, suppress, settings.robustness, interval
        )
        return Send(destination(self._family, query), query)
