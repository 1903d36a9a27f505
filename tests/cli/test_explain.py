"""``mcproxy explain``, against a fake daemon."""

from __future__ import annotations

import json
from typing import Any

from mcproxy.exit_codes import DONE, NO, NO_DAEMON, WRONG_USE

from .test_client import ClientTestCase

STEP = {"step": "data", "verdict": "problem", "text": "No data.", "cure": "Send.", "command": "x y"}
LINK = {"instance": "tv/ipv4", "interface": "lan", "flows": False, "steps": [STEP]}
ANSWER: dict[str, Any] = {
    "group-address": "239.1.1.1",
    "source-address": None,
    "flows": False,
    "links": [LINK],
    "verdict": "Cause: No data; what to do: Send (x y).",
}


class ExplainCommandTests(ClientTestCase):
    def test_chain_is_printed_and_ends_with_the_verdict(self) -> None:
        self.daemon(ANSWER)
        self.assertEqual(self.command("explain 239.1.1.1"), NO, self.err)
        self.assertEqual(
            self.out.splitlines(),
            [
                "lan (tv/ipv4): does not flow",
                "  PROBLEM data     No data.",
                "                   Cure: Send.",
                "                    x y",
                "",
                ANSWER["verdict"],
            ],
        )

    def test_stream_that_flows_is_exit_code_0(self) -> None:
        self.daemon(ANSWER | {"flows": True})
        self.assertEqual(self.command("explain 239.1.1.1 --json"), DONE, self.err)
        self.assertEqual(json.loads(self.out)["verdict"], ANSWER["verdict"])

    def test_options_are_passed_on(self) -> None:
        daemon = self.daemon(ANSWER)
        words = "explain ff35::1 --source fd00::1 --interface lan --instance tv --capture 9"
        self.command(words)
        expected = "/explain?group=ff35::1&source=fd00::1&interface=lan&instance=tv&capture=9"
        self.assertEqual(daemon.asked, [(f"GET {expected}", None)])

    def test_without_a_daemon_the_doctor_is_advised(self) -> None:
        self.assertEqual(self.command("explain 239.1.1.1"), NO_DAEMON)
        self.assertIn('"mcproxy doctor" examines a machine without a daemon', self.err)

    def test_group_must_be_given(self) -> None:
        self.assertEqual(self.command("explain"), WRONG_USE)
