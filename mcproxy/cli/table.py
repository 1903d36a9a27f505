"""Tables of text that fit a width: fast with 50,000 rows, for which rich is too slow.

Columns that say nothing are left out. In a table that is too wide, columns that may wrap do so; if
that is not enough, the last columns go to a second line of each row.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any, NamedTuple

from .units import NONE

Row = dict[str, Any]
Cell = Callable[[Row], object]

WIDTH = 80
"""Columns where the output is no terminal."""

GAP = "  "
INDENT = "    "
NARROWEST = 12
"""Characters of a column that wraps, at least."""

RED, GREEN, YELLOW = "31", "32", "33"
BOLD = "1"


class Column(NamedTuple):
    """A heading, the cell of a row below it, and what it means, for the documentation.

    ``wraps`` lets words go to further lines. A column that is ``common`` is left out where all
    rows have the same cell. One that is ``second`` begins the second line of a row that needs
    one. ``colour`` returns a colour for the text of a cell, or None.
    """

    title: str
    cell: Cell
    meaning: str = ""
    wraps: bool = False
    common: bool = False
    second: bool = False
    colour: Callable[[str], str | None] | None = None


class Output(NamedTuple):
    """Where tables are printed: ``width`` in characters, and whether colours are understood."""

    width: int = WIDTH
    colour: bool = False

    @classmethod
    def of_terminal(cls) -> Output:
        """The standard output of this process."""
        width = shutil.get_terminal_size((WIDTH, 24)).columns
        if not sys.stdout.isatty():
            width = int(columns) if (columns := os.environ.get("COLUMNS", "")).isdigit() else WIDTH
        # https://no-color.org: any value but the empty one.
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        return cls(max(width, 40), sys.stdout.isatty() and not plain)


def table(columns: Sequence[Column], rows: Iterable[Row], output: Output | None = None) -> str:
    """Rows under headings, each column as wide as its widest cell, within the output's width."""
    output, rows = output or Output(), list(rows)
    made = [(column, list(map(str, map(column.cell, rows)))) for column in columns]
    kept = [(column, cells) for column, cells in made if _says_something(column, cells)]
    columns = [column for column, _ in kept]
    titles = [column.title for column in columns]
    widths = [max(len(column.title), *map(len, cells), 0) for column, cells in kept]
    layout = _Layout(columns, widths, output)
    lines = zip(*(cells for _, cells in kept), strict=True)
    return "".join(layout.lines([titles], BOLD)) + "".join(layout.lines(lines))


def _says_something(column: Column, cells: list[str]) -> bool:
    """Whether a column has more than dashes, and if it is ``common`` more than one value."""
    if not cells:
        return True
    return len(set(cells)) > 1 or (cells[0] != NONE and not column.common)


class _Layout:
    """Where the cells of a row stand: on one line, or folded onto several."""

    def __init__(self, columns: Sequence[Column], widths: list[int], output: Output) -> None:
        self._columns = columns
        self._colour = output.colour
        self._widths = _narrowed(columns, widths, output.width)
        if _width(self._widths) > output.width:
            room = output.width - len(INDENT)
            self._widths = [
                min(width, room) if column.wraps else width
                for column, width in zip(columns, widths, strict=True)
            ]
        self._wraps = self._widths != widths
        self._folds = _folded(columns, self._widths, output.width)

    def lines(self, rows: Iterable[Sequence[str]], style: str = "") -> Iterator[str]:
        """The lines of all rows, each with its end."""
        if not self._wraps and not self._colour and len(self._folds) == 1:
            form = GAP.join(f"{{:{width}}}" for width in self._widths).format
            for row in rows:
                yield form(*row).rstrip() + "\n"
            return
        for row in rows:
            for first, last in self._folds:
                yield from self._part(row, first, last, style)

    def _part(self, row: Sequence[str], first: int, last: int, style: str) -> Iterator[str]:
        """The cells from ``first`` to before ``last``, on as many lines as they need."""
        cells = [self._split(number, row[number]) for number in range(first, last)]
        for parts in zip_longest(*cells, fillvalue=""):
            line = GAP.join(
                self._styled(number, part, row[number], style)
                for number, part in enumerate(parts, first)
            )
            yield (INDENT if first else "") + line.rstrip() + "\n"

    def _split(self, number: int, cell: str) -> list[str]:
        width = self._widths[number]
        if len(cell) <= width:
            return [cell]
        return wrap(cell, width, break_on_hyphens=False) or [cell]

    def _styled(self, number: int, part: str, cell: str, style: str) -> str:
        padded = f"{part:{self._widths[number]}}"
        colour = self._columns[number].colour
        code = style or (colour and colour(cell)) or ""
        if not self._colour or not code or not part:
            return padded
        return f"\x1b[{code}m{part}\x1b[0m{padded[len(part) :]}"


def _narrowed(columns: Sequence[Column], widths: list[int], room: int) -> list[int]:
    """The widths, with columns that may wrap as narrow as they must be, and can be."""
    widths = list(widths)
    while (over := _width(widths) - room) > 0:
        wide = [
            (widths[number], number)
            for number, column in enumerate(columns)
            if column.wraps and widths[number] > max(NARROWEST, len(column.title))
        ]
        if not wide:
            break
        width, number = max(wide)
        least = max(NARROWEST, len(columns[number].title))
        second = max((w for w, n in wide if n != number), default=least)
        widths[number] = max(least, min(width - 1, second), width - over)
    return widths


def _folded(columns: Sequence[Column], widths: list[int], room: int) -> list[tuple[int, int]]:
    """The columns of each line of a row, as their first and the one after the last."""
    folds, first = [], 0
    must_fold = _width(widths) > room
    for number in range(1, len(widths)):
        indent = len(INDENT) if first else 0
        is_full = indent + _width(widths[first : number + 1]) > room
        if is_full or (must_fold and columns[number].second):
            folds.append((first, number))
            first = number
    return [*folds, (first, len(widths))]


def _width(widths: list[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)
