"""Metrics of how long hosts wait; there are none while nothing is measured."""

from __future__ import annotations

from ...latency import JOIN, LEAVE
from .definition import HISTOGRAM, Metric, Rows, Scrape

REPORT, ENTRY = "report", "entry"

_TEXTS = {
    (JOIN, REPORT): "Time from the arrival of a host's join to the report upstream.",
    (JOIN, ENTRY): "Time from the arrival of a host's join to its entry in the kernel.",
    (LEAVE, REPORT): (
        "Time from the arrival of the last host's leave to the report upstream, queries included."
    ),
    (LEAVE, ENTRY): (
        "Time from the arrival of the last host's leave until the kernel forwards no more, queries "
        "included."
    ),
}


def _metric(kind: str, stage: str) -> Metric:
    def read(scrape: Scrape) -> Rows:
        latencies = scrape.proxy.events.latencies
        if latencies is None:
            return
        for (family, its_kind), waits in list(latencies.waits.items()):
            if its_kind == kind:
                yield (family,), waits.report if stage == REPORT else waits.entry

    name, text = f"mcproxy_{kind}_{stage}_seconds", _TEXTS[kind, stage]
    return Metric(name, HISTOGRAM, text, ("family",), read, "seconds")


METRICS = tuple(_metric(kind, stage) for kind, stage in _TEXTS)
