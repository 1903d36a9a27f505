"""Source filters: which sources of a group are wanted, and how filters are merged."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from .family import Address
from .wire.packets import NO_SOURCES, Sources


class FilterMode(Enum):
    """Whether a source filter lists the wanted sources or the unwanted ones."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


INCLUDE = FilterMode.INCLUDE
EXCLUDE = FilterMode.EXCLUDE


class SourceFilter(NamedTuple):
    """A filter mode with its source list (RFC 9776, section 2)."""

    mode: FilterMode
    sources: Sources

    def wants(self, source: Address) -> bool:
        """Whether the filter accepts packets of ``source``."""
        return (source in self.sources) is (self.mode is INCLUDE)


NOTHING = SourceFilter(INCLUDE, NO_SOURCES)
"""INCLUDE mode without sources: the group is not wanted."""

ANY_SOURCE = SourceFilter(EXCLUDE, NO_SOURCES)
"""EXCLUDE mode without sources: the group is wanted from every source."""


def merge(filters: Iterable[SourceFilter]) -> SourceFilter:
    """The filter that accepts what any of ``filters`` accepts (RFC 9776, section 3.2)."""
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
