"""The text of the metrics: both formats, in slices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.metrics import exposition
from mcproxy.control.metrics.definition import (
    COUNTER,
    GAUGE,
    HISTOGRAM,
    INFO,
    Metric,
    Row,
    Rows,
    Scrape,
)
from mcproxy.latency import BOUNDS, Histogram

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
NOTHING: Any = None


def metric(
    name: str, kind: str, rows: Iterable[Row | None], *labels: str, unit: str = ""
) -> Metric:
    """A metric that has these rows."""

    def read(_: Scrape) -> Rows:
        yield from rows

    return Metric(name, kind, "Something.", labels, read, unit)


class ExpositionTests(SynchronousTestCase):
    def use(self, *metrics: Metric) -> None:
        """Let these be all metrics."""
        self.patch(exposition, "METRICS", metrics)
        self.patch(exposition._process, "collect", tuple)

    def pieces(self, accept: str = "") -> list[bytes]:
        made, self.content_type = exposition.pieces(Scrape(NOTHING, 0, 0), accept)
        return list(made)

    def text(self, accept: str = "") -> str:
        return b"".join(self.pieces(accept)).decode()

    def test_plain_text_is_the_format_without_an_accept_header(self) -> None:
        self.use(metric("mcproxy_x_total", COUNTER, [(('a\\"b',), 3)], "proxy"))
        expected = (
            "# HELP mcproxy_x_total Something.\n"
            "# TYPE mcproxy_x_total counter\n"
            'mcproxy_x_total{proxy="a\\\\\\"b"} 3.0\n'
        )
        self.assertEqual(self.text(), expected)
        self.assertTrue(self.content_type.startswith("text/plain; version=0.0.4"))

    def test_open_metrics_is_the_format_that_is_asked_for(self) -> None:
        self.use(
            metric("mcproxy_x_bytes_total", COUNTER, [((), 3)], unit="bytes"),
            metric("mcproxy_build_info", INFO, [(("1",), 1)], "version"),
        )
        text = self.text(OPEN_METRICS)
        # Older prometheus-client names version 0.0.1.
        self.assertRegex(self.content_type, r"^application/openmetrics-text; version=\d")
        self.assertIn("# UNIT mcproxy_x_bytes bytes\n", text)
        self.assertEqual(text.count("# EOF\n"), 1)
        found = {one.name: one.type for one in open_metrics(text)}
        self.assertEqual(found, {"mcproxy_x_bytes": "counter", "mcproxy_build": "info"})

    def test_many_rows_make_many_pieces_with_one_heading(self) -> None:
        rows = [((str(number),), number) for number in range(1000)]
        self.use(metric("mcproxy_x", GAUGE, rows, "table"))
        for accept, parse in (("", plain_text), (OPEN_METRICS, open_metrics)):
            pieces = self.pieces(accept)
            self.assertGreaterEqual(len(pieces), 1000 / exposition.ROWS_A_PIECE)
            self.assertLess(max(map(len, pieces)), 5000)
            (family,) = parse(b"".join(pieces).decode())
            self.assertEqual([one.value for one in family.samples], list(range(1000)))

    def test_pauses_before_the_first_row_leave_the_heading(self) -> None:
        rows = [None] * 120 + [((), 1)]
        self.use(metric("mcproxy_x", GAUGE, rows))
        self.assertEqual(self.text().count("# TYPE"), 1)
        self.assertGreater(len(self.pieces()), 2)

    def test_metric_without_rows_is_left_out(self) -> None:
        self.use(metric("mcproxy_x", GAUGE, [None]))
        self.assertEqual((self.text(), self.text(OPEN_METRICS)), ("", "# EOF\n"))

    def test_buckets_of_a_histogram_are_cumulative(self) -> None:
        histogram = Histogram()
        for seconds in (BOUNDS[0], BOUNDS[1], BOUNDS[1], 100.0):
            histogram.add(seconds)
        self.use(metric("mcproxy_x_seconds", HISTOGRAM, [(("ipv4",), histogram)], "family"))
        for accept, parse in (("", plain_text), (OPEN_METRICS, open_metrics)):
            (family,) = parse(self.text(accept))
            buckets = {
                float(one.labels["le"]): one.value
                for one in family.samples
                if one.name == "mcproxy_x_seconds_bucket"
            }
            self.assertIn('le="1.0"', self.text(accept))
            expected = dict.fromkeys(BOUNDS, 3.0) | {BOUNDS[0]: 1.0, float("inf"): 4.0}
            self.assertEqual(buckets, expected)
            totals = {one.name: one.value for one in family.samples if "le" not in one.labels}
            self.assertEqual(totals["mcproxy_x_seconds_count"], 4)
            self.assertAlmostEqual(totals["mcproxy_x_seconds_sum"], histogram.sum)

    def test_process_and_garbage_collector_are_told_of(self) -> None:
        self.patch(exposition, "METRICS", ())
        found = {one.name for one in plain_text(self.text())}
        self.assertLessEqual({"process_resident_memory_bytes", "python_gc_collections"}, found)
