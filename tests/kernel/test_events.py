"""Events of a running daemon, as a client follows them and as the log has them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from typing import Any

from mcproxy.lab.daemon import PROJECT
from mcproxy.lab.waiting import wait_until

from .site import IPv4TestCase, IPv6TestCase, Scenarios


class EventScenarios(Scenarios):
    expected_levels = (["info"], ["warn"], ["debug"])

    def follow(self, *arguments: str) -> list[dict[str, Any]]:
        """The rows that ``mcproxy monitor`` prints from now on; the list grows."""
        own = ("monitor", "--json", "--socket", str(self.daemon.socket))
        process = subprocess.Popen(
            [sys.executable, "-m", "mcproxy", *own, *arguments],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        lines, rows = process.stdout, list[dict[str, Any]]()
        reader = threading.Thread(target=lambda: rows.extend(map(json.loads, lines)))
        reader.start()

        def end() -> None:
            process.kill()
            reader.join()
            process.wait()
            lines.close()

        self.addCleanup(end)
        return rows

    def test_events_are_followed_over_a_restart(self) -> None:
        self.start()
        rows = self.follow("--group", self.group, "--group", self.groups[1])
        self.await_first(rows)
        self.daemon.command("restart")
        self.await_log("resumed the previous process's state")
        self.await_first(rows, self.group)
        self.assertEqual({row["group-address"] for row in rows}, {self.group, self.groups[1]})

    def test_visit_of_a_host_is_told_from_join_to_leave(self) -> None:
        """In the order of what happens, and with host, group and interfaces."""
        self.start(last_member_query_interval=0.2, query_max_response_time=0.5, query_interval=5)
        self.stream()
        rows = self.follow("--group", self.group, "--group", self.groups[1])
        self.await_first(rows)
        member = self.home.join(self.group)
        self.await_packets(member)
        member.close()
        told: list[dict[str, Any]] = []

        def is_removed() -> bool:
            told[:] = [row for row in rows if row["group-address"] == self.group]
            # Not the last row: the host's repeat of its leave may come after it.
            return any(row["event"] == "route-removed" for row in told)

        wait_until(is_removed, 5, "the removal is not told")
        kinds = list(dict.fromkeys(row["event"] for row in told))
        self.assertEqual(
            kinds,
            [
                "report-received",
                "join",
                "report-sent",
                "route-installed",
                "last-member-query",
                "leave",
                "route-removed",
            ],
        )
        joined = next(row for row in told if row["event"] == "join")
        self.assertEqual(joined["interface"], "down1")
        self.assertEqual(joined["group-address"], self.group)
        self.assertIn(f"{joined['host-address']} joined {self.group}", joined["text"])
        left = next(row for row in told if row["event"] == "leave")
        self.assertEqual(left["host-address"], joined["host-address"])

    def await_first(self, rows: list[dict[str, Any]], group: str = "") -> None:
        """Join another group until the client has an event of it: it follows from then on."""
        group = group or self.groups[1]

        def told() -> bool:
            return any(row["group-address"] == group for row in rows)

        def joined() -> bool:
            member = self.guest.join(group)
            with contextlib.suppress(AssertionError):
                wait_until(told, 0.3)  # the kernel reports no join that ends at once
            member.close()
            return told()

        wait_until(joined, 20, "no event is told")

    def test_log_level_is_changed_for_one_group_at_run_time(self) -> None:
        daemon = self.start()
        daemon.command("log-level", "debug", "--group", self.group)
        member = self.home.join(self.group)
        self.await_log(f"joined {self.group}")
        daemon.command("log-level", "info")
        member.close()
        self.stream(self.groups[1])
        self.await_packets(self.home.join(self.groups[1]))
        self.assertFalse([line for line in daemon.lines if self.groups[1] in line])


class IPv4EventTests(EventScenarios, IPv4TestCase):
    pass


class IPv6EventTests(EventScenarios, IPv6TestCase):
    pass
