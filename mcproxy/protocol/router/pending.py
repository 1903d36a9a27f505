"""The specific queries of one group that are still to be sent (RFC 9776, section 6.6.3).

A query is sent ``robustness`` times, one each last member query interval. The group itself and
each of its sources have their own count; sources that are due together share a query.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from ..family import Address
from ..wire.packets import NO_SOURCES, Sources


class PendingQueries:
    """The queries of one group that are left.

    ``group_count`` are left of the group-specific query, the next at ``group_when``;
    ``source_counts`` are left for each source, the next at ``sources_when``.
    """

    __slots__ = ("group_count", "group_when", "source_counts", "sources_when")

    def __init__(
        self,
        group_count: int = 0,
        group_when: float = 0.0,
        source_counts: Mapping[Address, int] | None = None,
        sources_when: float = 0.0,
    ) -> None:
        self.group_count = group_count
        self.group_when = group_when
        self.source_counts = dict(source_counts or {})
        self.sources_when = sources_when

    def add_group(self, count: int, now: float) -> None:
        """Query the group ``count`` times, from now on."""
        self.group_count, self.group_when = count, now

    def add_sources(self, sources: Iterable[Address], count: int, now: float) -> None:
        """Query each of ``sources`` ``count`` times, from now on."""
        self.source_counts.update(dict.fromkeys(sources, count))
        self.sources_when = now

    def take_group(self, now: float, later: float) -> bool:
        """Whether the query of the group is due; if so, the next one is due ``later``."""
        if not self.group_count or self.group_when > now:
            return False
        self.group_count -= 1
        self.group_when = later
        return True

    def take_sources(self, times: Mapping[Address, float], now: float, later: float) -> Sources:
        """The sources whose query is due; if there are any, the next one is due ``later``.

        ``times`` are the timers of the group; sources without a running one are dropped.
        """
        if not self.source_counts or self.sources_when > now:
            return NO_SOURCES
        counts = {s: n for s, n in self.source_counts.items() if times.get(s)}
        self.source_counts = {s: n - 1 for s, n in counts.items() if n > 1}
        self.sources_when = later
        return frozenset(counts)

    def cancel_group(self) -> None:
        """Cancel the queries of the group."""
        self.group_count = 0

    def next(self) -> float | None:
        """When the next query is due."""
        times = []
        if self.group_count:
            times.append(self.group_when)
        if self.source_counts:
            times.append(self.sources_when)
        return min(times, default=None)

    def retain_sources(self, sources: Container[Address]) -> None:
        """Cancel the queries about all sources but these: the group has removed the others."""
        self.source_counts = {s: n for s, n in self.source_counts.items() if s in sources}
