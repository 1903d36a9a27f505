"""An index of overlapping rectangles: is a point in one of them?

The x axis is divided into slabs, about the square root of the number of rectangles. Each slab
has a row of bits, one for each y, that is set where a rectangle spans the whole slab. The few
rectangles that begin or end within a slab are drawn into a grid of the slab: a column for each
step on the x axis, in it a bit for each step on the y axis. So a lookup needs four bisections
for any set of rectangles, and memory grows as n ** 1.5 bits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable
from math import isqrt
from typing import NamedTuple

_FEW = 16
"""Rectangle ends that a slab has at least; a small index needs no smaller slabs."""

Cell = tuple[int, int]
"""Numbers of a slab and of a column in it: all x in a cell have the same y covered."""


class Rectangle(NamedTuple):
    """All x from ``left`` below ``right``, and all y from ``bottom`` below ``top``."""

    left: int
    right: int
    bottom: int
    top: int


class _Slab:
    """A part of the x axis: bits of the rectangles that span it, and a grid of the others."""

    __slots__ = ("bits", "cells", "columns", "rows", "within")

    def __init__(self, bits: bytes, within: list[Rectangle]) -> None:
        self.bits = bits
        self.within = within
        self.columns: list[int] = []
        self.rows: list[int] = []
        self.cells: list[int] = []

    def lay_out(self) -> list[int]:
        """Draw the grid; return ``cells``, the bits of each column."""
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
    """An index of fixed rectangles, with y from 0 to ``height``.

    The grid of a slab is drawn at the first lookup in the slab. That takes as long as a few
    lookups for each rectangle that begins or ends there.
    """

    def __init__(self, rectangles: Collection[Rectangle], height: int) -> None:
        self._starts = starts = _cut(rectangles, isqrt(len(rectangles)) + _FEW)
        over: list[tuple[int, int, int, int]] = []
        within: list[list[Rectangle]] = [[] for _ in range(len(starts) + 1)]
        for left, right, bottom, top in rectangles:
            # Slab n ends at starts[n]; the first and the last slab are empty.
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
        """Whether the point is in a rectangle."""
        slab = self._slabs[bisect_right(self._starts, x)]
        if slab.bits[y >> 3] >> (y & 7) & 1:
            return True
        cells = slab.cells or slab.lay_out()
        return cells[bisect_right(slab.columns, x)] >> bisect_right(slab.rows, y) & 1 == 1

    def cell(self, x: int) -> Cell:
        """The cell that ``x`` is in."""
        number = bisect_right(self._starts, x)
        slab = self._slabs[number]
        if not slab.cells:
            slab.lay_out()
        return number, bisect_right(slab.columns, x)

    def covered(self, cell: Cell) -> int:
        """The y that are covered in a cell that ``cell`` returned, as bits."""
        slab = self._slabs[cell[0]]
        bits = slab.cells[cell[1]]
        edges = bits ^ bits << 1
        within = 0
        for number in range(1, edges.bit_length()):
            if edges >> number & 1:
                within ^= (1 << slab.rows[number - 1]) - 1  # leaves the bits between two edges
        return int.from_bytes(slab.bits, "little") | within


def _cut(rectangles: Iterable[Rectangle], most: int) -> list[int]:
    """Where slabs start; between two starts are at most ``most`` ends of rectangles."""
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
    """For each of ``count`` positions, the bits of all layers over it.

    A layer is a first position, the position behind its last, and bits. It is stored as two
    pieces whose length is a power of two and which may overlap. At the end all pieces are
    halved, level by level, down to single positions.
    """
    levels = [[0] * count for _ in range(count.bit_length())]
    for low, high, bits in layers:
        level = (high - low).bit_length() - 1
        levels[level][low] |= bits
        levels[level][high - (1 << level)] |= bits
    for level in range(len(levels) - 1, 0, -1):
        below, half = levels[level - 1], 1 << level - 1
        for position, bits in enumerate(levels[level]):
            if bits:
                below[position] |= bits
                below[position + half] |= bits
    return levels[0]
