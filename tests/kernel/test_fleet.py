"""The playbooks of ``etc/fleet`` on ten gateways: rollout, upgrade, and a stop at a failure."""

from __future__ import annotations

import json
import shutil

from ..prometheus.programs import promtool
from ..source import PROJECT
from .fleet import GROUPS, FleetTestCase
from .scraping import PORT, Scraped

BAD_KEY = ("query-interval", "query-intervall")
MISSING_UPSTREAM = ("{{ upstream | to_json }}", '"wan9"')


class FleetTests(FleetTestCase):
    def test_rollout_and_upgrade_lose_no_packet(self) -> None:
        self.run_streams()
        self.edit_template("query-interval = 125", "query-interval = 90")
        self.play_without_failure("rollout.yml")
        self.assertEqual(self.losses(), {})
        for name, config in self.running().items():
            self.assertEqual(config["defaults"]["query-interval"], 90, name)
        self.play_without_failure("upgrade.yml", "-e", "batch=5")
        self.assertEqual(self.losses(), {})
        self.check_metrics()

    def check_metrics(self) -> None:
        """Check that Prometheus finds each gateway, and reads there what happened."""
        self.play_without_failure("metrics.yml")
        shutil.copy(PROJECT / "etc/prometheus/alerts.yml", self.fleet)
        code, said = promtool("check", "config", self.fleet / "prometheus.yml")
        self.assertEqual(code, 0, said)
        targets = json.loads((self.fleet / "mcproxy-targets.json").read_text(encoding="utf-8"))
        self.assertEqual([one["labels"] for one in targets], [{"instance": n} for n in self.nodes])
        self.assertEqual(
            [one["targets"] for one in targets], len(targets) * [[f"127.0.0.1:{PORT}"]]
        )
        for name, node in self.nodes.items():
            scraped = Scraped(node)
            found = [scraped.value(each) for each in ("restarts_total", "impairments", "groups")]
            self.assertEqual(found, [1, 0, len(GROUPS)], name)

    def check_trial(self) -> None:
        """Check that a trial on one gateway shows what would change, and changes nothing."""
        files = self.files()
        code, output = self.play("rollout.yml", "--check", "--diff", "--limit", "gw3")
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"(?m)^-query-interval = 60$")
        self.assertRegex(output, r"(?m)^\+query-interval = 125$")
        self.assertNotIn("[gw1]", output)
        self.assertEqual(self.files(), files)

    def test_rollout_stops_at_the_first_gateway_that_fails(self) -> None:
        self.check_trial()
        self.run_streams()
        files, running = self.files(), self.running()
        others = list(self.nodes)[1:]
        for old, new in (BAD_KEY, MISSING_UPSTREAM):
            self.edit_template(old, new)
            code, output = self.play("rollout.yml")
            self.assertNotEqual(code, 0, output)
            self.assertIn(new.strip('"'), output)  # says what is wrong
            for name in others:
                self.assertNotIn(f"[{name}]", output)
            self.assertEqual(self.files(), files)
            self.assertEqual(self.running(), running)
            self.edit_template(new, old)
        self.assertEqual(self.losses(*others), {})
