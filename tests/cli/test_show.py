"""``mcproxy show``: tables and JSON made from the daemon's answers."""

from __future__ import annotations

import json
from typing import Any

from mcproxy.cli.show import duration, table

from .test_client import ClientTestCase

GROUP = {
    "instance": "tv/ipv4",
    "interface": "eth1",
    "group-address": "239.1.1.1",
    "filter-mode": "exclude",
    "expire": 259.7,
    "source": [],
    "version": 3,
    "up-time": 4000,
}
CHANNEL = GROUP | {
    "group-address": "232.1.1.1",
    "filter-mode": "include",
    "expire": None,
    "source": [
        {"source-address": "10.0.0.1", "forwarded": True, "expire": 10},
        {"source-address": "10.0.0.2", "forwarded": True, "expire": 80},
    ],
}


class TableTests(ClientTestCase):
    def test_columns_are_as_wide_as_their_widest_cell(self) -> None:
        columns: Any = {"A": lambda row: row[0], "Long name": lambda row: row[1]}
        rows: Any = [("x", 1), ("longer", 22)]
        expected = "A       Long name\nx       1\nlonger  22\n"
        self.assertEqual(table(columns, rows), expected)
        self.assertEqual(table(columns, []), "A  Long name\n")

    def test_durations_have_days_hours_minutes_and_seconds(self) -> None:
        for seconds, text in (
            (None, "-"),
            (-1.0, "00:00:00"),
            (59.6, "00:01:00"),
            (3661, "01:01:01"),
            (90_000, "1d01:00:00"),
        ):
            self.assertEqual(duration(seconds), text)


class ViewTests(ClientTestCase):
    def lines(self, what: str, answer: object) -> list[str]:
        """The lines of the output, with single spaces."""
        daemon = self.daemon(answer)
        self.assertEqual(self.command(f"show {what}"), 0, self.err)
        self.assertEqual(daemon.asked, [(f"GET /{what or 'status'}", None)])
        return [" ".join(line.split()) for line in self.out.splitlines()]

    def test_groups_have_mode_timer_and_sources(self) -> None:
        self.assertEqual(
            self.lines("groups", {"groups": [GROUP, CHANNEL]}),
            [
                "Instance Interface Group Mode Timer Srcs V Uptime",
                "tv/ipv4 eth1 239.1.1.1 EXCLUDE 00:04:20 0 3 01:06:40",
                "tv/ipv4 eth1 232.1.1.1 INCLUDE 00:01:20 2 3 01:06:40",
            ],
        )

    def test_interfaces_have_state_querier_and_timers(self) -> None:
        row = {"instance": "tv/ipv4", "interface": "eth1", "role": "downstream", "version": 3}
        up = {"state": "up", "address": "10.0.0.1", "querier": "other", "groups": 2}
        up |= {"querier-address": "10.0.0.0", "query-timer": None, "expire": 255, "up-time": 1}
        lines = self.lines("interfaces", {"interfaces": [row | up, row | {"state": "down"}]})
        self.assertEqual(lines[0].split()[-4:], ["QuerierIp", "Query-Timer", "Groups", "Uptime"])
        self.assertEqual(
            lines[1], "tv/ipv4 eth1 downstream up - 10.0.0.1 3 other 10.0.0.0 00:04:15 2 00:00:01"
        )
        self.assertEqual(lines[2], "tv/ipv4 eth1 downstream down - - 3 - - - - -")

    def test_interface_that_does_not_exist_is_not_found(self) -> None:
        row = {"instance": "tv/ipv4", "interface": "eth1", "role": "downstream", "state": "down"}
        rows = [row | {"exists": exists} for exists in (True, False)]
        lines = self.lines("interfaces", {"interfaces": rows})
        self.assertTrue(lines[1].startswith("tv/ipv4 eth1 downstream down - "), lines)
        self.assertTrue(lines[2].startswith("tv/ipv4 eth1 downstream not found - "), lines)

    def test_counters_name_the_instance_that_refused(self) -> None:
        sent = {"interface": "eth1", "what": "sent", "kind": "query", "count": 3}
        refused = sent | {"what": "refused", "kind": "max-groups", "instance": "tv/ipv4"}
        self.assertEqual(
            self.lines("counters", {"counters": [sent, refused]}),
            [
                "Instance Interface What Kind Count",
                "- eth1 sent query 3",
                "tv/ipv4 eth1 refused max-groups 3",
            ],
        )

    def test_held_upstream_shows_its_hold_timer(self) -> None:
        row = {"instance": "tv/ipv4", "interface": "eth0", "role": "upstream", "version": 3}
        held = {"state": "held", "hold-timer": 7.4, "groups": 2}
        lines = self.lines("interfaces", {"interfaces": [row | held]})
        self.assertEqual(lines[1], "tv/ipv4 eth0 upstream held 00:00:07 - 3 - - - 2 -")

    def test_status_is_the_default_view(self) -> None:
        instance = {"instance": "tv/ipv4", "version": 3, "table": 0, "groups": 5}
        instance |= {"upstream": ["eth0"], "downstream": [], "waiting": ["eth1", "ppp*"]}
        answer = {"version": "9", "pid": 7, "up-time": 61, "memory": 50 << 20}
        answer |= {"configuration": None, "instance": [instance]}
        lines = self.lines("", answer)
        self.assertEqual(lines[0], "mcproxy 9, process 7, up 00:01:01, 50 MiB")
        self.assertEqual(lines[1], "configuration: from the command line")
        self.assertEqual(lines[-1], "tv/ipv4 3 0 5 eth0 - eth1 ppp*")

    def test_json_is_the_whole_answer(self) -> None:
        self.daemon({"groups": [GROUP]})
        self.assertEqual(self.command("show groups --json"), 0)
        self.assertEqual(json.loads(self.out), {"groups": [GROUP]})
