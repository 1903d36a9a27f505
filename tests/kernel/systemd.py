"""The unit under a real systemd, with running streams: ``python -m tests tests.kernel.systemd``.

Run it by hand as root: it needs systemd and control groups version 2. In the regular tests
``manager.py`` replaces systemd.
"""

from __future__ import annotations

from typing import Any

from mcproxy.cli import client
from mcproxy.lab.waiting import wait_until

from .machine import CONFIG, SystemdMachine
from .running import ONE_INSTANCE, TWO_INSTANCES, with_defaults
from .test_restart import PER_SOURCE, RestartTestCase


class UnitTests(RestartTestCase):
    """``etc/mcproxy.service`` unchanged, with ten streams of 1,000 packets per second."""

    def run_daemon(self, config: str) -> None:
        self.machine = SystemdMachine(self.proxy)
        self.write_config(config)
        self.machine.systemctl("start", "mcproxy")

    def write_config(self, config: str) -> None:
        self.machine.configure(with_defaults(config))

    def ask(self, method: str, path: str, request: Any = None) -> Any:
        socket = self.machine.root / "run/mcproxy/control.sock"
        return client.ask(str(socket), method, path, request)

    def restart(self) -> None:
        """Restart the unit; the daemon has a new process id."""
        before = self.machine.property("MainPID")
        self.machine.systemctl("restart", "mcproxy")
        self.assertNotEqual(self.machine.property("MainPID"), before)

    def crash(self) -> None:
        """Kill the daemon, and wait until systemd has started it again."""
        before = int(self.machine.property("NRestarts"))
        self.machine.systemctl("kill", "--signal=KILL", "mcproxy")
        wait_until(lambda: self.machine.property("NRestarts") == str(before + 1), 10)
        wait_until(lambda: self.machine.property("ActiveState") == "active", 10)

    def test_restart_of_the_unit_loses_no_packet(self) -> None:
        self.check_restarts()

    def test_crash_of_the_daemon_loses_no_packet(self) -> None:
        self.run_streams(TWO_INSTANCES.replace("[instance.radio]", PER_SOURCE + "[instance.radio]"))
        groups = self.groups_of("down1")
        for _ in range(2):
            self.crash()
            self.assert_no_stream_loss()
            self.assertLessEqual(groups.items(), self.groups_of("down1").items())

    def test_restart_command_keeps_the_process_and_the_stored_descriptors(self) -> None:
        """The process id stays the same; a crash and a restart afterwards lose no packet."""
        self.run_streams(ONE_INSTANCE)
        before = self.machine.property("MainPID")
        for _ in range(2):
            done = self.machine.run("mcproxy", "restart")
            self.assertEqual((done.returncode, done.stdout), (0, "no changes\nrestarted\n"))
            self.assert_no_stream_loss()
        self.assertEqual(self.machine.property("MainPID"), before)
        self.crash()
        self.restart()
        self.assert_no_stream_loss()

    def test_reload_of_the_unit_applies_a_valid_file_and_refuses_a_wrong_one(self) -> None:
        self.run_streams(ONE_INSTANCE)
        self.write_config(TWO_INSTANCES)
        self.machine.systemctl("reload", "mcproxy")
        self.assertEqual(self.vifs(), ["down1", "down2", "up"])
        self.write_config("[instance.tv]\nupstream = 1\n")
        self.assertNotEqual(self.machine.run("systemctl", "reload", "mcproxy").returncode, 0)
        self.assertIn("instance.tv.upstream", self.machine.log())
        self.assert_no_stream_loss()

    def test_instance_on_its_own_table_survives_restart_and_crash(self) -> None:
        rules = self.run_with_own_table()
        self.restart()
        self.crash()
        self.assertEqual(self.proxy.run("ip", "mrule"), rules)
        self.assert_no_stream_loss()
        self.machine.systemctl("stop", "mcproxy")
        self.assertNotIn("lookup 7", self.proxy.run("ip", "mrule"))

    def test_stop_empties_the_table_and_the_descriptor_store(self) -> None:
        """A start after that forwards the streams again."""
        self.run_streams(ONE_INSTANCE)
        self.assertNotEqual(self.machine.property("NFileDescriptorStore"), "0")
        self.machine.systemctl("stop", "mcproxy")
        self.assertEqual((self.routes(), self.vifs()), ([], []))
        self.assertEqual(self.machine.property("NFileDescriptorStore"), "0")
        self.machine.systemctl("start", "mcproxy")
        self.await_stream_packets()

    def test_start_with_a_configuration_mistake_fails_once(self) -> None:
        """The journal names the setting; systemd does not try again."""
        self.run_daemon(ONE_INSTANCE)
        self.machine.systemctl("stop", "mcproxy")
        self.write_config("[instance.tv]\nupstream = 1\n")
        self.assertNotEqual(self.machine.run("systemctl", "start", "mcproxy").returncode, 0)
        self.assertIn("instance.tv.upstream", self.machine.log())
        self.assertEqual(self.machine.property("ActiveState"), "failed")
        self.assertEqual(self.machine.property("NRestarts"), "0")

    def test_saved_configuration_is_used_after_a_restart(self) -> None:
        """The file lies in the unit's state directory, to which the daemon may write."""
        path = "/var/lib/mcproxy/mcproxy.toml"
        self.run_daemon(ONE_INSTANCE)
        self.machine.systemctl("stop", "mcproxy")
        copied = self.machine.run("cp", CONFIG, path)
        self.assertEqual(copied.returncode, 0, copied.stdout)
        self.machine.override("ExecStart=", f"ExecStart=/usr/bin/mcproxy run --config {path}")
        self.machine.systemctl("start", "mcproxy")
        added = self.machine.run("mcproxy", "add", "downstream", "down2", "--to", "tv", "--save")
        self.assertEqual(added.stdout, "instance.tv.downstream: down2 added\n")
        self.machine.systemctl("restart", "mcproxy")
        self.assertEqual(self.vifs(), ["down1", "down2", "up"])

    def test_daemon_without_ipv6_forwards_ipv4_after_restart_and_crash(self) -> None:
        """The unit may not open IPv6 sockets."""
        self.run_daemon(ONE_INSTANCE)
        self.machine.override(
            "RestrictAddressFamilies=",
            "RestrictAddressFamilies=AF_INET AF_NETLINK AF_UNIX AF_PACKET",
        )
        self.machine.systemctl("stop", "mcproxy")
        self.machine.systemctl("start", "mcproxy")
        self.assertIn("ipv6 disabled: this kernel has no IPv6", self.machine.log())
        member = self.home.join(self.group)
        self.stream()
        self.await_packets(member)
        self.restart()
        self.crash()
        self.await_packets(member)
        self.assert_no_loss(member)
