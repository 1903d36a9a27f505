"""The dashboard is one that Grafana can load, and its queries are ones that Prometheus can run."""

from __future__ import annotations

import json
import tempfile
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from twisted.trial.unittest import SynchronousTestCase

from .dashboard import FILE, text
from .names import unknown_names
from .programs import promtool


class DashboardTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.dashboard: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
        self.panels: list[dict[str, Any]] = self.dashboard["panels"]

    def queries(self) -> list[tuple[str, str]]:
        """Title and expression of each query."""
        return [
            (panel["title"], target["expr"])
            for panel in self.panels
            for target in panel.get("targets", ())
        ]

    def test_file_is_made_from_the_list_of_panels(self) -> None:
        found = FILE.read_text(encoding="utf-8")
        self.assertEqual(found, text(), "run python -m tests.prometheus.dashboard")

    def test_dashboard_has_nothing_that_the_schema_of_grafana_does_not_have(self) -> None:
        loaded = Dashboard.from_json(self.dashboard)
        written = json.loads(JSONEncoder().encode(loaded))
        self.assert_within(self.dashboard, written, "")

    def test_options_of_panels_are_those_of_their_kinds(self) -> None:
        for panel in self.panels:
            if panel["type"] != "row":
                kind = import_module(f"grafana_foundation_sdk.models.{panel['type']}")
                loaded = kind.Options.from_json(panel["options"])
                written = json.loads(JSONEncoder().encode(loaded))
                self.assert_within(panel["options"], written, panel["title"])

    def assert_within(self, ours: Any, theirs: Any, where: str) -> None:
        """Check that Grafana's own reading has kept all of ours; it adds defaults."""
        if isinstance(ours, dict):
            for key, value in ours.items():
                self.assertIn(key, theirs, f"{where}.{key}")
                self.assert_within(value, theirs[key], f"{where}.{key}")
        elif isinstance(ours, list):
            self.assertEqual(len(ours), len(theirs), where)
            for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                self.assert_within(one, other, f"{where}[{number}]")
        else:
            self.assertEqual(ours, theirs, where)

    def test_each_query_is_one_that_prometheus_parses(self) -> None:
        rules = [
            {"record": f"panel:{number}", "expr": _filled(expression)}
            for number, (_, expression) in enumerate(self.queries())
        ]
        with tempfile.TemporaryDirectory() as folder:
            # JSON is YAML, too.
            file = Path(folder, "rules.yml")
            file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")
            code, said = promtool("check", "rules", file)
        self.assertEqual(code, 0, said)
        self.assertIn(f"{len(rules)} rules found", said)

    def test_each_query_names_metrics_and_labels_that_exist(self) -> None:
        for title, expression in self.queries():
            self.assertEqual(unknown_names(expression), set(), title)

    def test_panels_have_numbers_and_places_of_their_own(self) -> None:
        numbers = [panel["id"] for panel in self.panels]
        self.assertEqual(len(set(numbers)), len(numbers))
        cells = [_cells(panel["gridPos"]) for panel in self.panels]
        for one, other in combinations(cells, 2):
            self.assertFalse(one & other)

    def test_each_panel_says_what_it_shows(self) -> None:
        for panel in self.panels:
            if panel["type"] != "row":
                self.assertRegex(panel["description"], r"^[A-Z].*\.$", panel["title"])


def _filled(expression: str) -> str:
    """A query with a value in the place of each variable."""
    filled = expression.replace("$__rate_interval", "5m")
    return filled.replace("$instance", ".*").replace("$proxy", ".*")


def _cells(place: dict[str, int]) -> set[tuple[int, int]]:
    return {
        (column, line)
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    }
