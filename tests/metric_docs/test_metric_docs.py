"""The reference of the metrics is what the program has."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from .page import PAGE, page


class MetricDocumentationTests(SynchronousTestCase):
    def test_reference_is_made_from_the_list_of_metrics(self) -> None:
        text = PAGE.read_text(encoding="utf-8")
        self.assertEqual(page(text), text, "run python -m tests.metric_docs")
