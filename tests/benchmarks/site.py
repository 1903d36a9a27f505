"""The lab of all measures: a provider, the proxy's machine, and two links with hosts.

::

    server eth0 --- [provider: bridge] port --- up  proxy  down1 --- eth0 home
                                                           down2 --- eth0 other

The provider's bridge delivers all data, or, with ``snooping``, only the groups joined at its port.
Each run has its own lab, so that no state of an earlier run is left.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socket import AF_INET6
from types import TracebackType

from pyroute2 import IPRoute

from mcproxy.lab.node import Node
from mcproxy.lab.source import Stream
from mcproxy.lab.topology import Lab
from mcproxy.protocol.family import IPV4, IPV6, Address, Family, packed

from . import packets, process
from .contenders import Contender
from .packets import IGMPV3, HostProtocol
from .tap import IGMP, MLD, UDP, UDP6, Kind, Packet, Tap

SOURCE = "10.1.1.1"
SOURCE6 = "fd00:1::1"
_SNOOPING = {
    "br_mcast_igmp_version": 3,
    "br_mcast_mld_version": 2,
    "br_mcast_query_use_ifaddr": 1,
    "br_mcast_query_response_intvl": 100,  # hundredths of a second
    "br_mcast_last_member_cnt": 1,
    "br_mcast_last_member_intvl": 10,
}
_LIMITS = {"ipv4/igmp_max_memberships": 1_000_000, "core/optmem_max": 1 << 28}
_START_LIMIT = 30.0
_SETTLING = 3.0
_PACE = 0.0005
_SEND_LIMIT = 45.0


class Site:
    """A lab with one daemon and hosts of one ``protocol``; a context manager."""

    def __init__(
        self, contender: Contender, snooping: bool = False, protocol: HostProtocol = IGMPV3
    ) -> None:
        self.contender = contender
        self.snooping = snooping
        self.protocol = protocol
        self._lab = Lab()

    def __enter__(self) -> Site:
        try:
            self._build()
            self._start()
        except BaseException:
            self._lab.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lab.close()

    # -- hosts and sources

    def join(self, group: Address, host: Address | None = None) -> None:
        """Join a group from any source as a host at home."""
        self.home.send(self.protocol.join(host or self.protocol.host, group))

    def leave(self, group: Address, host: Address | None = None) -> None:
        """Leave a group as a host at home; it answers no queries."""
        self.home.send(self.protocol.leave(host or self.protocol.host, group))

    def send_reports(self, reports: list[bytes]) -> bool:
        """Send each report when the daemon has read the previous ones; False after a time limit."""
        deadline = time.monotonic() + _SEND_LIMIT
        for report in reports:
            self.home.send(report)
            time.sleep(_PACE)
            while process.igmp_queue(self.pid)[0]:
                time.sleep(_PACE)
                if time.monotonic() > deadline:
                    return False
        return True

    @contextmanager
    def stream(self, group: Address, rate: float = 1000.0) -> Iterator[Stream]:
        """Send ``rate`` packets per second from the server to the group."""
        source = SOURCE if self.protocol.family is IPV4 else SOURCE6
        stream = self.server.stream(text(group), rate=rate, source=source)
        try:
            yield stream
        finally:
            stream.stop()

    def home_address(self) -> Address:
        """The address from which the kernel of the host at home reports."""
        if self.protocol.family is IPV4:
            return packed("10.2.0.9")
        with self.home_node.namespace, IPRoute() as ip:
            (found,) = ip.get_addr(index=ip.link_lookup(ifname="eth0")[0], family=AF_INET6)
            return packed(found.get_attr("IFA_ADDRESS"))

    # -- the daemon

    def restart(self) -> None:
        """Restart the daemon as its users do, without waiting until it is ready."""
        if self.contender.command:
            self.daemon.terminate()
            self.daemon = self.contender.start(self.proxy)
        else:
            self.daemon.command("restart")

    # -- recorded reports

    def sent_joins(self) -> dict[Address, int]:
        """The groups that hosts at home joined since the last reading, with times (ns)."""
        return first_reports(self.home_igmp.sent())

    def reported_joins(self) -> dict[Address, int]:
        """The groups that the proxy reported upstream since the last reading, with times (ns).

        Groups of the link itself are the kernel's own memberships, and do not count.
        """
        return {
            group: when
            for group, when in first_reports(self.provider_igmp.received()).items()
            if self.protocol.family.is_proxied(group)
        }

    # -- construction

    def _build(self) -> None:
        lab = self._lab
        self.server, self.provider = lab.node("server"), lab.switch("provider")
        self.proxy, home, other = lab.node("proxy"), lab.node("home"), lab.node("other")
        for node in lab.nodes:
            for path, value in _LIMITS.items():
                _raise_limit(node, path, value)
        lab.link(self.server, "eth0", self.provider, "server", (f"{SOURCE}/16", f"{SOURCE6}/64"))
        lab.link(self.provider, "port", self.proxy, "up", (), ("10.1.0.2/16", "fd00:1::2/64"))
        lab.link(self.proxy, "down1", home, "eth0", ("10.2.0.1/16",), ("10.2.0.9/16",))
        lab.link(self.proxy, "down2", other, "eth0", ("10.3.0.1/16",), ("10.3.0.9/16",))
        self.proxy.sysctl("ipv4/ip_forward", 1)
        if self.snooping:
            self._enable_snooping()
        self.home, self.home_node = home.raw_host(), home
        self.other_raw = other.raw_host()
        ipv4 = self.protocol.family is IPV4
        membership, data = (IGMP, UDP) if ipv4 else (MLD, UDP6)
        self.home_igmp = self._tap(home, "eth0", membership)
        self.home_data = self._tap(home, "eth0", data)
        self.other_igmp = self._tap(other, "eth0", membership)
        self.other_data = self._tap(other, "eth0", data)
        self.provider_igmp = self._tap(self.provider, "port", membership)
        self.server_data = self._tap(self.server, "eth0", data)

    def _tap(self, node: Node, interface: str, kind: Kind) -> Tap:
        tap: Tap = self._lab.keep(node.namespace.call(Tap, interface, kind))
        return tap

    def _enable_snooping(self) -> None:
        """Let the provider's bridge snoop, with fast leave at the proxy's port."""
        self.provider.add_address("br0", "10.1.0.1/16")
        if self.protocol.family is IPV6:
            self.provider.sysctl("ipv6/conf/br0/disable_ipv6", 0)  # its querier needs an address
            self.provider.await_link("br0")
        port, bridge = self.provider.index("port"), self.provider.index("br0")
        with self.provider.namespace, IPRoute() as ip:
            ip.link("set", index=bridge, kind="bridge", br_mcast_snooping=1, **_SNOOPING)
            # Must be last: the bridge trusts its own querier one response interval later.
            ip.link("set", index=bridge, kind="bridge", br_mcast_querier=1)
            ip.brport("set", index=port, mcast_flood=0, fast_leave=1)

    def _start(self) -> None:
        """Start the daemon, and wait until it has sent a query on both downstream links."""
        self.daemon = daemon = self.contender.start(self.proxy)
        self.pid = daemon.pid
        deadline = time.monotonic() + _START_LIMIT
        silent = [self.home_igmp, self.other_igmp] if self.contender.queries else []
        while silent:
            if daemon.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.contender.name} failed to start: {daemon.lines[-20:]}")
            time.sleep(0.2)
            silent = [tap for tap in silent if not _asked(tap.received())]
        time.sleep(_SETTLING)


def text(address: Address) -> str:
    """An address as text."""
    return str(ipaddress.ip_address(address))


def groups(count: int, family: Family = IPV4) -> list[Address]:
    """``count`` consecutive groups, the first 239.1.0.1 or ff1e::1."""
    first = int.from_bytes(packed("239.1.0.1" if family is IPV4 else "ff1e::1"), "big")
    size = len(family.unspecified)
    return [number.to_bytes(size, "big") for number in range(first, first + count)]


def first_reports(seen: list[Packet]) -> dict[Address, int]:
    """The groups of the reports in ``seen``, each with the time of its first report (ns)."""
    times: dict[Address, int] = {}
    for packet in seen:
        for group in packets.reported_groups(packet.bytes):
            times.setdefault(group, packet.time)
    return times


def _asked(seen: list[Packet]) -> bool:
    return any(packets.is_query(packet.bytes) for packet in seen)


def _raise_limit(node: Node, path: str, value: int) -> None:
    try:
        node.sysctl(path, value)
    except OSError:
        return  # an older kernel has one limit for the whole machine
