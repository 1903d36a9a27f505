"""``mcproxy explain`` as a whole: its JSON, its capture, and several at once."""

from __future__ import annotations

import json
import threading
from typing import Any

from mcproxy.cli import client

from .explaining import ExplainTestCase
from .messages import query, send_message


class ExplainCommandTests(ExplainTestCase):
    def answer(self, *words: str) -> dict[str, Any]:
        """The explanation of the group, as JSON."""
        answer: dict[str, Any] = json.loads(self.explain(self.group, "--json", *words)[1])
        return answer

    def texts(self, answer: dict[str, Any], step: str) -> list[str]:
        """What the steps of one name say of the first link."""
        return [one["text"] for one in answer["links"][0]["steps"] if one["step"] == step]

    def test_json_has_the_chain_of_each_link(self) -> None:
        self.watch()
        answer = self.answer()
        self.assertEqual((answer["flows"], answer["group-address"]), (True, self.group))
        [link] = answer["links"]
        self.assertEqual((link["interface"], link["instance"]), ("down1", "tv/ipv4"))
        self.assertEqual({step["verdict"] for step in link["steps"]} - {"note"}, {"ok"})

    def test_capture_tells_data_reports_and_queries_with_their_interfaces(self) -> None:
        self.watch()
        router, asking = self.server.raw_host(), query("0.0.0.0", 1.0)
        timer = threading.Timer(1, send_message, (router, "10.0.1.2", asking))
        timer.start()
        self.addCleanup(timer.join)
        seen = " ".join(self.texts(self.answer("--capture", "3"), "capture"))
        data = r"packets of 10\.0\.1\.2 in 3\.\d s \(\d+/s\), TTL"
        self.assertRegex(seen, rf"Arriving at up: \d+ {data} 8, at most 44 bytes")
        self.assertRegex(seen, rf"Leaving by down1: \d+ {data} 7, at most 44 bytes")
        self.assertIn("IGMPv3 query of 10.0.1.2 received on up.", seen)
        self.assertIn("IGMPv3 report of 10.0.1.1 sent on up.", seen)

    def test_four_at_once_are_answered_and_the_fifth_is_refused(self) -> None:
        self.watch()
        path, results = str(self.daemon.socket), []

        def ask() -> None:
            target = f"/explain?group={self.group}&capture=3"
            try:
                results.append(client.ask(path, "GET", target)["flows"])
            except client.FailureError as failure:
                results.append(str(failure))

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refused = [one for one in results if one is not True]
        self.assertEqual(len(refused), 1, results)
        self.assertIn("4 explanations are being made already", refused[0])
        self.assert_flows()

    def test_daemon_stops_at_once_during_a_capture(self) -> None:
        self.watch()
        target = f"/explain?group={self.group}&capture=40"
        asking = threading.Thread(target=self.ask_quietly, args=(target,))
        asking.start()
        self.addCleanup(asking.join)
        code, seconds = self.daemon.terminate()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 20)

    def ask_quietly(self, target: str) -> None:
        """Ask the daemon, which may end meanwhile."""
        try:
            client.ask(str(self.daemon.socket), "GET", target)
        except client.FailureError:
            return

    def test_group_that_is_none_is_refused(self) -> None:
        self.start()
        self.assertEqual(self.run_command("explain", "10.0.0.1")[0], 1)
