"""One machine of a lab: its links, and what hosts, senders and programs do on it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

from pyroute2 import IPRoute

from .capture import Capture
from .host import Member
from .keeper import Keeper, Kept
from .namespace import Namespace
from .raw import RawHost
from .source import Stream, send_burst
from .waiting import wait_until

_IFA_F_NODAD, _IFA_F_TENTATIVE = 0x02, 0x40


class Node:
    """A network namespace with a name, and the things that run in it, which ``keeper`` closes.

    Further links of a node that has a ``bridge`` become ports of it.
    """

    def __init__(self, name: str, keeper: Keeper, bridge: str | None = None) -> None:
        self.name = name
        self._keeper = keeper
        self.namespace = Namespace(name)
        self.bridge = bridge
        self.sysctl = self.namespace.sysctl
        self.popen = self.namespace.popen

    def keep(self, thing: Kept) -> Kept:
        """Close ``thing`` before the node."""
        return self._keeper.keep(thing)

    def close(self) -> None:
        """Let the namespace go."""
        self.namespace.close()

    # -- links

    def take_link(self, name: str, new_name: str, addresses: Iterable[str], mtu: int) -> None:
        """Rename a fresh interface, give it addresses, and put it up, or into the bridge."""
        with self.namespace, IPRoute() as ip:
            index = ip.link_lookup(ifname=name)[0]
            ip.link("set", index=index, ifname=new_name, mtu=mtu)
            for address in addresses:
                _add_address(ip, index, address)
            if self.bridge:
                ip.link("set", index=index, master=ip.link_lookup(ifname=self.bridge)[0])
            ip.link("set", index=index, state="up")

    def await_link(self, interface: str, timeout: float = 5.0) -> None:
        """Wait until an interface that is up can be used: carrier, a link-local address.

        The kernel passes news of a carrier to bridges and IPv6 once a second, and at once when
        somebody asks for the link.
        """
        with self.namespace, IPRoute() as ip:
            index = socket.if_nametoindex(interface)
            wait_until(lambda: _operational(ip, index), timeout, f"no carrier on {interface}")
            message = f"no link-local address on {interface}"
            wait_until(lambda: _link_local(interface), timeout, message)

    def index(self, interface: str) -> int:
        """The index of an interface here; OSError if there is none of this name."""
        try:
            return self.namespace.call(socket.if_nametoindex, interface)
        except OSError as error:
            raise OSError(f"{self.name} has no interface {interface}") from error

    def set_link(self, interface: str, **changes: Any) -> None:
        """Change a link as pyroute2's ``link("set", ...)`` does, as with ``state="down"``."""
        index = self.index(interface)
        with self.namespace, IPRoute() as ip:
            ip.link("set", index=index, **changes)

    def delete_link(self, interface: str) -> None:
        """Delete a link, and with it the other end of its cable."""
        index = self.index(interface)
        with self.namespace, IPRoute() as ip:
            ip.link("del", index=index)

    def add_address(self, interface: str, address: str) -> None:
        """Give an interface an address, text with prefix length."""
        index = self.index(interface)
        with self.namespace, IPRoute() as ip:
            _add_address(ip, index, address)

    def delete_address(self, interface: str, address: str) -> None:
        """Remove an address, text with prefix length, from an interface."""
        index = self.index(interface)
        with self.namespace, IPRoute() as ip:
            host, _, length = address.partition("/")
            ip.addr("del", index=index, address=host, prefixlen=int(length))

    def add_route(self, destination: str, gateway: str) -> None:
        """A unicast route, as in ``add_route("10.9.0.0/16", "10.0.1.2")``."""
        with self.namespace, IPRoute() as ip:
            ip.route("add", dst=destination, gateway=gateway)

    # -- what happens on it

    def join(
        self,
        group: str,
        interface: str = "eth0",
        include: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        port: int = 5000,
    ) -> Member:
        """Join as a host does: from any source, from ``include``, or from all but ``exclude``."""
        index = self.index(interface)
        with self.namespace:
            member = Member(group, index, port)
        self.keep(member)
        if include is not None:
            member.include(include)
        else:
            member.exclude(exclude)
        return member

    def stream(
        self,
        group: str,
        interface: str | Sequence[str] = "eth0",
        rate: float = 1000.0,
        source: str | None = None,
        port: int = 5000,
        ttl: int = 8,
    ) -> Stream:
        """Send numbered packets at a steady rate (a second) until it is stopped.

        On several interfaces, each of them gets every packet.
        """
        interfaces = (interface,) if isinstance(interface, str) else interface
        indexes = [self.index(name) for name in interfaces]
        with self.namespace:
            stream = Stream(group, indexes, rate, source, port, ttl)
        self.keep(stream)
        stream.start()
        return stream

    def burst(
        self,
        group: str,
        count: int,
        interface: str = "eth0",
        source: str | None = None,
        port: int = 5000,
        ttl: int = 8,
    ) -> None:
        """Send ``count`` numbered packets back to back."""
        index = self.index(interface)
        with self.namespace:
            send_burst(group, index, count, source, port, ttl)

    def capture(self, interface: str = "eth0", data: bool = False) -> Capture:
        """Capture on an interface: IGMP and MLD, or with ``data`` all IP packets."""
        with self.namespace:
            capture = Capture(interface, data)
        self.keep(capture)
        return capture

    def raw_host(self, interface: str = "eth0") -> RawHost:
        """A host whose packets are made by hand."""
        with self.namespace:
            host = RawHost(interface)
        self.keep(host)
        return host

    def run(self, *arguments: str) -> str:
        """Run a program here; what it prints, or CalledProcessError when it fails."""
        process = self.popen(arguments, stdout=subprocess.PIPE, text=True)
        output, _ = process.communicate(timeout=60)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, arguments, output)
        return str(output)


def _operational(ip: Any, index: int) -> bool:
    """Whether the link is up, or has no such state, as a tunnel."""
    return ip.link("get", index=index)[0].get_attr("IFLA_OPERSTATE") in ("UP", "UNKNOWN")


def _link_local(interface: str) -> bool:
    """Whether IPv6 is off, or has a link-local address that may be used."""
    with open(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6", encoding="ascii") as file:
        if file.read().strip() == "1":
            return True
    with open("/proc/thread-self/net/if_inet6", encoding="ascii") as file:
        for line in file:
            address, _, _, _, flags, name = line.split()
            if name == interface and address.startswith("fe80"):
                return not int(flags, 16) & _IFA_F_TENTATIVE
    return False


def _add_address(ip: Any, index: int, address: str) -> None:
    host, _, length = address.partition("/")
    options = {"flags": _IFA_F_NODAD} if ":" in host else {}  # usable at once
    ip.addr("add", index=index, address=host, prefixlen=int(length), **options)
