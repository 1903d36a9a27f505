"""How the demo shows itself: a live table on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from ..lab.accounts import Result, Want
from ..lab.scenes import Line, Play

HEADINGS = ("receiver", "link", "group", "sources", "join", "sent", "received", "lost", "")
_NUMBERS = range(4, 8)


class View(Protocol):
    """What the demo needs to show itself."""

    def say(self, text: str) -> None:
        """A line of its own."""

    def tell(self, line: Line) -> None:
        """What has just happened in the play."""

    def glance(self) -> None:
        """Time has passed."""

    def showing(self, play: Play) -> AbstractContextManager[None]:
        """While ``play`` is performed."""

    def conclude(self, play: Play, faults: Sequence[str]) -> None:
        """What came of it."""


def view(plain: bool) -> View:
    """A live table, or lines where that is asked for or rich is not installed."""
    if plain:
        return PlainView()
    try:
        return LiveView()
    except ModuleNotFoundError:
        return PlainView()


def row(want: Want) -> tuple[str, ...]:
    """A membership in words and numbers."""
    result = want.result()
    delay = "-" if result.delay is None else f"{result.delay * 1000:.0f} ms"
    numbers = (str(number) for number in (result.sent, result.received, result.lost))
    about = (want.receiver, want.link, want.group, want.filter)
    return (*about, delay, *numbers, _state(want, result))


def _state(want: Want, result: Result) -> str:
    if result.repeated:
        return f"{result.repeated} twice"
    return "" if want.left is None else "left"


def links(play: Play) -> Iterator[str]:
    """A sentence about each link."""
    for watch in play.watches:
        unwanted = sum(watch.unwanted.values())
        yield f"{watch.link}: {watch.packets} packets forwarded, {unwanted} of them unwanted"


def verdict(faults: Sequence[str]) -> str:
    """The last word."""
    if faults:
        return "Not as it should be:\n" + "\n".join(f"  {fault}" for fault in faults)
    return "Every wanted packet came, once, and no other did."


class PlainView:
    """Lines on standard output."""

    def say(self, text: str) -> None:
        """A line, at once."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def tell(self, line: Line) -> None:
        """The moment and what happens."""
        self.say(f"{line.at:5.1f} s  {line.text}")

    def glance(self) -> None:
        """Nothing."""

    @contextmanager
    def showing(self, _: Play) -> Iterator[None]:
        """Nothing more than the lines."""
        yield

    def conclude(self, play: Play, faults: Sequence[str]) -> None:
        """The table, the links, the verdict."""
        rows = [HEADINGS, *map(row, play.wants)]
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
        for text in (*links(play), *play.cuts(), verdict(faults)):
            self.say(text)


class LiveView:
    """A table that changes in place; ModuleNotFoundError without rich."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False)
        self._play: Play | None = None
        self._line = ""

    def say(self, text: str) -> None:
        """A line above the table."""
        self._console.print(text, highlight=False, markup=False)

    def tell(self, line: Line) -> None:
        """The table's title for the next seconds."""
        self._line = f"{line.at:.1f} s: {line.text}"
        self.say(f"{line.at:5.1f} s  {line.text}")
        self.glance()

    def glance(self) -> None:
        """Show what is known now."""
        if self._play is not None:
            self._live.update(self._table(self._play), refresh=True)

    @contextmanager
    def showing(self, play: Play) -> Iterator[None]:
        """The table moves."""
        self._play = play
        with self._live:
            yield

    def conclude(self, play: Play, faults: Sequence[str]) -> None:
        """The links and the verdict below the last table."""
        for text in (*links(play), *play.cuts()):
            self.say(text)
        style = "bold red" if faults else "bold green"
        self._console.print(verdict(faults), style=style, highlight=False, markup=False)

    def _table(self, play: Play) -> Any:
        from rich.table import Table

        table = Table(caption="   ".join(links(play)), title=self._line)
        for number, heading in enumerate(HEADINGS):
            table.add_column(heading, justify="right" if number in _NUMBERS else "left")
        for want in play.wants:
            result = want.result()
            style = "red" if result.lost else "dim" if want.left is not None else ""
            table.add_row(*row(want), style=style)
        return table
