"""The findings on hostile links: a line for each attack, in docs/developer/benchmarks.rst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .contenders import MCPROXY
from .hostile import COLUMNS, DESCRIPTION, LIMIT
from .measure import Findings, Measure
from .table import LABORATORY, aligned, facts, list_table, number, wrapped

NAME = "hostile"
"""The name of all these measures together, for the command line."""

_HEAD = ("attack", *COLUMNS, "met")
_WIDTHS = "30 7 10 8 10 8 8 7 9 6"
_TITLE = "Hostile links"
_BEGIN = f".. This section is written by ``python -m tests.benchmarks --write {NAME}``."
_END = ".. End of this section."


def plain(measures: Sequence[Measure], results: Mapping[str, Findings]) -> str:
    """The lines for a terminal."""
    return aligned([_HEAD, *_lines(measures, results)])


def section(measures: Sequence[Measure], results: Mapping[str, Findings]) -> str:
    """The section of docs/developer/benchmarks.rst."""
    targets = (
        f"The targets: no stream loses a packet, no join is left without an answer, and none waits "
        f"longer than {LIMIT:g} milliseconds. *lost* and *unanswered* are of both links together."
    )
    return "\n".join(
        [
            f"{_BEGIN}\n",
            f"{_TITLE}\n{'-' * len(_TITLE)}\n",
            f"{wrapped(DESCRIPTION)}\n",
            f"{wrapped(targets)}\n",
            "\n".join(f"* {fact}" for fact in facts()[:-1]) + "\n",  # without igmpproxy
            list_table([_HEAD, *_lines(measures, results)], _WIDTHS),
            f"{_END}\n",
        ]
    )


def with_section(document: str, new: str) -> str:
    """The document with this section in place of the one that it has, or before the laboratory."""
    if _BEGIN in document:
        before, _, rest = document.partition(_BEGIN)
        after = rest.partition(_END)[2].lstrip("\n")
    else:
        before, title, rest = document.partition(LABORATORY)
        after = title + rest
    return f"{before}{new}\n{after}"


def _lines(measures: Sequence[Measure], results: Mapping[str, Findings]) -> list[tuple[str, ...]]:
    return [_line(measure, results[MCPROXY.name]) for measure in measures]


def _line(measure: Measure, findings: Findings) -> tuple[str, ...]:
    values = [(row, row.value(findings)) for row in measure.rows]
    met = all(
        row.target is None or (value is not None and row.target.met(value, {}))
        for row, value in values
    )
    cells = [number(value, row) for row, value in values]
    return (measure.title, *cells, "yes" if met else "no")
