"""``mcproxy health``, against a fake daemon."""

from __future__ import annotations

import json
from typing import Any

from mcproxy.exit_codes import DONE, NO, NO_DAEMON

from .test_client import ClientTestCase

ROW = {"instance": "tv/ipv4", "family": "ipv4", "interface": "up", "text": "no carrier"}
WHOLE = {"problem": "starting", "instance": "", "text": "the daemon is starting"}
HEALTHY: dict[str, Any] = {"healthy": True, "ready": True, "problems": [], "warnings": [ROW]}
SICK: dict[str, Any] = HEALTHY | {"healthy": False, "problems": [WHOLE, ROW], "warnings": []}


class HealthCommandTests(ClientTestCase):
    def test_healthy_daemon_is_exit_code_0(self) -> None:
        daemon = self.daemon(HEALTHY)
        self.assertEqual(self.command("health"), DONE, self.err)
        self.assertEqual(self.out.splitlines(), ["healthy", "warnings:", "  tv/ipv4: no carrier"])
        self.assertEqual(daemon.asked, [("GET /health", None)])

    def test_daemon_with_a_problem_is_exit_code_1_and_says_why(self) -> None:
        self.daemon(SICK, 503)
        self.assertEqual(self.command("health"), NO, self.err)
        self.assertEqual(
            self.out.splitlines(),
            ["not healthy", "problems:", "  the daemon is starting", "  tv/ipv4: no carrier"],
        )

    def test_json_is_the_answer(self) -> None:
        self.daemon(SICK, 503)
        self.assertEqual(self.command("health --json"), NO, self.err)
        self.assertEqual(json.loads(self.out), SICK)

    def test_instances_are_passed_on(self) -> None:
        daemon = self.daemon(HEALTHY)
        self.command("health --instance tv --instance radio/ipv6")
        self.assertEqual(daemon.asked, [("GET /health?instance=tv&instance=radio/ipv6", None)])

    def test_refusal_and_missing_daemon_are_told(self) -> None:
        self.assertEqual(self.command("health"), NO_DAEMON)
        self.daemon({"error": "no instance zz"}, 400)
        self.assertEqual(self.command("health --instance zz"), NO)
        self.assertIn("no instance zz", self.err)
