"""Filters: tables of rules ``group | source``, looked up without walking them.

A rule holds for a range of groups and a range of sources, perhaps only for data that came
in on one interface; a table is an unordered OR of its rules. It is kept as a segment tree
over the groups: each node has the sources of the rules that cover its groups, as sorted
ranges that do not touch. A look-up goes one way from a leaf to the root, past nodes that
have nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from heapq import merge as merge_sorted
from typing import NamedTuple

from .family import Address, Family
from .sources import EXCLUDE, INCLUDE, NOTHING, SourceFilter

MOST_LISTED = 64
"""Sources that a filter puts into a list at the most: more are looked at one by one."""

_MOST_KEPT = 1024
_FEW = 16

Interval = tuple[int, int]
"""First and last address, as numbers."""


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


class _Node:
    """Sources as sorted ranges that do not touch, and the next node towards the root."""

    __slots__ = ("firsts", "lasts", "up")

    def __init__(self, intervals: Iterable[Interval], up: _Node | None) -> None:
        joined = list(_joined(intervals))
        self.firsts = [first for first, _ in joined]
        self.lasts = [last for _, last in joined]
        self.up = up

    def intervals(self) -> Iterable[Interval]:
        """Those of this node alone."""
        return zip(self.firsts, self.lasts, strict=True)

    def path(self) -> Iterator[_Node]:
        """From here to the root."""
        node: _Node | None = self
        while node is not None:
            yield node
            node = node.up


class RuleTable:
    """The rules of one family that hold for data from one interface, or from any."""

    def __init__(self, family: Family, rules: Iterable[Rule]) -> None:
        self._size = family.address_size
        self._universe = tuple(_usable(family))
        highest = (1 << 8 * self._size) - 1
        pairs = [(_numbers(r.group, highest), _numbers(r.source, highest)) for r in rules]
        ends = {end + 1 for (_, end), _ in pairs}
        self._bounds = sorted({start for (start, _), _ in pairs} | ends)
        # By the place of a group among the bounds; before the first one there are no rules.
        self._paths = [None, *_paths(_spread(self._bounds, pairs))]
        self._extents: dict[tuple[_Node | None, _Node | None], Extent] = {}

    def _leaf(self, group: Address) -> _Node | None:
        return self._paths[bisect_right(self._bounds, int.from_bytes(group))]

    def matches(self, group: Address, source: Address) -> bool:
        """Whether some rule does."""
        number = int.from_bytes(source)
        node = self._leaf(group)
        while node is not None:
            position = bisect_right(node.firsts, number)
            if position and number <= node.lasts[position - 1]:
                return True
            node = node.up
        return False

    def extent(self, group: Address, beside: RuleTable | None = None) -> Extent:
        """The sources that match here or in the table ``beside``.

        Addresses that can be no sources do not count.
        """
        leaves = (self._leaf(group), None if beside is None else beside._leaf(group))
        known = self._extents.get(leaves)
        if known is None:
            if len(self._extents) >= _MOST_KEPT:
                self._extents.clear()
            known = self._extents[leaves] = self._measure(leaf for leaf in leaves if leaf)
        return known

    def _measure(self, leaves: Iterable[_Node]) -> Extent:
        """Go through the matching sources in order until neither they nor the rest are few."""
        inside: list[int] | None = []
        outside: list[int] | None = []
        parts = [node.intervals() for leaf in leaves for node in leaf.path()]
        for first, last, match in _divided(self._universe, _joined(merge_sorted(*parts))):
            if match:
                inside = _extended(inside, first, last)
            else:
                outside = _extended(outside, first, last)
            if inside is None and outside is None:
                return Extent(False, None)
        if inside is not None:
            return Extent(False, self._packed(inside))
        assert outside is not None
        return Extent(True, self._packed(outside))

    def _packed(self, numbers: Iterable[int]) -> frozenset[Address]:
        return frozenset(number.to_bytes(self._size) for number in numbers)


def _spread(bounds: list[int], pairs: Iterable[tuple[Interval, Interval]]) -> list[list[Interval]]:
    """The nodes of a segment tree over the spaces between ``bounds``, with their sources."""
    size = len(bounds)
    nodes: list[list[Interval]] = [[] for _ in range(2 * size)]
    places = {bound: place for place, bound in enumerate(bounds)}
    for (start, end), sources in pairs:
        low, high = places[start] + size, places[end + 1] + size
        while low < high:
            if low & 1:
                nodes[low].append(sources)
                low += 1
            if high & 1:
                high -= 1
                nodes[high].append(sources)
            low, high = low >> 1, high >> 1
    return nodes


def _paths(nodes: list[list[Interval]]) -> list[_Node | None]:
    """For each leaf the first node on its way to the root that has something."""
    made: list[_Node | None] = [None] * len(nodes)
    for number in range(1, len(nodes)):
        above = made[number >> 1]
        made[number] = _Node(sorted(nodes[number]), above) if nodes[number] else above
    return [_short(node) for node in made[len(nodes) // 2 :]]


def _short(leaf: _Node | None) -> _Node | None:
    """``leaf`` as the only node of its path, if that has little on it."""
    if leaf is None or leaf.up is None:
        return leaf
    path = list(leaf.path())
    if sum(len(node.firsts) for node in path) > _FEW:
        return leaf
    return _Node(merge_sorted(*(node.intervals() for node in path)), None)


class Filter:
    """Lets pass what a table of rules matches, or with ``allow`` False what it does not."""

    def __init__(self, family: Family, rules: Iterable[Rule], allow: bool) -> None:
        size = family.address_size
        own = [rule for rule in rules if all(len(r.first) == size for r in rule[:2] if r)]
        by_name: dict[str | None, list[Rule]] = {None: []}
        for rule in own:
            by_name.setdefault(rule.came_from, []).append(rule)
        self._allow = allow
        self._always = RuleTable(family, by_name.pop(None))
        self._by_name = {name: RuleTable(family, some) for name, some in by_name.items()}

    def passes(self, group: Address, source: Address, came_from: str | None = None) -> bool:
        """Whether data does; that of an interface which is not known meets no rule about one."""
        return self._matches(group, source, self._named(came_from)) is self._allow

    def restrict(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that passes.

        Where a source list cannot say it the subscription is left as it is, and what does not
        pass has to be dropped source by source.
        """
        return self._part(group, wanted, came_from, self._allow)

    def rest(
        self, group: Address, wanted: SourceFilter, came_from: str | None = None
    ) -> SourceFilter:
        """The part of a subscription that does not pass, in the same way."""
        return self._part(group, wanted, came_from, not self._allow)

    def _part(
        self, group: Address, wanted: SourceFilter, came_from: str | None, matching: bool
    ) -> SourceFilter:
        named = self._named(came_from)
        mode, sources = wanted
        if mode is INCLUDE:
            left = frozenset(s for s in sources if self._matches(group, s, named) is matching)
            return SourceFilter(INCLUDE, left) if left else NOTHING
        others, listed = self._always.extent(group, named)
        if listed is None:
            return wanted
        if others is matching:
            return SourceFilter(EXCLUDE, sources | listed) if listed else wanted
        left = listed - sources
        return SourceFilter(INCLUDE, left) if left else NOTHING

    def _named(self, came_from: str | None) -> RuleTable | None:
        """The rules for data from one interface alone."""
        return None if came_from is None else self._by_name.get(came_from)

    def _matches(self, group: Address, source: Address, named: RuleTable | None) -> bool:
        if self._always.matches(group, source):
            return True
        return named is not None and named.matches(group, source)


def _numbers(range_: Range | None, highest: int) -> Interval:
    if range_ is None:
        return 0, highest
    return int.from_bytes(range_.first), int.from_bytes(range_.last)


def _joined(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """Sorted intervals, with those that overlap or touch as one."""
    begin = end = -1
    for first, last in intervals:
        if end >= 0 and first <= end + 1:
            end = max(end, last)
            continue
        if end >= 0:
            yield begin, end
        begin, end = first, last
    if end >= 0:
        yield begin, end


def _divided(
    universe: Iterable[Interval], matching: Iterable[Interval]
) -> Iterator[tuple[int, int, bool]]:
    """``universe`` in pieces that match or do not, in order."""
    rest = iter(matching)
    first, last = next(rest, (None, None))
    for low, high in universe:
        while low <= high:
            while last is not None and last < low:
                first, last = next(rest, (None, None))
            if first is None or last is None or first > high:
                yield low, high, False
                break
            if first > low:
                yield low, first - 1, False
            low = max(low, first)
            yield low, min(high, last), True
            low = last + 1


def _extended(numbers: list[int] | None, first: int, last: int) -> list[int] | None:
    """``numbers`` with those of an interval, None when they are too many."""
    if numbers is None or len(numbers) + last - first + 1 > MOST_LISTED:
        return None
    numbers.extend(range(first, last + 1))
    return numbers


def _usable(family: Family) -> Iterator[Interval]:
    """The addresses that can be sources; see ``Family.is_source``."""
    if family.address_size == 4:
        yield 1 << 24, (127 << 24) - 1
        yield 128 << 24, (224 << 24) - 1
    else:
        yield 1 << 8, (0xFE80 << 112) - 1
        yield 0xFEC0 << 112, (0xFF << 120) - 1
