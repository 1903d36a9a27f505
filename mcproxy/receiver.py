"""Receiver: multicast routing sockets in, messages to proxy instances out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from socket import AF_INET6, IPPROTO_IP, IPPROTO_IPV6, inet_pton
from struct import Struct
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger

from .linux.datagram_port import DatagramPort
from .linux.mroute.socket import MulticastTable
from .linux.mroute.upcall import Upcall, UpcallKind, parse_upcall
from .linux.netlink.links import Link
from .messages import CacheMiss, Message, PacketReceived, WrongInterface
from .protocol.family import IPV4, Address, Family
from .protocol.wire.datagram import Datagram, accept, decode_ipv4, ipv6_router_alert
from .protocol.wire.packets import WireError

Ancillary = list[tuple[int, int, bytes]]

_IP_PKTINFO = 8
_IPV6_PKTINFO = 50
_IPV6_HOPLIMIT = 52
_IPV6_HOPOPTS = 54
_INT = Struct("=i")

_UPCALLS: dict[UpcallKind, type[CacheMiss] | type[WrongInterface]] = {
    UpcallKind.NOCACHE: CacheMiss,
    UpcallKind.WRONG_INTERFACE: WrongInterface,
}


class Listener(Protocol):
    """Who gets what comes in on an interface: a proxy instance."""

    def receive(self, message: Message) -> None:
        """Act upon ``message``."""


@dataclass(slots=True)
class Registration:
    """An interface of a table, the addresses of its own, and who listens to it."""

    name: str
    own: frozenset[Address]
    listeners: list[Listener]

    def deliver(self, message: Message) -> None:
        """Tell all listeners; one upstream may be shared by several instances."""
        for listener in self.listeners:
            listener.receive(message)


class TableProtocol:
    """What arrives on one multicast routing socket: messages of hosts and upcalls.

    ``counters`` counts, by interface and reason, what was not acted upon. ``vif_name`` names
    the interface of a virtual one.
    """

    log = Logger()

    def __init__(
        self,
        table: MulticastTable,
        vif_name: Callable[[int], str | None],
        counters: Counter[tuple[str, str]],
    ) -> None:
        self.table = table
        self.counters = counters
        self.interfaces: dict[int, Registration] = {}
        self._family = table.family
        self._vif_name = vif_name
        ipv4 = table.family is IPV4
        self._arrival = _ipv4_arrival if ipv4 else _ipv6_arrival
        self._datagram = _ipv4_datagram if ipv4 else _ipv6_datagram

    def narrow(self) -> None:
        """Have the kernel keep other interfaces' packets, where there are other tables."""
        if self.table.table:
            try:
                self.table.accept_from(self.interfaces)
            except OSError as error:
                self.log.debug("all packets are read: {reason}", reason=error.strerror)

    def makeConnection(self, transport: Any) -> None:
        """Nothing is needed of the transport: this socket only reads."""

    def connectionLost(self, reason: Any) -> None:
        """The socket is closed by the end of the daemon alone."""

    def receiveFailed(self, error: OSError) -> None:
        """A read failed for now, as when the buffer ran over; queries make up for it."""
        self.counters["", "receive-error"] += 1

    def datagramReceived(self, data: bytes, ancillary: Ancillary, address: Any) -> None:
        """Hand over what ``data`` says, or count why it was not acted upon."""
        upcall = parse_upcall(self._family, data)
        if upcall is not None:
            self._take_upcall(upcall)
            return
        found = self.interfaces.get(self._arrival(ancillary))
        if found is None:
            return  # another interface of this machine, or one of another table
        try:
            datagram = self._datagram(data, ancillary, address)
            if datagram.source in found.own:
                return  # our own packets come back to us
            packet = accept(self._family, datagram)
        except WireError as error:
            self.counters[found.name, error.reason.value] += 1
            return
        found.deliver(PacketReceived(found.name, datagram.source, packet))

    def _take_upcall(self, upcall: Upcall) -> None:
        told = _UPCALLS.get(upcall.kind)
        if told is None:
            return
        name = self._vif_name(upcall.vif)
        for found in self.interfaces.values():
            if found.name == name:
                found.deliver(told(name, upcall.source, upcall.group))


def _ipv4_arrival(ancillary: Ancillary) -> int:
    for level, kind, value in ancillary:
        if kind == _IP_PKTINFO and level == IPPROTO_IP:
            return int(_INT.unpack_from(value)[0])
    return 0


def _ipv6_arrival(ancillary: Ancillary) -> int:
    for level, kind, value in ancillary:
        if kind == _IPV6_PKTINFO and level == IPPROTO_IPV6:
            return int(_INT.unpack_from(value, 16)[0])
    return 0


def _ipv4_datagram(data: bytes, ancillary: Ancillary, address: Any) -> Datagram:
    return decode_ipv4(data)


def _ipv6_datagram(data: bytes, ancillary: Ancillary, address: Any) -> Datagram:
    """What the kernel tells beside the message: it keeps the IPv6 header to itself."""
    destination, hops, alert = b"", -1, False
    for level, kind, value in ancillary:
        if level == IPPROTO_IPV6:
            if kind == _IPV6_PKTINFO:
                destination = value[:16]
            elif kind == _IPV6_HOPLIMIT:
                hops = _INT.unpack_from(value)[0]
            elif kind == _IPV6_HOPOPTS:
                alert = ipv6_router_alert(value)
    source = inet_pton(AF_INET6, address[0].partition("%")[0])
    return Datagram(source, destination, hops, alert, data)


class Receiver(Service):
    """Reads the multicast routing sockets and tells instances what came in for them."""

    name = "receiver"
    log = Logger()

    def __init__(self, reactor: IReactorFDSet) -> None:
        self._reactor = reactor
        self._protocols: dict[tuple[Family, int], TableProtocol] = {}
        self._ports: dict[tuple[Family, int], DatagramPort] = {}
        self.dropped: Counter[tuple[str, str]] = Counter()

    def listen(self, table: MulticastTable, vif_name: Callable[[int], str | None]) -> None:
        """Read ``table``'s socket from now on."""
        protocol = TableProtocol(table, vif_name, self.dropped)
        protocol.narrow()
        port = DatagramPort(table.socket, protocol, self._reactor)
        self._protocols[table.family, table.table] = protocol
        self._ports[table.family, table.table] = port
        port.startListening()

    def ignore(self, family: Family, table: int) -> None:
        """Read this table's socket no more."""
        self._ports.pop((family, table)).stopReading()
        del self._protocols[family, table]

    def stopService(self) -> None:
        """Read no more; the sockets are Routing's to close."""
        super().stopService()
        for port in self._ports.values():
            port.stopReading()
        self._ports.clear()
        self._protocols.clear()

    def register(self, family: Family, table: int, link: Link, listener: Listener) -> None:
        """Let ``listener`` have what comes in on ``link``; told again, take its new addresses."""
        interfaces = self._protocols[family, table].interfaces
        known = interfaces.get(link.index)
        listeners = known.listeners if known else []
        if listener not in listeners:
            listeners = [*listeners, listener]
        interfaces[link.index] = Registration(link.name, link.addresses(family), listeners)
        if known is None:
            self._protocols[family, table].narrow()

    def unregister(self, family: Family, table: int, link: Link, listener: Listener) -> None:
        """Let ``listener`` have no more of what comes in on ``link``."""
        protocol = self._protocols.get((family, table))
        known = protocol.interfaces.get(link.index) if protocol else None
        if protocol is None or known is None:
            return
        known.listeners = [one for one in known.listeners if one is not listener]
        if not known.listeners:
            del protocol.interfaces[link.index]
            protocol.narrow()
