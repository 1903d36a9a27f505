"""The playbooks of ``etc/fleet`` on ten gateways: rollout, upgrade, and a stop at a failure."""

from __future__ import annotations

import json

from .fleet import METRICS_PORT, FleetTestCase, read_metrics

BAD_KEY = ("query-interval", "query-intervall")
MISSING_UPSTREAM = ("{{ upstream | to_json }}", '"wan9"')


class FleetTests(FleetTestCase):
    def test_rollout_and_upgrade_lose_no_packet(self) -> None:
        self.run_streams()
        self.edit_template("query-interval = 125", "query-interval = 90")
        code, output = self.play("rollout.yml")
        self.assertEqual(code, 0, output)
        self.assertEqual(self.losses(), {})
        for name, config in self.running().items():
            self.assertEqual(config["defaults"]["query-interval"], 90, name)
        pids = self.pids()
        code, output = self.play("upgrade.yml")
        self.assertEqual(code, 0, output)
        self.assertEqual(self.losses(), {})
        self.check_metrics()
        self.assertEqual(self.pids(), pids)

    def check_metrics(self) -> None:
        """Check that Prometheus finds each gateway, and reads there that a stream flows."""
        code, output = self.play("metrics.yml")
        self.assertEqual(code, 0, output)
        entries = json.loads((self.fleet / "targets.json").read_text(encoding="utf-8"))
        self.assertEqual([entry["labels"]["gateway"] for entry in entries], list(self.nodes))
        for entry, node in zip(entries, self.nodes.values(), strict=True):
            self.assertEqual(entry["targets"], [f"127.0.0.1:{METRICS_PORT}"])
            metrics = read_metrics(node, *entry["targets"])
            print(metrics)

    def test_rollout_stops_at_the_first_gateway_that_fails(self) -> None:
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
