"""The playbooks of ``etc/fleet`` on ten gateways: rollout, upgrade, and a stop at a failure."""

from __future__ import annotations

import json

from .fleet import GATEWAYS, METRICS_PORT, FleetTestCase

BAD_KEY = ("query-interval", "query-intervall")
MISSING_UPSTREAM = ("{{ upstream | to_json }}", '"wan9"')


class FleetTests(FleetTestCase):
    def test_rollout_and_upgrade_lose_no_packet(self) -> None:
        self.run_streams()
        code, output = self.play("rollout.yml")
        self.assertEqual(code, 0, output)
        self.assertEqual(self.losses(), {})
        for name, config in self.running().items():
            self.assertEqual(config["defaults"]["query-interval"], 125, name)
        code, output = self.play("upgrade.yml")
        self.assertEqual(code, 0, output)
        self.assertEqual(self.losses(), {})

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

    def test_prometheus_learns_of_every_gateway(self) -> None:
        code, output = self.play("metrics.yml")
        self.assertEqual(code, 0, output)
        entries = json.loads((self.fleet / "targets.json").read_text(encoding="utf-8"))
        names = [f"gw{number}" for number in range(1, GATEWAYS + 1)]
        self.assertEqual([entry["labels"]["gateway"] for entry in entries], names)
        targets = {target for entry in entries for target in entry["targets"]}
        self.assertEqual(targets, {f"127.0.0.1:{METRICS_PORT}"})
