"""The list of metrics keeps the conventions of Prometheus, and says what its labels are."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.metrics.definition import COUNTER, GAUGE, HISTOGRAM, INFO, LABELS
from mcproxy.control.metrics.metrics import METRICS

UNITS = ("seconds", "bytes")


class MetricsTests(SynchronousTestCase):
    def test_names_are_unique_and_plain(self) -> None:
        names = [metric.name for metric in METRICS]
        self.assertEqual(len(set(names)), len(names))
        for name in names:
            self.assertRegex(name, r"^mcproxy_[a-z]+(_[a-z]+)*$")

    def test_ending_of_a_name_follows_its_kind(self) -> None:
        for metric in METRICS:
            self.assertIn(metric.kind, (COUNTER, GAUGE, HISTOGRAM, INFO), metric.name)
            self.assertEqual(metric.name.endswith("_total"), metric.kind == COUNTER, metric.name)
            self.assertEqual(metric.name.endswith("_info"), metric.kind == INFO, metric.name)

    def test_unit_is_the_end_of_the_name(self) -> None:
        for metric in METRICS:
            found = [unit for unit in UNITS if re.search(f"_{unit}$", metric.family)]
            self.assertEqual(found, [metric.unit] if metric.unit else [], metric.name)

    def test_each_label_is_explained_and_used(self) -> None:
        used = {label for metric in METRICS for label in metric.labels}
        self.assertEqual(used, LABELS.keys())

    def test_no_label_has_a_name_that_prometheus_uses(self) -> None:
        self.assertFalse({"instance", "job", "le", "quantile"} & LABELS.keys())

    def test_each_text_is_a_sentence(self) -> None:
        for metric in METRICS:
            self.assertRegex(metric.text, r"^[A-Z][^\n]*\.$", metric.name)
