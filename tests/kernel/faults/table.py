"""The table of faults and answers in docs/troubleshooting/index.rst; run it to print the table.

``python -m tests.kernel.faults.table --write`` puts the table into the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from ...source import PROJECT
from . import asking, links, streams
from .fault import FAULTS, Fault

PAGE = PROJECT / "docs/troubleshooting/index.rst"

BEGIN, END = ".. begin of the faults\n", ".. end of the faults\n"

MODULES = tuple(one.__name__.rpartition(".")[2] for one in (asking, links, streams))


def faults() -> list[Fault]:
    """All faults, in the order of the table."""
    return [one for module in MODULES for one in FAULTS[module]]


def lines() -> Iterator[str]:
    """The lines of the table."""
    yield from (".. list-table::", "   :header-rows: 1", "   :widths: 30 40 30", "")
    yield from ("   * - What is wrong", "     - What ``explain`` says", "     - What to do")
    for one in faults():
        yield f"   * - {one.what}"
        first = one.says.split()[0]
        begin = "... " if first.isalpha() and first.islower() else ""
        yield f"     - {begin}{one.says}"
        yield f"     - {one.cure.rstrip('.')}"


def table() -> str:
    """The table with the lines around it, as it is in the page."""
    return BEGIN + "\n" + "\n".join(lines()) + "\n\n" + END


def main() -> None:
    """Print the table, or write it to the page."""
    if "--write" not in sys.argv:
        print(table(), end="")
        return
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + table() + after, encoding="utf-8")


if __name__ == "__main__":
    main()
