"""Filters for tests: a source filter says what passes, the same for each group."""

from __future__ import annotations

from mcproxy.protocol.policy.directional_filters import (
    PASS_ALL,
    DirectionalFilter,
    DirectionalFilters,
    FilterPolicy,
)
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, NOTHING, SourceFilter

Passing = dict[str, SourceFilter]


def both(first: SourceFilter, second: SourceFilter) -> SourceFilter:
    """Return the sources that both want."""
    (mode, sources), (other, others) = first, second
    if mode is EXCLUDE and other is EXCLUDE:
        return SourceFilter(EXCLUDE, sources | others)
    if mode is EXCLUDE:
        sources, others = others, sources
    left = sources & others if mode is other else sources - others
    return SourceFilter(INCLUDE, left) if left else NOTHING


def opposite(one: SourceFilter) -> SourceFilter:
    """Return the sources that are not wanted."""
    return SourceFilter(INCLUDE if one.mode is EXCLUDE else EXCLUDE, one.sources)


class SetFilter:
    """A filter that passes the sources of a source filter, or of another one by iif."""

    def __init__(self, passing: SourceFilter, from_interfaces: Passing | None = None) -> None:
        self.passing = passing
        self.from_interfaces = from_interfaces or {}

    def _passing(self, came_from: str | None) -> SourceFilter:
        return self.from_interfaces.get(came_from or "", self.passing)

    def passes(self, group: bytes, source: bytes, came_from: str | None = None) -> bool:
        return self._passing(came_from).wants(source)

    def restrict(
        self, group: bytes, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        return both(wanted, self._passing(came_from))

    def rest(
        self, group: bytes, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        return both(wanted, opposite(self._passing(came_from)))


def policy(**passing: SourceFilter) -> FilterPolicy:
    """Return filters by interface: ``up1_in`` says what passes in on the upstream up1."""
    filters: dict[str, DirectionalFilter] = {
        name: SetFilter(each) for name, each in passing.items()
    }

    def filters_of(name: str) -> DirectionalFilters:
        return DirectionalFilters(
            filters.get(f"{name}_in", PASS_ALL), filters.get(f"{name}_out", PASS_ALL)
        )

    return FilterPolicy(filters_of, filters_of)
