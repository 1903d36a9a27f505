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
import shutil
import socket
import subprocess
from contextlib import redirect_stdout
from typing import Any

from twisted.trial.unittest import SkipTest

from mcproxy.cli import main
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.host import Member
from mcproxy.lab.node import Node
from mcproxy.lab.source import Stream
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, IPV6, Family, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Packet, Query, Report

from ..lab.support import LabTestCase
from .messages import TO_EX, record, send_message
from .odd_packets import altered, large_stream

PROGRAMS = {"nft": "nftables"}
"""What faults are staged with, and the Debian package of each."""

SETTINGS = "query-max-response-time = 0.3\nlast-member-query-interval = 0.2\n"

Words = tuple[str, ...]

_MRT_INIT, _MRT_TABLE = 200, 209

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
        for program, package in PROGRAMS.items():
            if shutil.which(program) is None:
                raise SkipTest(f"needs {program}; on Debian: apt-get install {package}")
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
    ) -> Stream:
        """Start a stream; by default the server sends to the group."""
        node = node or self.server
        if source is None:
            source = self.at(1, 2) if node is self.server else self.at(3, 2)
        return node.stream(group or self.group, rate=rate, source=source, ttl=ttl)

    def join(self, group: str = "", node: Node | None = None) -> Member:
        """Have a host join, and wait until the daemon knows."""
        member = (node or self.home).join(group or self.group)
        self.await_group(group or self.group)
        return member

    def await_group(self, group: str, state: str = "joined") -> None:
        """Wait until the daemon's view of groups has it in this state."""

        def known() -> bool:
            rows = self.view("groups")
            return any((row["group-address"], row["state"]) == (group, state) for row in rows)

        wait_until(known, 5, f"{group} is not {state}")

    def report(
        self, packet: Packet, source: str = "", hops: int = 1, *, alert: bool = True
    ) -> None:
        """Have a host on down1 send a hand-made message; without ``alert`` it lacks that option."""
        sender = source or ("10.0.2.3" if self.is_ipv4 else "fe80::2:3")
        family = self.family
        data = datagram.encode(family, packed(sender), datagram.destination(family, packet), packet)
        self.home.raw_host().send(altered(data, hops, alert=alert))

    @property
    def packed_group(self) -> bytes:
        """The group's address."""
        return packed(self.group)

    @property
    def neighbour_group(self) -> str:
        """Another group."""
        return self.group[:-1] + "7"

    @property
    def current_report(self) -> Report:
        """A report of the current version by which a host joins the group."""
        return self.current_report_of(self.group)

    @staticmethod
    def current_report_of(group: str) -> Report:
        """The same for another group."""
        return Report((record(TO_EX, group),))

    def include(self, source: str) -> None:
        """Have a host join one source of the group."""
        self.home.join(self.group, include=[source])
        self.await_group(self.group)

    def watch(self, settings: str = "", **stream: Any) -> Stream:
        """Start the daemon, a host that joins, and a stream."""
        self.start(settings=settings)
        self.join()
        return self.send(**stream)

    def send_large(self) -> None:
        """Send packets of 1400 bytes that must not be fragmented, until the test ends."""
        stop = large_stream(self.server, self.group, self.at(1, 2))
        self.addCleanup(stop)

    def put_switch_before_home(self) -> None:
        """Connect home to down1 by a switch that passes no multicast to down1."""
        switch = self.lab.switch("switch", snooping=False)
        self.proxy.delete_link("down1")
        self.lab.link(switch, "to-proxy", self.proxy, "down1", (), addresses(2, 1))
        self.lab.link(switch, "to-home", self.home, "eth0", (), addresses(2, 2, 3))
        switch.run(
            *("ip", "link", "set", "dev", "to-proxy", "type", "bridge_slave", "mcast_flood", "off")
        )

    # -- what the daemon must know first

    def await_end(self, group: str) -> None:
        """Wait until a group is not wanted any more."""

        def gone() -> bool:
            return all(row["group-address"] != group for row in self.view("groups"))

        wait_until(gone, 5, f"{group} does not end")

    def await_dropped(self, reason: str) -> None:
        """Wait until a message on down1 was dropped for this reason."""

        def dropped() -> bool:
            answer = self.run_command("show", "counters", "--json")[1]
            kinds = {(row["interface"], row["kind"]) for row in json.loads(answer)["counters"]}
            return ("down1", reason) in kinds

        wait_until(dropped, 5, f"nothing was dropped for {reason}")

    def await_state(self, interface: str, state: str) -> None:
        """Wait until an interface of the daemon has this state."""
        self._await_row(interface, "state", state)

    def await_reason(self, interface: str, reason: str) -> None:
        """Wait until the daemon gives this reason why an interface cannot be used."""
        self._await_row(interface, "reason", reason)

    def await_querier(self, querier: str) -> None:
        """Wait until the querier of down1 is "local" or "other"."""
        self._await_row("down1", "querier", querier)

    def _await_row(self, interface: str, key: str, value: str) -> None:
        def known() -> bool:
            rows = self.view("interfaces")
            return any((row["interface"], row.get(key)) == (interface, value) for row in rows)

        wait_until(known, 5, f"{key} of {interface} is not {value}")

    def hold_table(self, number: int) -> None:
        """Be another program on the proxy that routes multicast, in this kernel table."""
        kind = (socket.AF_INET, 2, 0) if self.is_ipv4 else (socket.AF_INET6, 58, 41)
        with self.proxy.namespace:
            sock = socket.socket(kind[0], socket.SOCK_RAW, kind[1])
        self.addCleanup(sock.close)
        sock.setsockopt(kind[2], _MRT_TABLE, number)
        sock.setsockopt(kind[2], _MRT_INIT, 1)

    # -- the firewall

    @property
    def ip(self) -> str:
        """What nft calls the family."""
        return "ip" if self.is_ipv4 else "ip6"

    def chain(self, hook: str, *rules: str, policy: str = "accept") -> None:
        """Load one base chain of nft on the proxy, named as its hook, in the table "fw"."""
        head = f"type filter hook {hook} priority filter; policy {policy};"
        body = "\n".join(rules)
        self.nft(f"table inet fw {{\n chain {hook}s {{\n {head}\n {body}\n }}\n}}\n")

    def nft(self, text: str) -> None:
        """Load rules of nft on the proxy."""
        process = self.proxy.popen(["nft", "-f", "-"], stdin=subprocess.PIPE, text=True)
        process.communicate(text)
        self.assertEqual(process.returncode, 0)

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
        return code, text, " ".join(text.rpartition("\n\n")[2].split())

    def assert_cause(self, pattern: str, *words: str) -> str:
        """Check that the last sentence names a cause; the whole text."""
        code, text, verdict = self.explain(*words)
        self.assertEqual(code, 1, text)
        self.assertRegex(verdict, re.compile(rf"^Cause: .*{pattern}"), text)
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
