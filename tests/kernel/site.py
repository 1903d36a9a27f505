"""The network of all scenarios: a provider, the proxy, and two downstream links with hosts.

::

    server eth0 --- up  proxy  down1 --- [lan: bridge] --- eth0 home
                           |                          \\--- eth0 guest
                           down2 --- eth0 other

The server has three addresses, so that it can act as three sources. Every interface has IPv4 and
IPv6 addresses and the daemon proxies both families; a scenario runs in one of them.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING

from mcproxy.lab.capture import Capture
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.host import Member
from mcproxy.lab.node import Node
from mcproxy.lab.source import Stream
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.mroute.dump import InstalledRoute, dump_routes
from mcproxy.protocol.family import IPV4, IPV6, Family, text
from mcproxy.protocol.wire.packets import Record

from ..lab.support import LabTestCase
from .messages import timed_records

UP, DOWN1, DOWN2, UP2 = 1, 2, 3, 4
LINKS = {"up": UP, "down1": DOWN1, "down2": DOWN2}

SETTINGS = {"query-max-response-time": 0.3, "last-member-query-interval": 0.2}
"""Short times, so that the tests are fast."""

LAST_MEMBER_TIME = 0.4
"""Seconds from the last leave until the stream stops, with these settings."""

RATE = 500
"""Packets per second of a stream."""

SLACK = 0.4
"""Seconds of delay that the tests accept, because the machine may be busy."""


@dataclass(frozen=True)
class AddressPlan:
    """Addresses of one family.

    ``raw_host`` and ``raw_router`` are the sources of hand-made packets. They are higher than
    the proxy's own addresses, so the proxy stays the querier.
    """

    family: Family
    address: str
    length: int
    group: str
    ssm: str
    raw_host: str
    raw_router: str

    def at(self, link: int, host: int) -> str:
        """The address of a host on a link."""
        return self.address.format(link, host)

    def cidrs(self, link: int, *hosts: int) -> list[str]:
        """The addresses of hosts on a link, with prefix length."""
        return [f"{self.at(link, host)}/{self.length}" for host in hosts]

    def subnet(self, link: int) -> str:
        """The subnet of a link."""
        return str(ip_network(f"{self.at(link, 1)}/{self.length}", strict=False))


ADDRESS_PLANS = {
    IPV4: AddressPlan(IPV4, "10.0.{}.{}", 24, "239.1.0.{}", "232.1.0.{}", "10.0.2.99", "10.0.1.99"),
    IPV6: AddressPlan(
        IPV6,
        "fd00:{}::{}",
        64,
        "ff15::{:x}",
        "ff35::8000:{:x}",
        "fe80::ffff:ffff:ffff:ff99",
        "fe80::ffff:ffff:ffff:ff98",
    ),
}


def addresses(link: int, *hosts: int) -> list[str]:
    """The addresses of hosts on a link in both families, with prefix length."""
    return [address for plan in ADDRESS_PLANS.values() for address in plan.cidrs(link, *hosts)]


class SiteTestCase(LabTestCase):
    """Builds the network, starts daemons and streams, and checks what arrives where."""

    family: Family
    rate = RATE
    startup_loss = 0
    """Packets at the start of a source that may be lost.

    With source-by-source forwarding, the kernel queues only four packets of a new source.
    """
    expected_levels: tuple[list[str], ...] = (["info"], ["warn"])
    """Levels that lines of the daemon's log may have."""
    links: tuple[str, ...] = tuple(LINKS)
    """Interfaces of the proxy that exist from the beginning."""

    def setUp(self) -> None:
        super().setUp()
        self.plan = ADDRESS_PLANS[self.family]
        self.groups = [self.plan.group.format(number) for number in range(1, 10)]
        self.group, self.ssm = self.groups[0], self.plan.ssm.format(1)
        self.sources = [self.plan.at(UP, host) for host in (2, 3, 4)]
        self.source = self.sources[0]
        self.streams: list[Stream] = []
        self.server, self.proxy = self.lab.node("server"), self.lab.node("proxy")
        self.home, self.guest = self.lab.node("home"), self.lab.node("guest")
        self.other, self.lan = self.lab.node("other"), self.lab.switch("lan")
        self.lab.link(self.lan, "home", self.home, "eth0", (), addresses(DOWN1, 2))
        self.lab.link(self.lan, "guest", self.guest, "eth0", (), addresses(DOWN1, 3))
        for name in self.links:
            self.create_link(name)

    def create_link(self, name: str) -> None:
        """Create an interface of the proxy with its cable; also after it was deleted."""
        own = addresses(LINKS[name], 1)
        if name == "up":
            self.lab.link(self.server, "eth0", self.proxy, name, addresses(UP, 2, 3, 4), own)
        elif name == "down1":
            self.lab.link(self.lan, "proxy", self.proxy, name, (), own)
        else:
            self.lab.link(self.other, "eth0", self.proxy, name, addresses(DOWN2, 2), own)

    # -- the daemon

    def launch(self, instances: str = "", **settings: object) -> Daemon:
        """Start the daemon without waiting; ``settings`` apply to all interfaces."""
        named = {name.replace("_", "-"): value for name, value in settings.items()}
        lines = [f"{key} = {json.dumps(value)}" for key, value in (SETTINGS | named).items()]
        config = "\n".join(("[defaults]", *lines, instances or INSTANCE))
        return self.use_daemon(Daemon(self.proxy, config))

    def use_daemon(self, daemon: Daemon) -> Daemon:
        """Make this the daemon under test; its log must have no errors at the end of the test."""
        self.daemon = daemon
        self.addCleanup(self._check_log, daemon)
        return daemon

    def start(self, instances: str = "", **settings: object) -> Daemon:
        """Start the daemon and wait until it is ready."""
        daemon = self.launch(instances, **settings)
        daemon.wait_ready()
        return daemon

    def _check_log(self, daemon: Daemon) -> None:
        bad = [line for line in daemon.lines if line.split()[2:3] not in self.expected_levels]
        self.assertEqual(bad, [])

    def await_log(self, *parts: str, count: int = 1) -> None:
        """Wait until ``count`` lines of the daemon's log contain all these parts."""

        def found() -> bool:
            lines = list(self.daemon.lines)
            return sum(all(part in line for part in parts) for line in lines) >= count

        wait_until(found, 5, f"the log has no {count} lines with {parts}")

    def routes(self) -> list[InstalledRoute]:
        """The entries of the kernel table."""
        return self.proxy.namespace.call(dump_routes, self.family)

    def vifs(self) -> list[str]:
        """The names of the interfaces that have a vif."""
        file = "ip_mr_vif" if self.family is IPV4 else "ip6_mr_vif"
        lines = self.proxy.run("cat", f"/proc/net/{file}").splitlines()[1:]
        return sorted(line.split()[1] for line in lines)

    def link_local(self, interface: str) -> str:
        """The proxy's link-local address on an interface, with prefix length."""
        for line in self.proxy.run("cat", "/proc/net/if_inet6").splitlines():
            address, *_, name = line.split()
            if name == interface and address.startswith("fe80"):
                return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address)) + "/64"
        raise AssertionError(f"{interface} has no link-local address")

    # -- streams

    def stream(
        self,
        group: str = "",
        source: str | None = None,
        node: Node | None = None,
        interface: str | Sequence[str] = "eth0",
    ) -> Stream:
        """Start a stream to ``group``; by default the server sends it."""
        node = node or self.server
        stream = node.stream(
            group or self.group, interface, rate=self.rate, source=source or self.source
        )
        self.streams.append(stream)
        return stream

    def three_streams(self, group: str) -> None:
        """Start a stream to ``group`` from each of the server's three addresses."""
        for source in self.sources:
            self.stream(group, source)

    def await_sent(self, packets: int = 20) -> None:
        """Wait until each stream has sent this number of further packets, plus transit time."""
        goals = [(stream, stream.sent + packets) for stream in self.streams if stream.is_alive()]
        wait_until(lambda: all(stream.sent >= goal for stream, goal in goals), 5 + packets / RATE)
        time.sleep(0.02)

    def await_packets(self, member: Member, packets: int = 30, timeout: float = 5) -> None:
        """Wait until a member has received this number of further packets."""
        enough = member.total() + packets
        wait_until(
            lambda: member.total() >= enough,
            timeout,
            f"the stream to {member.group} does not arrive",
        )

    def assert_no_loss(self, member: Member, *sources: str) -> None:
        """Check that no packet between the first and last of a source is lost or duplicated."""
        for source in sources or (self.source,):
            received = member.of(source)
            self.assertGreater(received.packets, self.startup_loss, source)
            lost = received.missing(received.first + self.startup_loss, received.last)
            self.assertEqual((lost, received.duplicates), (0, 0), source)

    def assert_no_new_loss(self, member: Member, *sources: str) -> None:
        """Check that from now on no packet is missing or duplicate; earlier losses do not count.

        On a busy machine a new source may lose packets until the daemon has added its entry.
        """
        self.reset_counts(member)
        self.await_sent()
        self.assert_no_loss(member, *sources)

    def reset_counts(self, member: Member) -> None:
        """Check that there were no duplicates, and forget the packets received until now.

        Waits for new packets, so that every later gap counts.
        """
        self.assertEqual([r.duplicates for r in member.received.values() if r.duplicates], [])
        member.forget()
        self.await_packets(member)

    # -- data on a link

    def sources_on(self, link: Capture, group: str = "") -> set[str]:
        """The sources whose packets arrive on a link now; of one group, if it is given."""
        link.clear()
        self.await_sent()
        return {datum.source for datum in link.data() if group in ("", datum.group)}

    def await_sources_on(self, link: Capture, sources: Iterable[str], timeout: float = 5) -> None:
        """Wait until packets of exactly these sources arrive, and check that this is stable."""
        expected = set(sources)
        wait_until(
            lambda: self.sources_on(link) == expected,
            timeout,
            f"the arriving sources are never exactly {expected}",
        )
        self.assertEqual(self.sources_on(link), expected)

    def assert_no_loss_on_link(self, link: Capture, source: str) -> None:
        """Check that no packet of ``source`` on a captured link is missing or duplicate."""
        numbers = [datum.sequence for datum in link.data() if datum.source == source]
        self.assertNotEqual(numbers, [], source)
        begin = numbers[0] + self.startup_loss
        self.assertGreaterEqual(numbers[-1], begin, source)
        self.assertEqual(numbers, sorted(set(numbers)), source)
        checked = [number for number in numbers if number >= begin]
        self.assertEqual(checked, list(range(begin, numbers[-1] + 1)), source)

    # -- the reports of the proxy

    def await_reported(self, link: Capture, *expected: Record, timeout: float = 5) -> float:
        """Wait until a link has seen all these records; the time of the last one."""

        def times() -> list[float]:
            return [_first(link, one) for one in expected]

        wait_until(lambda: all(times()), timeout, f"not reported: {expected}")
        return max(times())


def _first(link: Capture, wanted: Record) -> float:
    found = timed_records(link, text(wanted.group))
    return next((when for when, one in found if one == wanted), 0.0)


INSTANCE = """
[instance.tv]
upstream = "up"
downstream = ["down1", "down2"]
"""


class IPv4TestCase(SiteTestCase):
    """Scenarios with IGMP."""

    family = IPV4


class IPv6TestCase(SiteTestCase):
    """Scenarios with MLD."""

    family = IPV6


if TYPE_CHECKING:
    Scenarios = SiteTestCase
else:
    Scenarios = object
"""Base class of scenarios that run in both families.

Not a test case by itself: its subclasses add ``IPv4TestCase`` or ``IPv6TestCase``.
"""
