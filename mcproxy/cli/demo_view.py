"""The demo's output: a table that is redrawn on a terminal, or lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from ..lab.accounts import Want
from ..lab.scenes import Line, Play

HEADINGS = ("receiver", "groups", "wants", "join ms", "proxy", "sent", "came", "lost", "")
_NUMBERS = range(3, 8)


class View(Protocol):
    """What the demo needs for its output."""

    def say(self, text: str) -> None:
        """Print a line."""

    def tell(self, line: Line) -> None:
        """Print what has just happened in the play."""

    def glance(self) -> None:
        """Show the present state; called from time to time."""

    def showing(self, play: Play) -> AbstractContextManager[None]:
        """The context in which ``play`` is performed."""

    def conclude(self, play: Play, faults: Sequence[str]) -> None:
        """Print the results."""


def view(plain: bool) -> View:
    """The table, or lines if ``plain`` or if rich is not installed."""
    if plain:
        return PlainView()
    try:
        return LiveView()
    except ModuleNotFoundError:
        return PlainView()


def row(wants: Sequence[Want]) -> tuple[str, ...]:
    """A row of the table: one receiver's memberships, one for each family.

    The times are from the join to the first packet, and from the host's report to the first packet.
    """
    results = [want.result() for want in wants]
    groups = " ".join(want.group for want in wants)
    delays = " ".join(_milliseconds(result.delay) for result in results)
    reactions = " ".join(_milliseconds(result.reaction) for result in results)
    sent, received, lost, repeated = (
        sum(result[column] or 0 for result in results) for column in range(2, 6)
    )
    state = f"{repeated} twice" if repeated else "left" if wants[0].left is not None else ""
    numbers = (delays, reactions, str(sent), str(received), str(lost))
    return (wants[0].receiver, groups, wants[0].filter, *numbers, state)


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f}"


def links(play: Play) -> Iterator[str]:
    """What was forwarded to each link, a sentence each."""
    for watch in play.results.watches:
        unwanted = sum(watch.unwanted.values())
        yield f"{watch.link}: {watch.packets} packets forwarded, {unwanted} of them unwanted"


def verdict(faults: Sequence[str]) -> str:
    """The last line: success, or the list of faults."""
    if faults:
        return "The demo failed:\n" + "\n".join(f"  {fault}" for fault in faults)
    return "Every wanted packet arrived exactly once, and no unwanted packet was forwarded."


class PlainView:
    """Lines on standard output."""

    def say(self, text: str) -> None:
        """Print a line and flush it."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def tell(self, line: Line) -> None:
        """Print the time and what happens."""
        self.say(f"{line.at:5.1f} s  {line.text}")

    def glance(self) -> None:
        """Lines show no intermediate state."""

    @contextmanager
    def showing(self, _: Play) -> Iterator[None]:
        """Lines need no context."""
        yield

    def conclude(self, play: Play, faults: Sequence[str]) -> None:
        """Print the table, the links and the verdict."""
        rows = [HEADINGS, *map(row, play.results.rows())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        self.say("")
        for each in rows:
            cells = zip(each, widths, strict=True)
            aligned = (
                cell.rjust(width) if number in _NUMBERS else cell.ljust(width)
                for number, (cell, width) in enumerate(cells)
            )
            self.say("  ".join(aligned).rstrip())
        self.say("")
        for text in (*links(play), *play.results.cuts(), *play.results.remarks(), verdict(faults)):
            self.say(text)


class LiveView:
    """A table that is redrawn in place; ModuleNotFoundError without rich."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False)
        self._play: Play | None = None

    def say(self, text: str) -> None:
        """Print a line above the table."""
        self._console.print(text, highlight=False, markup=False)

    def tell(self, line: Line) -> None:
        """Print the time and what happens, above the table."""
        self.say(f"{line.at:5.1f} s  {line.text}")
        self.glance()

    def glance(self) -> None:
        """Redraw the table."""
        if self._play is not None:
            self._live.update(self._table(self._play), refresh=True)

    @contextmanager
    def showing(self, play: Play) -> Iterator[None]:
        """Redraw the table while ``play`` is performed."""
        self._play = play
        with self._live:
            yield

    def conclude(self, play: Play, faults: Sequence[str]) -> None:
        """Print the links and the verdict below the last table."""
        for text in (*links(play), *play.results.cuts(), *play.results.remarks()):
            self.say(text)
        style = "bold red" if faults else "bold green"
        self._console.print(verdict(faults), style=style, highlight=False, markup=False)

    def _table(self, play: Play) -> Any:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        for number, heading in enumerate(HEADINGS):
            table.add_column(heading, justify="right" if number in _NUMBERS else "left")
        for wants in play.results.rows():
            bad = any(want.result().lost for want in wants)
            style = "red" if bad else "dim" if wants[0].left is not None else ""
            table.add_row(*row(wants), style=style)
        return table
