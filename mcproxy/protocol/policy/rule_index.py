"""Many rectangles that overlap: whether a point is in one of them, found without a walk.

The x axis is cut into about as many slabs as the square root of the number of rectangles. A
slab has a row of bits, one for each y: those of the rectangles that reach over all of it.
What begins or ends within a slab, which is little, is laid out in a grid of its own, with a
row of bits for each step on the x axis, and a bit for each step on the y axis. So a look-up
takes four bisections, whatever the rectangles are, and space grows as n ** 1.5 bits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable
from math import isqrt
from typing import NamedTuple

_FEW = 16

Place = tuple[int, int]
"""A slab and a column of it: part of the x axis, all over which the same y are covered."""


class Rectangle(NamedTuple):
    """All x from ``left`` and y from ``bottom``, up to but without ``right`` and ``top``."""

    left: int
    right: int
    bottom: int
    top: int


class _Slab:
    """Some of the x axis: bits of what reaches over all of it, and what begins or ends here."""

    __slots__ = ("bits", "cells", "columns", "rows", "within")

    def __init__(self, bits: bytes, within: list[Rectangle]) -> None:
        self.bits = bits
        self.within = within
        self.columns: list[int] = []
        self.rows: list[int] = []
        self.cells: list[int] = []

    def lay_out(self) -> list[int]:
        """Fill the grid: ``cells`` has the bits of each column, and is returned."""
        lefts, rights, bottoms, tops = zip(*self.within, strict=True) if self.within else [()] * 4
        self.columns = sorted({*lefts, *rights})
        self.rows = sorted({*bottoms, *tops})
        column = {left: number for number, left in enumerate(self.columns, 1)}
        row = {bottom: number for number, bottom in enumerate(self.rows, 1)}
        self.cells = _overlaid(
            len(self.columns) + 1,
            (
                (column[left], column[right], (1 << row[top]) - (1 << row[bottom]))
                for left, right, bottom, top in self.within
            ),
        )
        self.within = []
        return self.cells


class RuleIndex:
    """A fixed set of them, with no y below 0 or over ``height``.

    The grid of a slab is laid out when a point in it is first asked for: that takes as long as
    a few look-ups for each of the rectangles that begin or end there.
    """

    def __init__(self, rectangles: Collection[Rectangle], height: int) -> None:
        self._starts = starts = _cut(rectangles, isqrt(len(rectangles)) + _FEW)
        over: list[tuple[int, int, int, int]] = []
        within: list[list[Rectangle]] = [[] for _ in range(len(starts) + 1)]
        for left, right, bottom, top in rectangles:
            # The slab before each start has its number; the first and the last have nothing.
            low, high = bisect_left(starts, left), bisect_right(starts, right)
            if low + 1 < high:
                over.append((low + 1, high, bottom, top))
            if starts[low] != left:
                within[low].append(Rectangle(left, min(right, starts[low]), bottom, top))
            if starts[high - 1] != right and high != low:
                within[high].append(Rectangle(starts[high - 1], right, bottom, top))
        masks = _overlaid(
            len(within),
            ((low, high, (1 << top) - (1 << bottom)) for low, high, bottom, top in over),
        )
        size = height // 8 + 1
        self._slabs = [
            _Slab(mask.to_bytes(size, "little"), some)
            for mask, some in zip(masks, within, strict=True)
        ]

    def cover(self, x: int, y: int) -> bool:
        """Whether one of them has the point in it."""
        slab = self._slabs[bisect_right(self._starts, x)]
        if slab.bits[y >> 3] >> (y & 7) & 1:
            return True
        cells = slab.cells or slab.lay_out()
        return cells[bisect_right(slab.columns, x)] >> bisect_right(slab.rows, y) & 1 == 1

    def place(self, x: int) -> Place:
        """The same for all x that have the same y covered."""
        number = bisect_right(self._starts, x)
        slab = self._slabs[number]
        if not slab.cells:
            slab.lay_out()
        return number, bisect_right(slab.columns, x)

    def covered(self, place: Place) -> int:
        """The y that are covered, as bits."""
        slab = self._slabs[place[0]]
        bits = slab.cells[place[1]]
        edges = bits ^ bits << 1
        within = 0
        for number in range(1, edges.bit_length()):
            if edges >> number & 1:
                within ^= (1 << slab.rows[number - 1]) - 1  # between two edges is what is left
        return int.from_bytes(slab.bits, "little") | within


def _cut(rectangles: Iterable[Rectangle], most: int) -> list[int]:
    """Where slabs start, with at most so many ends of rectangles between two starts."""
    ends = Counter(end for one in rectangles for end in one[:2])
    starts = []
    end, inside = 0, most
    for end, count in sorted(ends.items()):
        inside += count
        if inside > most:
            starts.append(end)
            inside = 0
    return starts if inside == 0 else [*starts, end]


def _overlaid(count: int, layers: Iterable[tuple[int, int, int]]) -> list[int]:
    """For each of ``count`` places the bits of all the layers that are over it.

    A layer has its first place, that behind its last, and bits. It is put down as two that may
    overlap, as long as a power of two, and these are halved once all are there.
    """
    levels = [[0] * count for _ in range(count.bit_length())]
    for low, high, bits in layers:
        level = (high - low).bit_length() - 1
        levels[level][low] |= bits
        levels[level][high - (1 << level)] |= bits
    for level in range(len(levels) - 1, 0, -1):
        below, half = levels[level - 1], 1 << level - 1
        for place, bits in enumerate(levels[level]):
            if bits:
                below[place] |= bits
                below[place + half] |= bits
    return levels[0]
