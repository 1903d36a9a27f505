"""Two machines in network namespaces, connected by links, for tests of single system calls."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mcproxy.lab.namespace import Namespace
from mcproxy.linux.datagram_port import DatagramPort
from mcproxy.protocol.family import IPV4, Family


class Machine(Namespace):
    """A network namespace in which tests run ``ip``."""

    @property
    def path(self) -> str:
        """The path of the namespace, for ``ip``."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def ip(self, arguments: str) -> str:
        """Run ``ip`` in it."""
        with self:
            command = ["ip", *arguments.split()]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def index(self, name: str) -> int:
        """The index of an interface."""
        with self:
            return socket.if_nametoindex(name)


class KernelTestCase(SynchronousTestCase):
    """A router with links ``up0``, ``down0`` and ``down1`` to a peer.

    The router has 10.0.0.1, 10.0.1.1 and 10.0.2.1, the peer the same with .2; IPv6 is
    2001:db8:N::1 and ::2, link-local fe80::1 and fe80::2.
    """

    links = ("up0", "down0", "down1")

    def setUp(self) -> None:
        self.router, self.peer = self._machine("router"), self._machine("peer")
        for machine in (self.router, self.peer):
            for setting in ("all/rp_filter", "default/rp_filter"):
                machine.sysctl(f"ipv4/conf/{setting}", 0)
            machine.sysctl("ipv6/conf/default/accept_dad", 0)
            machine.sysctl("ipv6/conf/default/addr_gen_mode", 1)
            machine.ip("link set lo up")
        for number, name in enumerate(self.links):
            self.router.ip(f"link add {name} type veth peer name {name} netns {self.peer.path}")
            self._configure(self.router, name, number, 1)
            self._configure(self.peer, name, number, 2)
        self.indexes = [self.router.index(name) for name in self.links]

    def _machine(self, label: str) -> Machine:
        try:
            machine = Machine(label)
        except PermissionError as error:
            raise SkipTest("network namespaces need root, or `unshare -Urnm`") from error
        self.addCleanup(machine.close)
        return machine

    def _configure(self, machine: Machine, name: str, number: int, host: int) -> None:
        machine.ip(f"link set {name} up")
        machine.ip(f"addr add 10.0.{number}.{host}/24 dev {name}")
        machine.ip(f"addr add 2001:db8:{number}::{host}/64 dev {name} nodad")
        machine.ip(f"addr add fe80::{host}/64 dev {name} nodad")

    def open(self, machine: Machine, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call ``function`` in a machine's namespace; close its result at the end of the test."""
        with machine:
            opened = function(*arguments)
        self.addCleanup(opened.close)
        return opened

    def sniff(self, machine: Machine, name: str, family: Family) -> socket.socket:
        """A socket that receives the IP packets of a family that arrive on an interface."""
        protocol = 0x0800 if family is IPV4 else 0x86DD
        sock: socket.socket = self.open(
            machine, socket.socket, socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol)
        )
        sock.bind((name, protocol))
        sock.setblocking(False)
        return sock

    def send_data(self, name: str, source: str, group: str, hops: int = 8) -> None:
        """Send one datagram of multicast data from the peer's end of a link."""
        family = socket.AF_INET6 if ":" in group else socket.AF_INET
        with self.peer, socket.socket(family, socket.SOCK_DGRAM) as sock:
            index = socket.if_nametoindex(name)
            if family == socket.AF_INET:
                request = bytes(8) + index.to_bytes(4, "little")
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, hops)
            else:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hops)
            sock.bind((source, 0))
            sock.sendto(b"data", (group, 5001))


def readable(sock: socket.socket, seconds: float) -> bool:
    """Whether the socket becomes readable within ``seconds``."""
    return bool(select.select([sock], [], [], seconds)[0])


def drain(sock: socket.socket) -> list[bytes]:
    """Read all waiting datagrams of a non-blocking socket."""
    found = []
    try:
        while True:
            found.append(sock.recv(65535))
    except BlockingIOError:
        return found


def await_datagrams(
    sock: socket.socket, wanted: Callable[[bytes], bool], count: int, seconds: float = 3.0
) -> list[bytes]:
    """Wait for ``count`` datagrams that match ``wanted``; AssertionError after ``seconds``."""
    end = time.monotonic() + seconds
    found: list[bytes] = []
    while len(found) < count:
        if not readable(sock, max(0.0, end - time.monotonic())):
            raise AssertionError(f"{len(found)} of {count} datagrams came")
        found += filter(wanted, drain(sock))
    return found


def await_datagram(sock: socket.socket, wanted: Callable[[bytes], bool]) -> bytes:
    """Wait for a datagram that matches ``wanted``; AssertionError after 3 seconds."""
    return await_datagrams(sock, wanted, 1)[0]


def run_ports(
    ports: Iterable[DatagramPort], until: Callable[[], bool], seconds: float = 5.0
) -> None:
    """Read the ports, as a reactor does, until a condition holds; AssertionError after a time."""
    end = time.monotonic() + seconds
    while not until():
        left = end - time.monotonic()
        if left <= 0:
            raise AssertionError("the condition did not become true in time")
        for port in select.select(list(ports), [], [], left)[0]:
            port.doRead()
