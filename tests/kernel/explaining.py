"""A small network in which streams are broken, and what ``mcproxy explain`` says of them.

::

    server eth0 --- up  proxy  down1 --- eth0 home
                           |
                           down2 --- eth0 other

The server sends queries as a router does, unless a fault says that it does not.
"""

from __future__ import annotations

import io
import json
import re
import time
from contextlib import redirect_stdout
from typing import Any

from mcproxy.cli import main
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, IPV6, Family, packed
from mcproxy.protocol.wire.packets import Query

from ..lab.support import LabTestCase
from .messages import send_message

SETTINGS = "query-max-response-time = 0.3\nlast-member-query-interval = 0.2\n"

WIDTH = 80

GROUPS = {IPV4: "239.1.1.1", IPV6: "ff15::1"}
SSM = {IPV4: "232.1.1.1", IPV6: "ff35::8000:1"}
ROUTER = {IPV4: "10.0.1.2", IPV6: "fe80::1:2"}


def addresses(link: int, *hosts: int) -> list[str]:
    """The addresses of hosts on a link, with prefix length."""
    return [
        address
        for host in hosts
        for address in (f"10.0.{link}.{host}/24", f"fd00:{link}::{host}/64")
    ]


class ExplainTestCase(LabTestCase):
    """Builds the network, and asks a daemon there."""

    family: Family = IPV4

    def setUp(self) -> None:
        super().setUp()
        self.group, self.ssm = GROUPS[self.family], SSM[self.family]
        names = ("server", "proxy", "home", "other")
        self.server, self.proxy, self.home, self.other = map(self.lab.node, names)
        up = addresses(1, 2, 3)
        self.lab.link(self.server, "eth0", self.proxy, "up", up, addresses(1, 1))
        self.lab.link(self.home, "eth0", self.proxy, "down1", addresses(2, 2, 3), addresses(2, 1))
        self.lab.link(self.other, "eth0", self.proxy, "down2", addresses(3, 2), addresses(3, 1))

    @property
    def is_ipv4(self) -> bool:
        """Whether the test is one of IPv4."""
        return self.family is IPV4

    def at(self, link: int, host: int) -> str:
        """The address of a host on a link."""
        return f"10.0.{link}.{host}" if self.is_ipv4 else f"fd00:{link}::{host}"

    # -- what happens in the network

    def start(
        self,
        options: str = "",
        tables: str = "",
        settings: str = "",
        downstream: str = '["down1"]',
        querier: bool = True,
        upstream: str = '"up"',
    ) -> None:
        """Start the daemon: ``options`` of the instance, further ``tables``, all ``settings``."""
        config = (
            f"[defaults]\n{SETTINGS}{settings}\n[instance.tv]\nupstream = {upstream}\n"
            f"downstream = {downstream}\n{options}\n{tables}\n"
        )
        self.daemon = Daemon(self.proxy, config)
        self.daemon.wait_ready()
        if querier:
            self.query()

    def query(self, version: int = 0) -> None:
        """Have the router upstream send a general query."""
        self.router_query(self.server, ROUTER[self.family], version)
        wait_until(lambda: self.view("upstreams")[0]["querier-address"], 5, "no query was heard")

    def router_query(self, node: Node, source: str, version: int = 0) -> None:
        """Have a router on a node's link send a general query."""
        current = self.family.current_version
        asking = Query(
            version or current,
            self.family.unspecified,
            1.0,
            robustness=2 if version in (0, current) else 0,
            interval=125 if version in (0, current) else 0,
        )
        send_message(node.raw_host(), source, asking)

    def send(
        self,
        group: str = "",
        *,
        node: Node | None = None,
        source: str | None = None,
        ttl: int = 8,
        rate: int = 100,
    ) -> None:
        """Start a stream; by default the server sends to the group."""
        node = node or self.server
        if source is None:
            source = self.at(1, 2) if node is self.server else self.at(3, 2)
        node.stream(group or self.group, rate=rate, source=source, ttl=ttl)

    def join(self, group: str = "", sources: tuple[str, ...] = (), node: Node | None = None) -> Any:
        """Have a host join, and wait until the daemon knows."""
        member = (node or self.home).join(group or self.group)
        if sources:
            member.leave()
            time.sleep(0.8)
            member.include(sources)
        self.await_group(group or self.group)
        return member

    def await_group(self, group: str, state: str = "joined") -> None:
        """Wait until the daemon's view of groups has it in this state."""

        def known() -> bool:
            rows = self.view("groups")
            return any((row["group-address"], row["state"]) == (group, state) for row in rows)

        wait_until(known, 5, f"{group} is not {state}")

    def view(self, name: str) -> Any:
        """The rows of a view in the test's family."""
        answer = self.run_command("show", name, "--json", f"-{4 if self.is_ipv4 else 6}")[1]
        return json.loads(answer)[name]

    # -- what is said of it

    def run_command(self, *words: str) -> tuple[int, str]:
        """The exit code and output of an ``mcproxy`` command for the daemon."""
        output = io.StringIO()
        with self.proxy.namespace, redirect_stdout(output):
            code = main([*words, "--socket", str(self.daemon.socket)])
        return code, output.getvalue()

    def explain(self, *words: str) -> tuple[int, str, str]:
        """The exit code, the whole text, and the last sentence of ``mcproxy explain``."""
        code, text = self.run_command("explain", *(words or (self.group,)))
        self.assertEqual([line for line in text.splitlines() if len(line) > 2 * WIDTH], [])
        return code, text, " ".join(text.rpartition("\n\n")[2].split())

    def assert_cause(self, pattern: str, *words: str) -> str:
        """Check that the last sentence names a cause; the whole text."""
        code, text, verdict = self.explain(*words)
        self.assertEqual(code, 1, text)
        self.assertRegex(verdict, re.compile(rf"^Cause: .*{pattern}.*; what to do: \S"), text)
        return text

    def assert_flows(self, *words: str) -> str:
        """Check that the stream flows, and that nothing is called a problem; the whole text."""
        code, text, verdict = self.explain(*words)
        self.assertEqual(code, 0, text)
        self.assertTrue(verdict.startswith("It flows: "), text)
        self.assertNotIn("PROBLEM", text)
        return text


class IPv6ExplainTestCase(ExplainTestCase):
    """The same with MLD."""

    family = IPV6


def group_bytes(group: str) -> bytes:
    """The address, packed."""
    return packed(group)
