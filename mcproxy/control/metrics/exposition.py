"""The metrics as text, made in slices; prometheus-client writes the formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, islice
from time import perf_counter

from prometheus_client import GCCollector, ProcessCollector
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString

from ...latency import BOUNDS, Histogram
from ..answers import PIECE_TIME
from .definition import COUNTER, INFO, Metric, Row, Scrape
from .metrics import METRICS

ROWS_A_PIECE = 50
"""The most time series of a piece; each takes 10 to 20 microseconds."""

_END = b"# EOF\n"
_BUCKETS = [*map(floatToGoString, BOUNDS), "+Inf"]
"""As OpenMetrics writes numbers in labels: ``1.0``, not ``1``."""

Encoder = Callable[[Collector], bytes]


_process = CollectorRegistry()
"""What prometheus-client tells of the process and of Python's garbage collector."""
ProcessCollector(registry=_process)
GCCollector(registry=_process)


def pieces(scrape: Scrape, accept: str) -> tuple[Iterator[bytes], str]:
    """The text in pieces that take about a millisecond, and its content type.

    ``accept`` is the header by which the client chooses between OpenMetrics and plain text.
    """
    encode, content_type = choose_encoder(accept)
    is_open_metrics = content_type.startswith("application/openmetrics-text")
    return _pieces(scrape, encode, is_open_metrics), content_type


def _pieces(scrape: Scrape, encode: Encoder, has_end: bool) -> Iterator[bytes]:
    for metric in METRICS:
        yield from _of_metric(metric, metric.read(scrape), encode)
    for family in _process.collect():
        yield _encoded(family, encode)
    if has_end:
        yield _END


def _of_metric(metric: Metric, rows: Iterator[Row | None], encode: Encoder) -> Iterator[bytes]:
    """A metric; one without time series is left out."""
    is_first = True
    for part in _parts(rows):
        text = _encoded(_family(metric, part), encode) if part else b""
        yield text if is_first else _without_head(text)
        is_first = is_first and not part


def _parts(rows: Iterator[Row | None]) -> Iterator[list[Row]]:
    """The rows as they come, a slice of time in each part; an empty part is a pause."""
    while True:
        part: list[Row] = []
        is_over, ends = True, perf_counter() + PIECE_TIME / 2
        for row in islice(rows, ROWS_A_PIECE):
            is_over = False
            if row is not None:
                part.append(row)
            if perf_counter() > ends:
                break
        if is_over:
            return
        yield part


class _One(Collector):
    """A single family, as what an encoder takes."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterable[Family]:
        return (self._family,)


def _encoded(family: Family, encode: Encoder) -> bytes:
    return encode(_One(family)).removesuffix(_END)


def _without_head(text: bytes) -> bytes:
    """The time series alone: their family has begun in an earlier piece."""
    while text.startswith(b"# "):
        text = text.partition(b"\n")[2]
    return text


def _family(metric: Metric, rows: Iterable[Row]) -> Family:
    family = Family(metric.family, metric.text, metric.kind, metric.unit)
    ending = {COUNTER: "_total", INFO: "_info"}.get(metric.kind, "")
    for values, figure in rows:
        labels = dict(zip(metric.labels, values, strict=True))
        if isinstance(figure, Histogram):
            _add_histogram(family, labels, figure)
        else:
            family.add_sample(metric.family + ending, labels, figure)
    return family


def _add_histogram(family: Family, labels: dict[str, str], found: Histogram) -> None:
    counts = list(accumulate(found.counts))
    for bound, count in zip(_BUCKETS, counts, strict=True):
        family.add_sample(f"{family.name}_bucket", {**labels, "le": bound}, count)
    family.add_sample(f"{family.name}_count", labels, counts[-1])
    family.add_sample(f"{family.name}_sum", labels, found.sum)
