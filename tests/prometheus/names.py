"""Which names in a text of PromQL are not of this daemon or of Prometheus."""

from __future__ import annotations

import re

from mcproxy.control.metrics.definition import HISTOGRAM, LABELS
from mcproxy.control.metrics.metrics import METRICS

OF_PROMETHEUS = {"job", "instance", "le", "alertname", "alertstate", "__name__"}
"""Labels that Prometheus adds, or that histograms have."""

OF_PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
"""Metrics of prometheus-client that are used here."""

_METRIC = re.compile(r"\b(?:mcproxy|process)_\w+")
_BY = re.compile(r"\b(?:by|on|without|ignoring) \(([^)]*)\)")
_MATCHED = re.compile(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)")
_SHOWN = re.compile(r"\$labels\.(\w+)")


def metric_names() -> set[str]:
    """The names of all time series."""
    found = set()
    for metric in METRICS:
        endings = ("_bucket", "_count", "_sum") if metric.kind == HISTOGRAM else ("",)
        found |= {metric.name + ending for ending in endings}
    return found


def unknown_names(text: str) -> set[str]:
    """The metrics and labels in ``text`` that do not exist."""
    metrics = set(_METRIC.findall(text)) - metric_names() - OF_PROCESS
    labels = {name for found in _BY.findall(text) for name in re.findall(r"\w+", found)}
    labels |= {*_MATCHED.findall(text), *_SHOWN.findall(text)}
    return metrics | (labels - LABELS.keys() - OF_PROMETHEUS)
