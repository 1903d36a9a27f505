"""Metrics of how long hosts wait; there are none while nothing is measured."""

from __future__ import annotations

from ...latency import ENTRY, JOIN, LEAVE, REPORT
from .definition import HISTOGRAM, Metric, Rows, Scrape

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
        for (family, its_kind, its_stage), found in list(latencies.histograms.items()):
            if (its_kind, its_stage) == (kind, stage):
                yield (family.name,), found

    name, text = f"mcproxy_{kind}_{stage}_seconds", _TEXTS[kind, stage]
    return Metric(name, HISTOGRAM, text, ("family",), read, "seconds")


METRICS = tuple(_metric(kind, stage) for kind, stage in _TEXTS)
