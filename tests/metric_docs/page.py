"""The part of docs/reference/metrics.rst that is made from the list of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcproxy.control.metrics.definition import LABELS, Metric
from mcproxy.control.metrics.metrics import PARTS

from ..program_docs.table import table, title
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
    yield "\n"
    for name, metrics in PARTS.items():
        yield title(name, "~")
        yield table((38, 10, 18, 34), ("metric", "kind", "labels", "meaning"), _rows(metrics))
    yield title("Labels", "~")
    rows = ((f"``{name}``", meaning, most) for name, (meaning, most) in LABELS.items())
    yield table((14, 50, 36), ("label", "value", "at most"), rows)


def _rows(metrics: Iterable[Metric]) -> Iterator[tuple[str, ...]]:
    for metric in metrics:
        labels = ", ".join(f"``{label}``" for label in metric.labels)
        yield f"``{metric.name}``", metric.kind, labels, metric.text
