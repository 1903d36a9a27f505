"""Filters of an instance by interface and direction: what may pass through where.

An upstream's inward gate is for joins told there and for data accepted from there; its
outward gate for data sent up. A downstream's inward gate is for data of senders there; its
outward gate for data sent down, and for the memberships that count upstream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..family import Address
from ..sources import NOTHING, SourceFilter


class Filter(Protocol):
    """What passes, by group, source and the interface that data came in on."""

    def passes(self, group: Address, source: Address, came_from: str | None = None) -> bool:
        """Whether data of ``source`` to ``group`` does."""

    def restrict(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that passes."""

    def rest(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that does not pass."""


class Open:
    """The filter where there is none: all passes."""

    def passes(self, group: Address, source: Address, came_from: str | None = None) -> bool:
        """True."""
        return True

    def restrict(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """All of it."""
        return wanted

    def rest(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """Nothing."""
        return NOTHING


OPEN = Open()


class DirectionalFilters(NamedTuple):
    """The filters of one interface in one role."""

    inward: Filter = OPEN
    outward: Filter = OPEN


class Policy(NamedTuple):
    """The gates of an instance, by interface name, and the groups that stay within it.

    A group within its ``boundary`` is forwarded between downstreams alone (RFC 2365).
    """

    upstream: Callable[[str], DirectionalFilters] = lambda name: DirectionalFilters()
    downstream: Callable[[str], DirectionalFilters] = lambda name: DirectionalFilters()
    within_boundary: Callable[[Address], bool] = lambda group: False
