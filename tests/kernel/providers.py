"""A site with two providers, which are ways to the same server.

::

    server eth0 --- [near: bridge] --- up  proxy  down1 --- hosts, as everywhere
           eth1 --- [far: bridge]  --- up2        down2

The server sends each packet both ways, so what comes twice or not at all shows in its numbers.
A provider falls silent when the port to the server is put down, and nobody sees a link go.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcproxy.lab.capture import Capture
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.host import Member
from mcproxy.lab.node import Node
from mcproxy.lab.source import Stream
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, text
from mcproxy.protocol.wire.packets import Record, Report

from .messages import IS_EX, IS_IN, messages_on, query, send_message
from .site import RATE, UP, UP2, SiteTestCase, addresses

BOTH_PROVIDERS = ("eth0", "eth1")

FAILOVER_LOSS = RATE * 50 // 1000
"""Packets that may be lost when a link goes down: those of 50 ms."""

MUTEX_TIME = 0.5

HOLD_TIME = 2.0
"""Seconds before the upstream that is preferred takes back."""

ANSWER_TIME = 0.2
"""Seconds in which the proxy is to answer the providers' queries."""


class ProvidersTestCase(SiteTestCase):
    """Lays the cables; ``snooping`` bridges deliver to the proxy what it joined, and no more."""

    links = ("down1", "down2")
    snooping = False

    def setUp(self) -> None:
        super().setUp()
        self.near = self._provider("near", "eth0", "up", UP)
        self.far = self._provider("far", "eth1", "up2", UP2)

    def _provider(self, name: str, server: str, proxy: str, link: int) -> Node:
        node = self.lab.switch(name, self.snooping, self.snooping)
        self.lab.link(node, "server", self.server, server, (), addresses(link, 2, 3, 4))
        self.lab.link(node, "proxy", self.proxy, proxy, (), addresses(link, 1))
        return node

    def start_with(self, *lines: str, **settings: object) -> Daemon:
        """Start the daemon with both upstreams, and further lines of the instance."""
        return self.start("\n".join((TWO_UPSTREAMS, *lines)), **settings)

    def stream(
        self,
        group: str = "",
        source: str | None = None,
        node: Node | None = None,
        interface: str | Sequence[str] = "",
    ) -> Stream:
        """From the server both ways, if not told otherwise."""
        ways = interface or ("eth0" if node else BOTH_PROVIDERS)
        return super().stream(group, source, node, ways)

    def join_stream(self) -> Member:
        """A member at home, which gets the stream; what it got until now is forgotten.

        With several upstreams sources are new to the kernel, as ``assert_no_new_loss`` tells.
        """
        member = self.home.join(self.group)
        self.stream()
        self.await_packets(member)
        self.reset_counts(member)
        return member

    def count_lost(self, member: Member) -> int:
        """The packets lost until now, after some have come; none came twice."""
        self.await_sent(RATE // 2)
        self.await_packets(member)
        received = member.of(self.source)
        self.assertEqual(received.duplicates, 0)
        return received.lost

    def capture_providers(self) -> tuple[Capture, Capture]:
        """What the proxy says to either provider from now on, as what comes in."""
        return self.near.capture("proxy"), self.far.capture("proxy")

    def answered_records(self, interface: str) -> set[Record]:
        """What the proxy wants now, as it answers a query on an interface of the server."""
        link = self.server.capture(interface)
        general = query("0.0.0.0" if self.family is IPV4 else "::", ANSWER_TIME)
        send_message(self.server.raw_host(interface), self.plan.raw_router, general)
        time.sleep(ANSWER_TIME + 0.15)
        reports = [one.packet for one in messages_on(link) if isinstance(one.packet, Report)]
        told = [one for report in reports for one in report.records]
        return {
            r for r in told if r.type in (IS_IN, IS_EX) and text(r.group) in self.scenario_groups()
        }

    def scenario_groups(self) -> list[str]:
        """The groups of the scenarios."""
        return [*self.groups, *map(self.plan.ssm.format, range(1, 10))]

    def await_answers(self, near: set[Record], far: set[Record]) -> None:
        """Wait until the providers are asked for this and nothing else."""
        for interface, wanted in zip(BOTH_PROVIDERS, (near, far), strict=True):
            wait_until(
                lambda i=interface, w=wanted: self.answered_records(i) == w,
                5,
                f"{interface} is never asked for {wanted}",
            )


TWO_UPSTREAMS = """
[instance.tv]
upstream = ["up", "up2"]
downstream = ["down1", "down2"]
"""

HOLD = f"upstream-hold-time = {HOLD_TIME}"

MUTEX = f'upstream-join = "mutex"\nmutex-time = {MUTEX_TIME}'


if TYPE_CHECKING:
    Providers = ProvidersTestCase
else:
    Providers = object
"""The base of scenarios with two providers, as ``Scenarios`` is elsewhere."""
