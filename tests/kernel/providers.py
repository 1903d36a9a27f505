"""A site with two providers, which are two paths to the same server.

::

    server eth0 --- [near: bridge] --- up  proxy  down1 --- hosts, as everywhere
           eth1 --- [far: bridge]  --- up2        down2

The server sends each packet on both paths, so the sequence numbers show duplicates and losses.
A provider stops delivering when its port to the server is set down; the proxy sees no link change.
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

MUTEX_TIME = 0.5

FAILOVER_LOSS = int(RATE * MUTEX_TIME * 0.8)
"""Packets that a failover may lose when a link goes down.

Fewer than in the time after which silence counts as a failure. Tests do not measure how fast it is,
because the machine may be busy.
"""

HOLD_TIME = 2.0
"""Seconds that a preferred upstream must be usable before it is used again."""

ANSWER_TIME = 0.2
"""Maximum response time, in seconds, of the providers' queries."""


class ProvidersTestCase(SiteTestCase):
    """Builds the links; ``snooping`` bridges deliver only the groups that the proxy joined."""

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
        """Start the daemon with both upstreams and further lines of the instance."""
        return self.start("\n".join((TWO_UPSTREAMS, *lines)), **settings)

    def stream(
        self,
        group: str = "",
        source: str | None = None,
        node: Node | None = None,
        interface: str | Sequence[str] = "",
    ) -> Stream:
        """Start a stream; by default the server sends it to both providers."""
        interfaces = interface or ("eth0" if node else BOTH_PROVIDERS)
        return super().stream(group, source, node, interfaces)

    def join_stream(self) -> Member:
        """Start a stream and a member at home that receives it; losses at the start do not count.

        Several upstreams need source-by-source forwarding: see ``assert_no_new_loss``.
        """
        member = self.home.join(self.group)
        self.stream()
        self.await_packets(member)
        self.reset_counts(member)
        return member

    def count_lost(self, member: Member) -> int:
        """Wait for further packets; the number of lost ones. There must be no duplicates."""
        self.await_sent(RATE // 2)
        self.await_packets(member)
        received = member.of(self.source)
        self.assertEqual(received.duplicates, 0)
        return received.lost

    def capture_providers(self) -> tuple[Capture, Capture]:
        """Capture, at each provider, the reports that the proxy sends from now on."""
        return self.near.capture("proxy"), self.far.capture("proxy")

    def answered_records(self, interface: str) -> set[Record]:
        """The records with which the proxy answers a general query on a server interface."""
        link = self.server.capture(interface)
        general = query("0.0.0.0" if self.family is IPV4 else "::", ANSWER_TIME)
        send_message(self.server.raw_host(interface), self.plan.raw_router, general)
        time.sleep(ANSWER_TIME + 0.15)
        reports = [one.packet for one in messages_on(link) if isinstance(one.packet, Report)]
        reported = [one for report in reports for one in report]
        groups = self.scenario_groups()
        return {r for r in reported if r.type in (IS_IN, IS_EX) and text(r.group) in groups}

    def scenario_groups(self) -> list[str]:
        """All groups that scenarios use."""
        return [*self.groups, *map(self.plan.ssm.format, range(1, 10))]

    def await_answers(self, near: set[Record], far: set[Record]) -> None:
        """Wait until the proxy answers each provider with exactly these records."""
        for interface, wanted in zip(BOTH_PROVIDERS, (near, far), strict=True):
            wait_until(
                lambda i=interface, w=wanted: self.answered_records(i) == w,
                5,
                f"the answer on {interface} is never {wanted}",
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
"""Base class of scenarios with two providers; see ``site.Scenarios``."""
