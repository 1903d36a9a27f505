"""The alert rules and the configuration for Prometheus."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from ..source import PROJECT
from .names import unknown_names
from .programs import promtool

FOLDER = PROJECT / "etc/prometheus"
RULES = FOLDER / "alerts.yml"
CASES = PROJECT / "tests/prometheus/alerts_test.yml"


class AlertTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = RULES.read_text(encoding="utf-8")
        self.alerts = re.findall(r"^ +- alert: (\w+)$", self.text, re.M)

    def test_alerts_fire_when_they_should_and_not_before(self) -> None:
        code, said = promtool("test", "rules", CASES)
        self.assertEqual(code, 0, said)

    def test_each_alert_has_a_case(self) -> None:
        cases = CASES.read_text(encoding="utf-8")
        missing = [name for name in self.alerts if f"  - name: {name}" not in cases]
        self.assertEqual(missing, [])
        self.assertGreater(len(self.alerts), 10)

    def test_configuration_and_rules_are_ones_that_prometheus_accepts(self) -> None:
        code, said = promtool("check", "config", FOLDER / "prometheus.yml")
        self.assertEqual(code, 0, said)
        self.assertIn(f"{len(self.alerts)} rules found", said)

    def test_rules_name_metrics_and_labels_that_exist(self) -> None:
        self.assertEqual(unknown_names(self.text), set())

    def test_each_alert_says_how_bad_it_is_and_what_to_do(self) -> None:
        for part in self.text.split("- alert: ")[1:]:
            name = part.split()[0]
            self.assertRegex(part, r"severity: (critical|warning|info)\n", name)
            self.assertRegex(part, r'summary: "[^"]+"\n', name)
            self.assertRegex(part, r'description: "[^"]+[^"\s]"\n', name)
