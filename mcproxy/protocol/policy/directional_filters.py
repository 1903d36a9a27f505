"""Directional filters: what may pass at each interface, by role and direction.

========== ========= ==================================================================
role       direction filters
========== ========= ==================================================================
upstream   inward    joins that are reported there, and data accepted from there
upstream   outward   data of downstream sources sent there
downstream inward    data of sources there
downstream outward   data sent there, and memberships from there that count upstream
========== ========= ==================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from ..family import Address
from ..sources import NOTHING, SourceFilter


class DirectionalFilter(Protocol):
    """What passes, by group, source and the interface that data came in on.

    See ``filters.CompiledFilter``, which has the same methods.
    """

    def passes(self, group: Address, source: Address, came_from: str | None = None) -> bool:
        """Whether data of ``source`` to ``group`` passes."""

    def restrict(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that passes."""

    def rest(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that does not pass."""


class PassAll:
    """The filter of an interface without rules: everything passes."""

    def passes(self, group: Address, source: Address, came_from: str | None = None) -> bool:
        """True."""
        return True

    def restrict(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The whole subscription."""
        return wanted

    def rest(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """Nothing."""
        return NOTHING


PASS_ALL = PassAll()


class DirectionalFilters(NamedTuple):
    """The filters of one interface in one role."""

    inward: DirectionalFilter = PASS_ALL
    outward: DirectionalFilter = PASS_ALL


class FilterPolicy(NamedTuple):
    """The directional filters of an instance, by interface name, and its boundary.

    Groups ``within_boundary`` are forwarded between downstreams only (RFC 2365). ``filters`` are
    all filters, each once, in the order of the configuration.
    """

    upstream: Callable[[str], DirectionalFilters] = lambda name: DirectionalFilters()
    downstream: Callable[[str], DirectionalFilters] = lambda name: DirectionalFilters()
    within_boundary: Callable[[Address], bool] = lambda group: False
    filters: Sequence[DirectionalFilter] = ()
