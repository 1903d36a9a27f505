"""Source filters: which sources of a group are wanted, and how wishes merge."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from .family import Address
from .wire.packets import NO_SOURCES, Sources


class FilterMode(Enum):
    """Whether a filter names the sources that are wanted, or those that are not."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


INCLUDE = FilterMode.INCLUDE
EXCLUDE = FilterMode.EXCLUDE


class SourceFilter(NamedTuple):
    """A filter mode with its source list, as hosts and the proxy's upstream state have it."""

    mode: FilterMode
    sources: Sources

    def wants(self, source: Address) -> bool:
        """Whether packets of ``source`` pass."""
        return (source in self.sources) is (self.mode is INCLUDE)


NOTHING = SourceFilter(INCLUDE, NO_SOURCES)
"""INCLUDE of no source: the group is not wanted at all."""

ANY_SOURCE = SourceFilter(EXCLUDE, NO_SOURCES)
"""EXCLUDE of no source: the group is wanted from every source."""


def merge(filters: Iterable[SourceFilter]) -> SourceFilter:
    """The filter that passes just what any of ``filters`` passes (RFC 9776, section 3.2)."""
    wanted: Sources = NO_SOURCES
    blocked: Sources | None = None
    for mode, sources in filters:
        if mode is INCLUDE:
            wanted = wanted | sources if wanted else sources
        else:
            blocked = sources if blocked is None else blocked & sources
    if blocked is None:
        return SourceFilter(INCLUDE, wanted) if wanted else NOTHING
    blocked -= wanted
    return SourceFilter(EXCLUDE, blocked) if blocked else ANY_SOURCE
