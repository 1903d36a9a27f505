"""What a view of ``mcproxy show`` is, and how its answer becomes text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import fill
from typing import Any, NamedTuple

from ..table import Column, Output, Row, table
from ..units import duration


class Table(NamedTuple):
    """A table of a view: its columns, and which of the rows it wants."""

    columns: Sequence[Column]
    wants: Callable[[Row], bool] = bool


class View(NamedTuple):
    """A view: one sentence of help, and its tables.

    ``rows`` says that the answer is a list of rows under the view's name, which is read row by
    row; ``text`` then gets the list. A view with ``print`` has a text of its own.
    """

    help: str
    tables: tuple[Table, ...] = ()
    print: Callable[[Any, Output], str] | None = None
    rows: bool = True

    def path(self, name: str) -> str:
        """Where the daemon answers."""
        return f"/{name}"

    def text(self, answer: Any, output: Output) -> str:
        """The daemon's answer for a reader."""
        if self.print is not None:
            return self.print(answer, output)
        return by_family(self.tables, answer, output)


def by_family(tables: Sequence[Table], rows: list[Row], output: Output) -> str:
    """The tables for IPv4 and then for IPv6; where there is one family, it has no heading.

    Addresses of IPv6 are long: in one table with them those of IPv4 would not fit.
    """
    ipv6 = [row for row in rows if row.get("family") == "ipv6"]
    ipv4 = rows if not ipv6 else [row for row in rows if row.get("family") != "ipv6"]
    present = [one for one in (("IPv4\n", ipv4), ("IPv6\n", ipv6)) if one[1]] or [("", [])]
    parts = []
    for heading, found in present:
        wanted = [(one.columns, [row for row in found if one.wants(row)]) for one in tables]
        shown = [table(columns, some, output) for columns, some in wanted if some]
        text = "\n".join(shown or [table(tables[0].columns, (), output)])
        parts.append((heading if len(present) > 1 else "") + text)
    return "\n".join(parts)


def print_status(columns: Sequence[Column]) -> Callable[[Row, Output], str]:
    """Prints the daemon's status, with these columns for its instances."""

    def text(answer: Row, output: Output) -> str:
        head = (
            f"mcproxy {answer['version']}, process {answer['pid']}, "
            f"up {duration(answer['up-time'])}, {answer['memory'] / 2**20:.0f} MiB\n"
            f"configuration: {answer['configuration'] or 'from the command line'}\n\n"
        )
        degraded = [f"{row['instance']}: {row['text']}" for row in answer.get("degraded", ())]
        shown = head + table(columns, answer["instance"], output)
        return shown + (_sentences("degraded", degraded, output) if degraded else "")

    return text


def _sentences(heading: str, sentences: list[str], output: Output) -> str:
    lines = (
        fill(
            one,
            output.width,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for one in sentences
    )
    return f"\n{heading}:\n" + "".join(f"{line}\n" for line in lines)
