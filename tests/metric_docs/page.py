"""The part of docs/reference/metrics.rst that is made from the list of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mcproxy.control.metrics.definition import LABELS, Metric
from mcproxy.control.metrics.metrics import PARTS

from ..source import PROJECT

PAGE = PROJECT / "docs/reference/metrics.rst"

BEGIN = ".. metrics, written by python -m tests.metric_docs\n"
END = ".. end of the metrics\n"


def page(text: str) -> str:
    """``text`` with the tables written anew; ValueError where their place is missing."""
    before, begin, after = text.partition(BEGIN)
    _, end, after = after.partition(END)
    if not begin or not end:
        raise ValueError(f"the lines {BEGIN!r} and {END!r} must be there")
    return before + begin + "".join(_parts()) + end + after


def _parts() -> Iterator[str]:
    for title, metrics in PARTS.items():
        yield f"\n{title}\n{'~' * len(title)}\n\n"
        yield _table((38, 10, 18, 34), ("metric", "kind", "labels", "meaning"), _rows(metrics))
    yield "\nLabels\n~~~~~~\n\n"
    rows = ((f"``{name}``", meaning, most) for name, (meaning, most) in LABELS.items())
    yield _table((14, 50, 36), ("label", "value", "at most"), rows)
    yield "\n"


def _rows(metrics: Iterable[Metric]) -> Iterator[tuple[str, ...]]:
    for metric in metrics:
        labels = ", ".join(f"``{label}``" for label in metric.labels)
        yield f"``{metric.name}``", metric.kind, labels, metric.text


def _table(widths: Sequence[int], heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        f"   :widths: {' '.join(map(str, widths))}",
        "",
    ]
    for row in (heads, *rows):
        for number, cell in enumerate(row):
            lines.append(f"   {' ' if number else '*'} - {cell}".rstrip())
    return "\n".join(lines) + "\n"
