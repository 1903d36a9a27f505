"""The daemon restarts, or a new process resumes after its end: no stream is interrupted."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire.packets import OldReport, Query, Report

from .manager import FakeServiceManager
from .messages import TO_EX, TO_IN, messages_on, queries, query, record, send_message
from .running import ONE_INSTANCE, STREAM_RATE, TWO_INSTANCES, RunningTestCase, with_defaults

PER_SOURCE = 'forwarding = "per-source"\n'
OWN_TABLE = '[instance.own]\nupstream = []\ndownstream = ["down2", "down3"]\ntable = 7\n'


class RestartTestCase(RunningTestCase):
    """Restarts while ten streams of 1,000 packets a second flow."""

    def entries(self) -> set[tuple[bytes, bytes, int, tuple[int, ...]]]:
        """The entries of the kernel table, in the family of the test."""
        return {(r.source, r.group, r.parent, r.outgoing) for r in self.routes()}

    def groups_of(self, link: str) -> dict[str, object]:
        """The filter modes of the groups that hosts of a link have joined, by group."""
        rows = self.rows("groups")
        there = [row for row in rows if row["interface"] == link]
        return {row["group-address"]: row["filter-mode"] for row in there}

    def run_with_own_table(self) -> str:
        """Run an instance with streams, and one with its own table; return the policy rules."""
        self.lab.link(self.other, "eth1", self.proxy, "down3", (), ("10.0.9.1/24",))
        self.run_streams(ONE_INSTANCE + OWN_TABLE)
        rules = self.proxy.run("ip", "mrule")
        self.assertIn("lookup 7", rules)
        return rules

    def restart(self) -> None:
        """Restart the daemon, in the way that the subclass tests."""
        raise NotImplementedError

    def check_restarts(self) -> None:
        """Restart three times: no packet is lost, memberships and entries stay the same."""
        self.run_streams(TWO_INSTANCES)
        before, groups = self.entries(), self.groups_of("down1")
        for _ in range(3):
            self.restart()
            self.assert_no_stream_loss()
            self.assertEqual(self.groups_of("down1"), groups)
        self.assertEqual(self.entries(), before)


class CommandTests(RestartTestCase):
    """``mcproxy restart``."""

    def restart(self) -> None:
        """Run ``mcproxy restart``; the process id stays the same."""
        before = self.ask("GET", "/status")
        self.daemon.command("restart")
        after = self.ask("GET", "/status")
        self.assertEqual(after["pid"], before["pid"])
        self.assertNotEqual(after["started"], before["started"])

    def test_restart_loses_no_packet_and_no_membership(self) -> None:
        self.check_restarts()
        self.assertEqual(self.vifs(), ["down1", "down2", "up"])

    def test_restart_with_source_forwarding_loses_nothing(self) -> None:
        self.run_streams(ONE_INSTANCE + PER_SOURCE)
        before = self.entries()
        for _ in range(2):
            self.restart()
            self.assert_no_stream_loss()
        self.assertLessEqual(before, self.entries())

    def test_joins_and_leaves_after_a_restart_are_heard(self) -> None:
        """The new program reports all groups upstream again, and receives joins and leaves."""
        self.run_streams(ONE_INSTANCE)
        member = self.home.join(self.group)
        stream = self.stream()
        self.await_packets(member)
        upstream = self.server.capture()
        self.restart()
        self.await_reported(upstream, record(TO_EX, self.group))
        wait_until(lambda: bool(queries(self.home_link)), 5, "no query was sent")
        member.close()
        self.await_reported(upstream, record(TO_IN, self.group))
        stream.stop()
        late = self.home.join(self.group)
        self.stream()
        self.await_packets(late)
        self.assert_no_stream_loss()

    def setUp(self) -> None:
        super().setUp()
        self.home_link = self.home.capture()

    def test_restart_with_another_file_changes_what_differs(self) -> None:
        """The new program uses the new file, and all other streams continue."""
        self.run_streams(ONE_INSTANCE)
        self.write_config(TWO_INSTANCES)
        self.restart()
        member = self.other.join(self.groups[0])
        self.stream()
        self.await_packets(member)
        self.write_config(f"{ONE_INSTANCE}[instance.tv.interface.down1]\nquery-interval = 20\n")
        self.restart()
        self.assertEqual(self.vifs(), ["down1", "up"])
        (row,) = [r for r in self.rows("interfaces") if r["interface"] == "down1"][:1]
        self.assertLess(row["query-timer"], 20)
        self.assert_no_stream_loss()

    def test_reports_that_arrive_during_a_restart_are_heard(self) -> None:
        """They wait in the kernel until the new process knows the links."""
        self.run_streams(ONE_INSTANCE)
        host = self.home.raw_host()
        restarting = threading.Thread(target=self.restart)
        restarting.start()
        joined = []
        while restarting.is_alive() and len(joined) < 200:
            joined.append(f"239.77.0.{len(joined) + 1}")
            send_message(host, self.plan.raw_host, Report((record(TO_EX, joined[-1]),)))
            time.sleep(0.02)
        restarting.join()
        wait_until(
            lambda: set(joined) <= self.groups_of("down1").keys(),
            2,
            "some reports were not heard",
        )

    def test_restart_with_a_mistake_in_the_file_is_refused(self) -> None:
        self.run_streams(ONE_INSTANCE)
        started = self.ask("GET", "/status")["started"]
        self.write_config("[instance.tv]\n")
        self.assertIn("downstream", self.assert_refused("/restart"))
        self.assertEqual(self.ask("GET", "/status")["started"], started)
        self.assert_no_stream_loss()

    def test_restart_with_a_service_that_cannot_start_is_refused(self) -> None:
        self.run_streams(ONE_INSTANCE)
        started = self.ask("GET", "/status")["started"]
        manhole = (
            '[manhole]\nlisten = "/nowhere/s"\nauthorized-keys = "/k"\nhost-key = "/nowhere/k"\n'
        )
        self.write_config(ONE_INSTANCE + manhole)
        self.assertIn("/nowhere", self.assert_refused("/restart"))
        self.daemon.process.send_signal(signal.SIGUSR2)
        self.await_log("not restarted")
        self.daemon.lines[:] = [line for line in self.daemon.lines if "not restarted" not in line]
        self.assertEqual(self.ask("GET", "/status")["started"], started)
        self.assert_no_stream_loss()

    def test_restart_keeps_the_policy_rules_of_a_table_of_its_own(self) -> None:
        rules = self.run_with_own_table()
        self.restart()
        self.assertEqual(self.proxy.run("ip", "mrule"), rules)
        self.write_config(ONE_INSTANCE)
        self.restart()
        wait_until(lambda: "lookup 7" not in self.proxy.run("ip", "mrule"))
        self.assert_no_stream_loss()
        code, _ = self.daemon.terminate()
        self.assertEqual((code, self.routes(), self.vifs()), (0, [], []))

    def test_link_deleted_during_a_restart_leaves_no_entry(self) -> None:
        """The vif of the link, which entries still contain, is not taken for another."""
        self.run_streams(TWO_INSTANCES)
        shared = self.members[0][0].group
        member = self.other.join(shared)
        self.await_packets(member)
        self.daemon.process.send_signal(signal.SIGSTOP)
        self.proxy.delete_link("down2")
        self.daemon.process.send_signal(signal.SIGUSR2)
        self.daemon.process.send_signal(signal.SIGCONT)
        self.await_log("ready", count=2)
        self.assertEqual(self.vifs(), ["down1", "up"])
        self.assert_no_stream_loss()

    def test_signals_during_a_restart_do_not_end_the_daemon(self) -> None:
        self.run_streams(ONE_INSTANCE)
        for _ in range(3):
            self.daemon.process.send_signal(signal.SIGUSR2)
            for _ in range(20):
                self.daemon.process.send_signal(signal.SIGHUP)
                self.await_stream_packets(STREAM_RATE // 100)
        self.assertIsNone(self.daemon.process.poll())
        self.await_log("ready", count=2)
        self.assert_no_stream_loss()

    def test_restart_keeps_what_was_heard_of_other_routers(self) -> None:
        """The upstream querier's version, and which router is querier on a downstream."""
        self.run_streams(TWO_INSTANCES)
        general = Query(2, IPV4.unspecified, 1.0)
        send_message(self.server.raw_host(), self.plan.raw_router, general)
        self.await_log("speaks IGMPv2")
        send_message(self.other.raw_host(), self.plan.raw_router, query("0.0.0.0", 1.0))
        self.await_log("10.0.1.99 became the querier", "down2")
        other, upstream = self.other.capture(), self.server.capture()
        self.restart()
        self.home.join(self.group)
        old = OldReport(2, packed(self.group))
        wait_until(lambda: any(one.packet == old for one in messages_on(upstream)))
        self.assertEqual(self.querier_of("down2"), "other")
        self.assertEqual([q for q in queries(other) if len(q.source) == 4], [])
        self.assert_no_stream_loss()

    def querier_of(self, link: str) -> object:
        """The IPv4 querier on a downstream: "local" or "other"."""
        rows = self.rows("interfaces")
        return next(
            row["querier"]
            for row in rows
            if row["interface"] == link
            and row["role"] == "downstream"
            and "ipv4" in row["instance"]
        )


class ManagerTests(RestartTestCase):
    """Restarts under a service manager that keeps the daemon's descriptors."""

    def run_daemon(self, config: str) -> None:
        self.manager = FakeServiceManager(self.proxy, with_defaults(config))
        self.addCleanup(self.manager.close)
        self.start_next()

    def start_next(self) -> None:
        """Start the next process, as a service manager does after the last one has ended."""
        daemon: Daemon = self.manager.start()
        daemon.socket = Path(self.manager.control)
        self.use_daemon(daemon)

    def test_restart_of_the_unit_loses_nothing_and_the_state_is_used_once(self) -> None:
        self.run_streams(TWO_INSTANCES)
        before, groups = self.entries(), self.groups_of("down1")
        for _ in range(2):
            self.assertEqual(self.daemon.terminate(signal.SIGUSR2)[0], 0)
            self.await_stream_packets()
            self.start_next()
            self.assert_no_stream_loss()
            self.assertEqual(self.groups_of("down1"), groups)
            self.assertNotIn("state", self.manager.stored)
        self.assertEqual(self.entries(), before)

    def test_crash_loses_no_packet(self) -> None:
        self.crash(TWO_INSTANCES)

    def test_crash_with_source_forwarding_loses_no_packet(self) -> None:
        self.crash(TWO_INSTANCES.replace("[instance.radio]", PER_SOURCE + "[instance.radio]"))

    def crash(self, config: str) -> None:
        """Kill the daemon twice; the next one rebuilds memberships from the kernel's entries."""
        self.run_streams(config)
        groups = self.groups_of("down1")
        for _ in range(2):
            self.daemon.kill()
            self.await_stream_packets()
            self.start_next()
            self.assert_no_stream_loss()
            self.assertLessEqual(groups.items(), self.groups_of("down1").items())

    def test_daemon_killed_several_times_loses_no_packet(self) -> None:
        """Also while it starts and adopts the table, with and without saved state."""
        self.run_streams(TWO_INSTANCES)
        for number in range(8):
            if number % 4 == 1:
                self.daemon.terminate(signal.SIGUSR2)
            else:
                self.daemon.kill()
            daemon = self.manager.launch()
            time.sleep(0.06 * number)
            daemon.kill()
            self.start_next()
            self.assert_no_stream_loss()

    def test_member_that_left_during_a_crash_times_out(self) -> None:
        """The member does not answer queries, so its membership ends; the others stay."""
        times = {"query-interval": 1, "query-max-response-time": 0.5}
        defaults = "\n".join(f"{key} = {value}" for key, value in times.items())
        self.run_streams(f"[defaults]\n{defaults}\n{ONE_INSTANCE}")
        member = self.home.join(self.group)
        wait_until(lambda: self.group in self.groups_of("down1"))
        self.daemon.kill()
        member.close()
        self.start_next()
        self.assertIn(self.group, self.groups_of("down1"))
        wait_until(lambda: self.group not in self.groups_of("down1"), 5)
        self.assert_no_stream_loss()

    def test_stop_removes_entries_and_leaves_all_groups(self) -> None:
        """SIGTERM removes all entries and vifs, whatever descriptors the manager keeps."""
        self.run_streams(ONE_INSTANCE)
        upstream = self.server.capture()
        code, _ = self.daemon.terminate()
        self.assertEqual((code, self.routes(), self.vifs()), (0, [], []))
        left = [record(TO_IN, m.group) for m, _ in self.members if "." in m.group]
        self.await_reported(upstream, *left)
        self.start_next()
        self.await_stream_packets()

    def test_closed_table_is_deleted_from_the_store(self) -> None:
        self.run_with_own_table()
        self.assertIn("ipv4-7", self.manager.stored)
        self.manager.write_config(with_defaults(ONE_INSTANCE))
        self.change("/reload")
        wait_until(lambda: "ipv4-7" not in self.manager.stored)
        self.assertEqual(
            sorted(self.manager.stored), ["ipv4-0", "ipv4-0-vifs", "ipv6-0", "ipv6-0-vifs"]
        )
        self.assert_no_stream_loss()

    def test_unusable_state_and_record_are_replaced_with_a_warning(self) -> None:
        """Without the saved state, memberships are rebuilt from the kernel's entries.

        Without the record of vifs, the table is built anew.
        """
        self.run_streams(ONE_INSTANCE)
        self.assertEqual(self.daemon.terminate(signal.SIGUSR2)[0], 0)
        self.manager.store_unreadable("state")
        self.start_next()
        self.await_log("saved state unusable")
        self.assert_no_stream_loss()
        self.daemon.kill()
        self.manager.store_unreadable("ipv4-0-vifs")
        self.start_next()
        self.await_log("it is built anew")
        self.await_stream_packets()
