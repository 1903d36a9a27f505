"""A running daemon imports only what it uses: modules are most of its memory."""

from __future__ import annotations

import sys

from mcproxy.lab.daemon import PROJECT, Daemon
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.policy_rules import list_rules
from mcproxy.protocol.family import IPV4

from .running import ONE_INSTANCE, RunningTestCase

UNUSED = {
    "asyncio.sslproto",
    "cryptography",
    "email",
    "http.client",
    "http.cookiejar",
    "lark",
    "prometheus_client",
    "mcproxy.cli.client",
    "mcproxy.control.api",
    "mcproxy.control.web",
    "mcproxy.control.http_service",
    "mcproxy.control.reader",
    "mcproxy.control.metrics",
    "mcproxy.linux.tcp_listener",
    "mcproxy.diagnosis",
    "pyroute2",
    "rich",
    "sqlite3",
    "ssl",
    "tomlkit",
    "twisted.conch",
    "twisted.trial",
    "twisted.web",
    "unittest",
    "urllib.request",
}
"""Modules that a daemon at rest does not need; see mcproxy.cli.late_imports."""


def imported(lines: list[str]) -> set[str]:
    """The modules in the lines of ``python -X importtime``."""
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


class ImportedModulesTests(RunningTestCase):
    def test_daemon_at_rest_has_imported_nothing_that_it_does_not_use(self) -> None:
        daemon = self.run_daemon()
        found = imported(daemon.lines)
        self.assertIn("mcproxy.proxy", found)
        self.assertEqual(found & UNUSED, set())

    def test_new_interface_and_address_need_no_further_module(self) -> None:
        daemon = self.run_daemon()
        before = imported(daemon.lines)
        daemon.lines.append("")
        self.proxy.add_address("down1", "10.77.0.1/24")
        self.proxy.delete_link("down1")
        wait_until(lambda: "down1: " in daemon.lines[-1])
        self.assertEqual(imported(daemon.lines) - before, set())

    def test_rules_of_a_table_need_no_further_module(self) -> None:
        daemon = self.run_daemon(ONE_INSTANCE + "table = 77\n")
        self.assertEqual(imported(daemon.lines) & UNUSED, set())
        rules = self.proxy.namespace.call(list_rules, IPV4)
        self.assertIn(77, {rule.table for rule in rules})

    def run_daemon(self, config: str = ONE_INSTANCE) -> Daemon:
        """A daemon whose lines name each module that it imports."""
        self.start(config)
        self.daemon.terminate()
        program = (sys.executable, "-X", "importtime", "-m", "mcproxy", "run")
        config = ("--config", str(self.daemon.config), "--socket", "")
        environment = {"PYTHONPATH": str(PROJECT)}
        daemon = Daemon(self.proxy, command=[*program, *config], environment=environment)
        daemon.wait_ready()
        return daemon
