"""``mcproxy show``: tables and JSON made from the daemon's answers."""

from __future__ import annotations

import json
import os

from mcproxy.cli import row_stream
from mcproxy.control.answers import RowsAnswer

from .test_client import ClientTestCase

GROUP = {
    "instance": "tv/ipv4",
    "family": "ipv4",
    "interface": "eth1",
    "group-address": "239.1.1.1",
    "filter-mode": "exclude",
    "expire": 259.7,
    "source": [],
    "version": 3,
    "up-time": 4000,
    "last-reporter": "10.0.0.9",
    "asked": ["eth0"],
    "refused": None,
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


class ShowTestCase(ClientTestCase):
    def lines(self, line: str, answer: object, asked: str) -> list[str]:
        """The lines of the output, with single spaces; ``asked`` is what the daemon is asked."""
        self.patch(os, "environ", {**os.environ, "COLUMNS": "150"})
        daemon = self.daemon(answer)
        self.assertEqual(self.command(f"show {line}"), 0, self.err)
        self.assertEqual(daemon.asked, [(f"GET /{asked}", None)])
        return [" ".join(line.split()) for line in self.out.splitlines()]


class ViewTests(ShowTestCase):
    def test_groups_have_sources_timer_reporter_and_the_upstream_that_is_asked(self) -> None:
        blocked = {"source-address": "10.0.0.3", "forwarded": False, "expire": None}
        other = GROUP | {"group-address": "239.1.1.2", "source": [blocked], "interface": "eth2"}
        self.assertEqual(
            self.lines("groups", {"groups": [GROUP, CHANNEL, other]}, "groups"),
            [
                "Interface Group Sources V Timer Reporter Asked",
                "eth1 239.1.1.1 any 3 4m20s 10.0.0.9 eth0",
                "eth1 232.1.1.1 10.0.0.1 10.0.0.2 3 1m20s 10.0.0.9 eth0",
                "eth2 239.1.1.2 all but 10.0.0.3 3 4m20s 10.0.0.9 eth0",
            ],
        )

    def test_families_have_tables_of_their_own(self) -> None:
        other = GROUP | {"instance": "tv/ipv6", "family": "ipv6", "group-address": "ff1e::1"}
        lines = self.lines("groups", {"groups": [other, GROUP]}, "groups")
        self.assertEqual((lines[0], lines[3], lines[4]), ("IPv4", "", "IPv6"))
        self.assertIn("239.1.1.1", lines[2])
        self.assertIn("ff1e::1", lines[6])

    def test_refused_groups_name_host_setting_count_and_time(self) -> None:
        refused = {"by": "ssm", "setting": "ssm-range", "host-address": "10.0.0.7"}
        row = GROUP | {"state": "refused", "filter-mode": None, "expire": None, "asked": []}
        row |= {"last-reporter": None, "refused": refused | {"count": 3, "last": 12.0}}
        denied = GROUP | {"refused": {"by": "boundary", "setting": "boundary", "text": ""}}
        _, first, second = self.lines("groups", {"groups": [row, denied]}, "groups")
        self.assertEqual(first, "eth1 239.1.1.1 - 3 - 10.0.0.7 - ssm (ssm-range) 3x, 12s ago")
        self.assertTrue(second.endswith(" eth0 boundary"), second)

    def test_interfaces_have_state_querier_and_timers(self) -> None:
        row = {
            "instance": "tv/ipv4",
            "family": "ipv4",
            "interface": "eth1",
            "role": "downstream",
            "version": 3,
        }
        up = {"state": "up", "address": "10.0.0.1", "querier": "other", "groups": 2}
        up |= {"querier-address": "10.0.0.0", "querier-version": 3, "query-timer": None}
        up |= {"expire": 255, "last-query-heard": 5, "last-query-sent": 70, "reason": None}
        down = {"state": "down", "reason": "no carrier"}
        lines = self.lines("interfaces", {"interfaces": [row | up, row | down]}, "interfaces")
        self.assertEqual(lines[0], "Interface Role State Address Groups Querier Timer Heard Sent")
        expected = "eth1 downstream up 10.0.0.1 2 10.0.0.0 v3 4m15s 5s 1m10s"
        self.assertEqual(lines[1], expected)
        self.assertEqual(lines[2], "eth1 downstream no carrier - - - - - -")

    def test_counters_name_the_instance_that_refused(self) -> None:
        sent = {"interface": "eth1", "what": "sent", "kind": "query", "count": 3}
        refused = sent | {"what": "refused", "kind": "max-groups", "instance": "tv/ipv4"}
        self.assertEqual(
            self.lines("counters", {"counters": [sent, refused]}, "counters"),
            [
                "Instance Interface What Kind Count",
                "- eth1 sent query 3",
                "tv/ipv4 eth1 refused max-groups 3",
            ],
        )

    def test_upstreams_are_followed_by_the_groups_that_are_joined_there(self) -> None:
        place = {"instance": "tv/ipv4", "family": "ipv4", "interface": "eth0"}
        link = place | {"group-address": "*", "state": "up", "querier-address": "10.0.1.1"}
        link |= {"querier-version": 3, "last-query-heard": 5, "last-report-sent": 3, "groups": 1}
        wanted = [
            {"interface": "eth1", "host-address": "10.0.0.9", "static": False},
            {"interface": "eth2", "host-address": None, "static": True},
            {"interface": "static", "host-address": None, "static": True},
        ]
        joined = place | {"group-address": "239.1.1.1", "filter-mode": "exclude", "up-time": 60}
        joined |= {"source-address": [], "wanted-by": wanted}
        self.assertEqual(
            self.lines("upstreams", {"upstreams": [link, joined]}, "upstreams"),
            [
                "Upstream State Querier V Asked Answered Groups",
                "eth0 up 10.0.1.1 3 5s 3s 1",
                "",
                "Upstream Group Sources Since Wanted by",
                "eth0 239.1.1.1 any 1m00s eth1:10.0.0.9 eth2:static static",
            ],
        )

    def test_filters_name_the_rules_that_denied(self) -> None:
        rules = [{"rule": "239.1.1.1", "denied": 2}, {"rule": "239.1.1.2 | 10.0.0.1", "denied": 5}]
        row = {"instance": "tv/ipv4", "family": "ipv4", "interface": "eth0", "direction": "in"}
        row |= {"role": "upstream"}
        row |= {"filter": "", "action": "deny", "rules": 9, "denied": 7, "rule": rules}
        lines = self.lines("filters", {"filters": [row]}, "filters")
        by_rule = "239.1.1.2|10.0.0.1: 5 239.1.1.1: 2"
        self.assertEqual(lines[1], f"upstream eth0 in deny 9 7 {by_rule}")

    def test_status_is_the_default_view_and_tells_what_is_degraded(self) -> None:
        instance = {"instance": "tv/ipv4", "version": 3, "table": 0, "groups": 5}
        instance |= {"upstream": ["eth0"], "downstream": [], "waiting": ["eth1", "ppp*"]}
        answer = {"version": "9", "pid": 7, "up-time": 61, "memory": 50 << 20}
        answer |= {"configuration": None, "instance": [instance]}
        sentence = "downstream eth1 cannot be used: no carrier; check its cable"
        answer |= {"degraded": [{"instance": "tv/ipv4", "text": sentence}]}
        lines = self.lines("", answer, "status")
        self.assertEqual(lines[0], "mcproxy 9, process 7, up 1m01s, 50 MiB")
        self.assertEqual(lines[1], "configuration: from the command line")
        self.assertEqual(lines[4], "tv/ipv4 3 0 5 eth0 eth1 ppp*")
        self.assertEqual(lines[6:], ["degraded:", f"tv/ipv4: {sentence}"])

    def test_configuration_is_printed_as_a_file(self) -> None:
        self.daemon({"path": None, "config": {}, "text": "[instance.tv]\n"})
        self.assertEqual(self.command("show config"), 0)
        self.assertEqual(self.out, "[instance.tv]\n")


class RequestTests(ShowTestCase):
    def test_options_become_filters_of_the_request(self) -> None:
        empty: dict[str, object] = {"groups": []}
        for line, query in (
            ("groups -4", "family=4"),
            ("groups -4 -6", "family=4&family=6"),
            ("--interface eth1 --interface eth2 gr", "interface=eth1&interface=eth2"),
            ("gro --group 239.1.0.0/16 --source 10.0.0.1", "group=239.1.0.0/16&source=10.0.0.1"),
            ("g --instance tv/ipv4", "instance=tv/ipv4"),
        ):
            self.lines(line, empty, f"groups?{query}")
            self.tearDown()
            self.doCleanups()
            self.setUp()

    def test_request_that_the_daemon_refuses_is_told(self) -> None:
        self.daemon({"error": "unknown filter 'group' for this view"}, 400)
        self.assertEqual(self.command("show int --group 239.1.1.1"), 1)
        self.assertEqual(self.err, "mcproxy: unknown filter 'group' for this view\n")

    def test_view_and_subcommand_may_be_abbreviated(self) -> None:
        daemon = self.daemon({"interfaces": []})
        self.assertEqual(self.command("sh int"), 0)
        self.assertEqual(daemon.asked, [("GET /interfaces", None)])

    def test_ambiguous_word_lists_what_it_may_be(self) -> None:
        self.assertEqual(self.run_here("re"), 2)
        self.assertIn('subcommand "re" is ambiguous: reload, restart, remove', self.err)
        self.assertEqual(self.run_here("show", "s"), 2)
        self.assertIn('view "s" is ambiguous: status, ', self.err)
        self.assertEqual(self.run_here("show", "grups"), 2)
        self.assertIn('unknown view "grups"; did you mean groups?', self.err)

    def test_json_has_all_members_and_a_line_for_each_row(self) -> None:
        self.daemon({"groups": [GROUP, CHANNEL]})
        self.assertEqual(self.command("show groups --json"), 0)
        self.assertEqual(json.loads(self.out), {"groups": [GROUP, CHANNEL]})
        self.assertEqual(len(self.out.splitlines()), 4)


class RowStreamTests(ShowTestCase):
    """Rows as the daemon sends them, whatever the size of the blocks that are read."""

    def test_rows_are_those_of_the_answer(self) -> None:
        daemon = self.daemon(None)
        for count in (0, 1, 2, 250):
            rows = [GROUP | {"expire": number, "host": []} for number in range(count)]
            paused = [row for one in rows for row in (one, None)] + [None] * 120
            daemon.body = b"".join(RowsAnswer("groups", paused).pieces())
            for block in (1 << 17, 700, 64, 17):
                self.patch(row_stream, "BLOCK", block)
                self.assertEqual(row_stream.ask_rows(self.path, "/groups"), rows)

    def test_answer_that_breaks_off_is_an_error(self) -> None:
        daemon = self.daemon(None)
        whole = b"".join(RowsAnswer("groups", [GROUP] * 150).pieces())
        for end in (len(whole) - 3, len(whole) // 2, 20):
            daemon.body = whole[:end]
            self.assertEqual(self.command("show groups"), 3)
            self.assertIn("closed the connection early", self.err)
