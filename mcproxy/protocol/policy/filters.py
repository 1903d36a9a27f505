"""Filters: tables of rules ``group | source``, looked up without walking them.

A rule holds for a range of groups and a range of sources, perhaps only for data that came
in on one interface; a table is an unordered OR of its rules: rectangles of groups and
sources. The groups stand on the x axis, once for the rules of any interface, and behind
that once more for each interface that is named. The sources stand on the y axis, counted in
steps from one bound of a range to the next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..family import Address, Family
from ..sources import EXCLUDE, INCLUDE, NOTHING, SourceFilter
from .rule_index import Place, Rectangle, RuleIndex

MAX_LISTED = 64
"""Sources that a filter puts into a list at the most: more are looked at one by one."""

MOST_KEPT = 1 << 15
"""Entries and sources that a filter remembers, of what subscriptions to all sources are left."""


class Range(NamedTuple):
    """Addresses from ``first`` to ``last``, both included, packed and of one family."""

    first: Address
    last: Address


class Rule(NamedTuple):
    """What matches: None stands for any group, source or interface."""

    group: Range | None = None
    source: Range | None = None
    came_from: str | None = None


class Extent(NamedTuple):
    """Which sources of a group match: ``listed``, or with ``others`` all but these.

    Where that is too much for a list, ``listed`` is None: some match and some do not.
    """

    others: bool
    listed: frozenset[Address] | None


class Filter:
    """Lets pass what a table of rules matches, or with ``allow`` False what it does not.

    A look-up takes about the same time among few rules and many. The first among groups that
    lie close together prepares the part of the table that they are in: 0.6 ms were measured
    at the most with 10,000 rules. What is left of a subscription to all sources is worked out
    once for all groups that the same rules are about, and kept.
    """

    def __init__(self, family: Family, rules: Iterable[Rule], allow: bool) -> None:
        self._allow = allow
        self._size = family.address_size
        self._base: dict[str | None, int] = {None: 0}
        end = 1 << 8 * self._size
        lines = []
        for group, source, came_from in rules:
            if all(one is None or len(one.first) == self._size for one in (group, source)):
                base = self._base.setdefault(came_from, len(self._base) * end)
                first, last = _ends(group, end)
                lines.append((base + first, base + last, *_ends(source, end)))
        bounds = {bound for line in lines for bound in line[2:]}
        self._bounds = sorted(bounds.union(*_usable(family)))
        step = {bound: number for number, bound in enumerate(self._bounds, 1)}
        self._usable = sum((1 << step[b]) - (1 << step[a]) for a, b in _usable(family))
        rectangles = [Rectangle(g, h, step[a], step[b]) for g, h, a, b in lines]
        self._rectangles = RuleIndex(rectangles, len(step))
        self._extents: dict[tuple[Place, Place], Extent] = {}
        self._kept = 0

    def passes(self, group: Address, source: Address, came_from: str | None = None) -> bool:
        """Whether data does; that of an interface which is not known meets no rule about one."""
        x, y = int.from_bytes(group), bisect_right(self._bounds, int.from_bytes(source))
        if self._rectangles.cover(x, y):
            return self._allow
        base = self._base.get(came_from)
        return bool(base and self._rectangles.cover(base + x, y)) is self._allow

    def restrict(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that passes.

        Where a source list cannot say it the subscription is left as it is, and what does not
        pass has to be dropped source by source.
        """
        return self._part(group, wanted, came_from, True)

    def rest(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that does not pass, in the same way."""
        return self._part(group, wanted, came_from, False)

    def _part(
        self, group: Address, wanted: SourceFilter, came_from: str | None, passing: bool
    ) -> SourceFilter:
        mode, sources = wanted
        if mode is INCLUDE:
            left = frozenset(s for s in sources if self.passes(group, s, came_from) is passing)
            return SourceFilter(INCLUDE, left) if left else NOTHING
        others, listed = self._extent(int.from_bytes(group), came_from)
        if listed is None:
            return wanted
        if others is (passing is self._allow):
            return SourceFilter(EXCLUDE, sources | listed) if listed else wanted
        left = listed - sources
        return SourceFilter(INCLUDE, left) if left else NOTHING

    def _extent(self, group: int, came_from: str | None) -> Extent:
        table, base = self._rectangles, self._base.get(came_from, 0)
        place = table.place(group)
        named = table.place(base + group) if base else place
        known = self._extents.get((place, named))
        if known is None:
            matching = table.covered(place) | table.covered(named)
            known = self._measure(matching)
            self._kept += 1 + len(known.listed or ())
            if self._kept > MOST_KEPT:
                self._extents.clear()
                self._kept = 1 + len(known.listed or ())
            self._extents[place, named] = known
        return known

    def _measure(self, matching: int) -> Extent:
        """What is matched, of the addresses that can be sources, by steps as bits."""
        inside = self._listed(self._usable & matching)
        if inside is not None:
            return Extent(False, inside)
        outside = self._listed(self._usable & ~matching)
        return Extent(outside is not None, outside)

    def _listed(self, steps: int) -> frozenset[Address] | None:
        """The addresses in ``steps``, None when they are too many."""
        if steps.bit_count() > MAX_LISTED:
            return None
        found: list[int] = []
        while steps:
            number = steps.bit_length() - 1
            steps ^= 1 << number
            first, end = self._bounds[number - 1 : number + 1]
            if len(found) + end - first > MAX_LISTED:
                return None
            found.extend(range(first, end))
        return frozenset(number.to_bytes(self._size) for number in found)


def _ends(range_: Range | None, highest: int) -> tuple[int, int]:
    if range_ is None:
        return 0, highest
    return int.from_bytes(range_.first), int.from_bytes(range_.last) + 1


def _usable(family: Family) -> Iterator[tuple[int, int]]:
    """The addresses that can be sources; see ``Family.is_source``."""
    if family.address_size == 4:
        yield 1 << 24, 127 << 24
        yield 128 << 24, 224 << 24
    else:
        yield 1 << 8, 0xFE80 << 112
        yield 0xFEC0 << 112, 0xFF << 120
