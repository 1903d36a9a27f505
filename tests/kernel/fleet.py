"""Ten gateways on one provider's network, operated with the playbooks of ``etc/fleet``.

::

    server eth0 --- [isp: bridge] --- up  gw1   lan --- eth0 home1
                          |   \\---- up  gw2   lan --- eth0 home2
                          ...

Ansible runs on this machine and reaches each daemon by its control socket, as its connection is
local. The gateways share no file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from mcproxy.cli import client
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.host import Member
from mcproxy.lab.source import Stream
from mcproxy.lab.waiting import wait_until

from ..lab.support import LabTestCase
from ..source import PROJECT
from .scraping import PORT

GATEWAYS = 10

GROUPS = {"239.1.0.1": "10.99.0.1", "ff15::1": "fd99::1"}
"""A group of each family, and the source of its stream."""

RATE = 100
"""Packets per second of each stream."""

BEFORE = """
[defaults]
query-interval = 60
[instance.tv]
upstream = "up"
downstream = ["lan"]
"""
"""The configuration before a rollout."""


class FleetTestCase(LabTestCase):
    """Builds the network, starts the daemons and the streams, and runs playbooks."""

    def setUp(self) -> None:
        super().setUp()
        self.fleet = Path(self.mktemp()).absolute()
        shutil.copytree(PROJECT / "etc/fleet", self.fleet)
        self.server, self.isp = self.lab.node("server"), self.lab.switch("isp")
        own = ("10.99.0.1/16", "fd99::1/64")
        self.lab.link(self.isp, "server", self.server, "eth0", (), own)
        self.nodes, self.homes = {}, {}
        self.daemons: dict[str, Daemon] = {}
        for number in range(1, GATEWAYS + 1):
            self._add_gateway(f"gw{number}", number)
        for daemon in self.daemons.values():
            daemon.wait_ready(60)
        self._write_inventory()

    def _add_gateway(self, name: str, number: int) -> None:
        self.nodes[name] = node = self.lab.node(name)
        self.homes[name] = home = self.lab.node(f"home{number}")
        upper = (f"10.99.1.{number}/16", f"fd99::1:{number}/64")
        lower = (f"10.{number}.0.1/24", f"fd0a:{number}::1/64")
        end = (f"10.{number}.0.2/24", f"fd0a:{number}::2/64")
        self.lab.link(self.isp, name, node, "up", (), upper)
        self.lab.link(home, "eth0", node, "lan", end, lower)
        self.daemons[name] = Daemon(node, BEFORE)

    def _write_inventory(self) -> None:
        """An inventory as in ``etc/fleet``, of the gateways of the lab."""
        gateway: dict[str, Any] = {"upstream": "up", "downstreams": ["lan"]}
        hosts = {
            name: gateway
            | {"mcproxy_config": str(daemon.config), "mcproxy_socket": str(daemon.socket)}
            for name, daemon in self.daemons.items()
        }
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        variables = local | {
            "mcproxy_program": f"{sys.executable} -m mcproxy",
            "mcproxy_unit": "",
            "mcproxy_package": "",
            "metrics_port": PORT,
            "management": "127.0.0.1",
            "health_retries": 3,
            "health_delay": 0.5,
        }
        targets = {"prometheus_targets": str(self.fleet / "mcproxy-targets.json")}
        inventory = {
            "gateways": {"hosts": hosts, "vars": variables},
            "monitoring": {"hosts": {"prometheus": None}, "vars": local | targets},
        }
        path = self.fleet / "inventory.yml"  # JSON is YAML, too
        path.write_text(json.dumps(inventory), encoding="utf-8")

    # -- playbooks

    def play(self, *arguments: str) -> tuple[int, str]:
        """Run a playbook, perhaps with options; its exit code and what it prints."""
        program = Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [str(program), *arguments],
            cwd=self.fleet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    def play_without_failure(self, *arguments: str) -> None:
        """Run a playbook, which must not fail."""
        code, output = self.play(*arguments)
        self.assertEqual(code, 0, output)

    def edit_template(self, old: str, new: str) -> None:
        """Replace a part of the template of the configuration."""
        path = self.fleet / "mcproxy.toml.j2"
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> dict[str, str]:
        """The configuration file of each gateway."""
        return {name: daemon.config.read_text("utf-8") for name, daemon in self.daemons.items()}

    def running(self) -> dict[str, Any]:
        """The configuration that each daemon runs with."""
        return {
            name: client.ask(str(daemon.socket), "GET", "/config")["config"]
            for name, daemon in self.daemons.items()
        }

    # -- streams

    def run_streams(self) -> None:
        """Join on each gateway, send to all, and wait until everything arrives."""
        self.streams: list[Stream] = [
            self.server.stream(group, rate=RATE, source=source) for group, source in GROUPS.items()
        ]
        self.members: dict[str, list[Member]] = {
            name: [home.join(group) for group in GROUPS] for name, home in self.homes.items()
        }
        self.await_packets()
        for member in self.every_member():
            member.forget()

    def every_member(self) -> list[Member]:
        """The members of all gateways."""
        return [member for members in self.members.values() for member in members]

    def await_packets(self) -> None:
        """Wait until further packets have arrived at every member."""
        goals = [(member, member.total() + RATE // 4) for member in self.every_member()]
        wait_until(lambda: all(m.total() >= n for m, n in goals), 30, "a stream does not arrive")

    def losses(self, *names: str) -> dict[str, list[tuple[int, int]]]:
        """Lost and duplicate packets at the members of the gateways that have any."""
        self.await_packets()
        found = {}
        for name in names or self.nodes:
            each = [member.of(GROUPS[member.group]) for member in self.members[name]]
            numbers = [(received.lost, received.duplicates) for received in each]
            if any(map(any, numbers)):
                found[name] = numbers
        return found
