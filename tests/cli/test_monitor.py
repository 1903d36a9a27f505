"""``mcproxy monitor`` and ``mcproxy log-level``, against a fake daemon."""

from __future__ import annotations

import json
import os
import re
import time

from mcproxy.cli import monitor
from mcproxy.exit_codes import NO, NO_DAEMON, WRONG_USE

from .test_client import ClientTestCase, FakeDaemon

JOIN = {
    "time": 0.5,
    "event": "join",
    "level": "debug",
    "instance": "tv/ipv4",
    "interface": "lan",
    "group-address": "239.1.1.1",
    "text": "10.0.0.9 joined 239.1.1.1",
}
LOST = {"time": 2.0, "event": "lost", "count": 12}


class MonitorTests(ClientTestCase):
    def events(self, *rows: object) -> FakeDaemon:
        """A daemon that has these events, and ends."""
        daemon = self.daemon(None)
        daemon.body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        return daemon

    def test_line_has_time_kind_place_and_text(self) -> None:
        self.patch(os, "environ", {**os.environ, "TZ": "UTC"})
        time.tzset()
        self.addCleanup(time.tzset)
        self.events(JOIN, LOST, {"time": 3, "event": "ready", "text": "ready"})
        self.assertEqual(self.command("monitor --count 3"), 0, self.err)
        self.assertEqual(
            self.out.splitlines(),
            [
                "00:00:00.500 join tv/ipv4 lan: 10.0.0.9 joined 239.1.1.1",
                "00:00:02.000 12 events were not shown: they came too fast",
                "00:00:03.000 ready: ready",
            ],
        )

    def test_json_lines_are_printed_as_they_come(self) -> None:
        self.events(JOIN, LOST)
        self.assertEqual(self.command("monitor -j --count 2"), 0, self.err)
        self.assertEqual([json.loads(line) for line in self.out.splitlines()], [JOIN, LOST])

    def test_options_are_sent_as_filters(self) -> None:
        daemon = self.events(JOIN)
        line = (
            "monitor --count 1 -4 --interface lan --interface wan --group 239.0.0.0/8 "
            "--event join --level warn"
        )
        self.assertEqual(self.command(line), 0, self.err)
        asked, _ = daemon.asked[0]
        self.assertEqual(
            asked,
            "GET /events?family=4&interface=lan&interface=wan&group=239.0.0.0/8&event=join"
            "&level=warn",
        )

    def test_end_of_the_daemon_is_told(self) -> None:
        self.patch(monitor, "RESTART_TIME", 0.0)
        self.events(JOIN).most = 1
        self.assertEqual(self.command("monitor"), NO_DAEMON)
        self.assertRegex(self.err, re.escape(f"the daemon at {self.path} has ended"))

    def test_events_are_followed_over_a_restart(self) -> None:
        daemon = self.events(JOIN)
        self.assertEqual(self.command("monitor -j --count 3"), 0, self.err)
        self.assertEqual([json.loads(line) for line in self.out.splitlines()], [JOIN] * 3)
        self.assertEqual([asked for asked, _ in daemon.asked], ["GET /events"] * 3)
        self.assertIn("the daemon has restarted", self.err)

    def test_refused_filter_is_told(self) -> None:
        self.daemon({"error": "event: 'x' is not a kind of event"}, status=400)
        self.assertEqual(self.command("monitor --event x"), NO)
        self.assertIn("event: 'x' is not a kind of event", self.err)


class LogLevelTests(ClientTestCase):
    def test_levels_are_shown_a_line_for_each_part(self) -> None:
        parts = [{"interface": "lan", "group": "239.1.0.0/16", "level": "debug"}]
        daemon = self.daemon({"level": "info", "parts": parts})
        self.assertEqual(self.command("log-level"), 0, self.err)
        self.assertEqual(self.out, "info\ndebug for interface lan, group 239.1.0.0/16\n")
        self.assertEqual(daemon.asked, [("GET /log-level", None)])

    def test_level_is_sent_with_the_part(self) -> None:
        daemon = self.daemon({"level": "info", "parts": []})
        self.assertEqual(self.command("log-level debug --instance tv --group 239.1.1.1"), 0)
        body = {"level": "debug", "instance": "tv", "group": "239.1.1.1"}
        self.assertEqual(daemon.asked, [("POST /log-level", body)])

    def test_part_without_a_level_is_wrong_use(self) -> None:
        self.assertEqual(self.command("log-level --interface lan"), WRONG_USE)
        self.assertIn("write the level first", self.err)
