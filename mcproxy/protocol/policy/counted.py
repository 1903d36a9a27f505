"""How often a filter or a boundary said no, and to what.

Denials are counted by *cell*: the part of a filter that the same rules match. Which rule that is,
is found when somebody looks, with the group and the source that were denied last in the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from ..family import Address
from ..sources import EXCLUDE, NOTHING, SourceFilter
from .filters import CompiledFilter, FilterRule

MOST_CELLS = 256
"""Cells whose denials are counted apart; those of others are in the total alone."""


@dataclass(slots=True)
class Denied:
    """Denials in one cell, with the last one; ``source`` is None for any source."""

    count: int
    group: Address
    source: Address | None
    came_from: str | None


class Denials:
    """Counts of denials: in ``total``, and by cell."""

    def __init__(self) -> None:
        self.total = 0
        self.by_cell: dict[Hashable, Denied] = {}

    def note(
        self, cell: Hashable, group: Address, source: Address | None, came_from: str | None
    ) -> None:
        """Something of ``group`` was denied."""
        self.total += 1
        known = self.by_cell.get(cell)
        if known is not None:
            known.count += 1
            known.group, known.source, known.came_from = group, source, came_from
        elif len(self.by_cell) < MOST_CELLS:
            self.by_cell[cell] = Denied(1, group, source, came_from)


class CountedFilter:
    """A directional filter that counts what ``filter`` denies."""

    def __init__(self, compiled: CompiledFilter) -> None:
        self.filter = compiled
        self.denials = Denials()

    def passes(self, group: Address, source: Address, came_from: str | None = None) -> bool:
        """Whether data of ``source`` to ``group`` passes."""
        if self.filter.passes(group, source, came_from):
            return True
        self._note(group, source, came_from)
        return False

    def restrict(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that passes; it is counted if none does, or a source less."""
        left = self.filter.restrict(group, wanted, came_from)
        if left != wanted:
            if wanted.mode is not EXCLUDE:
                for source in wanted.sources - left.sources:
                    self._note(group, source, came_from)
            elif left == NOTHING:
                self._note(group, None, came_from)
        return left

    def rest(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that does not pass; a question that denies nothing."""
        return self.filter.rest(group, wanted, came_from)

    def by_rule(self) -> Iterator[tuple[FilterRule | None, Denied]]:
        """The denials, each with the rule that denied; None where no rule allowed.

        A step may look at all rules of the filter.
        """
        for denied in list(self.denials.by_cell.values()):
            rule = self.filter.rule_for(denied.group, denied.source, denied.came_from)
            yield rule, denied

    def _note(self, group: Address, source: Address | None, came_from: str | None) -> None:
        cell = self.filter.cell(group, source, came_from)
        self.denials.note(cell, group, source, came_from)


class CountedBoundary:
    """The groups of a boundary, with a count of what stayed within it."""

    def __init__(self, contains: Callable[[Address], bool]) -> None:
        self.denials = Denials()
        self._contains = contains

    def __call__(self, group: Address) -> bool:
        """Whether the group stays within the boundary."""
        if not self._contains(group):
            return False
        self.denials.note(group, group, None, None)
        return True
