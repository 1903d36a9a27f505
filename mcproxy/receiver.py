"""Receiver: reads the multicast routing sockets and gives proxy instances their messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from socket import AF_INET6, inet_pton
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger

from .linux.datagram_port import DatagramPort
from .linux.mroute.socket import MulticastTable
from .linux.mroute.upcall import Upcall, UpcallKind, parse_upcall
from .linux.netlink.links import Link
from .linux.packet_info import Ancillary, ipv4_arrival, ipv6_arrival, ipv6_info
from .messages import CacheMiss, Message, OwnPacketReceived, PacketReceived, WrongInterface
from .protocol.family import IPV4, Address, Family
from .protocol.wire.datagram import Datagram, accept, decode_ipv4, ipv6_router_alert, is_direct
from .protocol.wire.packets import Query, WireError

_UPCALLS: dict[UpcallKind, type[CacheMiss] | type[WrongInterface]] = {
    UpcallKind.NOCACHE: CacheMiss,
    UpcallKind.WRONG_INTERFACE: WrongInterface,
}


class Listener(Protocol):
    """Who receives what arrives on an interface: a proxy instance or an upstream."""

    def receive(self, message: Message) -> None:
        """Act upon ``message``."""


@dataclass(slots=True)
class Registration:
    """An interface of a table, the proxy's addresses on it, and who listens to it.

    Those of ``strict`` accept no IGMP packet without a Router Alert option.
    """

    name: str
    own: frozenset[Address]
    listeners: list[Listener]
    strict: list[Listener]

    def deliver(self, message: Message) -> None:
        """Give the message to all listeners: a link may be upstream and downstream."""
        for listener in self.listeners:
            listener.receive(message)


class TableProtocol:
    """What arrives on one multicast routing socket: messages of hosts, and upcalls.

    ``counters`` counts what was dropped, by interface and reason. ``vif_name`` gives the name
    of a vif's interface.
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
        self._arrival = ipv4_arrival if ipv4 else ipv6_arrival
        self._datagram = _ipv4_datagram if ipv4 else _ipv6_datagram

    def narrow(self) -> None:
        """Have the kernel drop packets of other interfaces, where there may be other tables."""
        if self.table.table:
            try:
                self.table.accept_from(self.interfaces)
            except OSError as error:
                self.log.debug(
                    "cannot attach the socket filter; every packet is read: {reason}",
                    reason=error.strerror,
                )

    def makeConnection(self, transport: Any) -> None:
        """This protocol does not use its transport: it only receives."""

    def connectionLost(self, reason: Any) -> None:
        """The socket closes only when the daemon ends."""

    def receiveFailed(self, error: OSError) -> None:
        """Count a failed read, as of a full buffer; hosts repeat what was lost when queried."""
        self.counters["", "receive-error"] += 1

    def datagramReceived(self, data: bytes, ancillary: Ancillary, address: Any) -> None:
        """Deliver what ``data`` says, or count why it was dropped."""
        upcall = parse_upcall(self._family, data)
        if upcall is not None:
            self._take_upcall(upcall)
            return
        found = self.interfaces.get(self._arrival(ancillary))
        if found is None:
            return  # an interface of another table, or of none
        try:
            datagram = self._datagram(data, ancillary, address)
            packet = accept(self._family, datagram, require_router_alert=bool(found.strict))
        except WireError as error:
            self.counters[found.name, error.reason.value] += 1
            return
        if datagram.source in found.own:
            found.deliver(OwnPacketReceived(found.name, packet))
            return
        direct = isinstance(packet, Query) and is_direct(self._family, datagram, packet)
        found.deliver(PacketReceived(found.name, datagram.source, packet, direct))

    def _take_upcall(self, upcall: Upcall) -> None:
        told = _UPCALLS.get(upcall.kind)
        if told is None:
            return
        name = self._vif_name(upcall.vif)
        for found in self.interfaces.values():
            if found.name == name:
                found.deliver(told(name, upcall.source, upcall.group))


def _ipv4_datagram(data: bytes, ancillary: Ancillary, address: Any) -> Datagram:
    return decode_ipv4(data)


def _ipv6_datagram(data: bytes, ancillary: Ancillary, address: Any) -> Datagram:
    """The message with what the kernel reports of its IPv6 header."""
    destination, hops, options = ipv6_info(ancillary)
    source = inet_pton(AF_INET6, address[0].partition("%")[0])
    return Datagram(source, destination, hops, ipv6_router_alert(options), data)


class Receiver(Service):
    """Reads the multicast routing sockets and delivers what arrives to instances."""

    name = "receiver"
    log = Logger()

    def __init__(self, reactor: IReactorFDSet) -> None:
        self._reactor = reactor
        self._protocols: dict[tuple[Family, int], TableProtocol] = {}
        self._ports: dict[tuple[Family, int], DatagramPort] = {}
        self.dropped: Counter[tuple[str, str]] = Counter()

    def listen(self, table: MulticastTable, vif_name: Callable[[int], str | None]) -> None:
        """Begin to read the socket of ``table``."""
        protocol = TableProtocol(table, vif_name, self.dropped)
        protocol.narrow()
        port = DatagramPort(table.socket, protocol, self._reactor)
        self._protocols[table.family, table.table] = protocol
        self._ports[table.family, table.table] = port
        port.startListening()

    def ignore(self, family: Family, table: int) -> None:
        """Stop reading the socket of this table."""
        self._ports.pop((family, table)).stopReading()
        del self._protocols[family, table]

    def stopService(self) -> None:
        """Stop reading; Routing closes the sockets."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        for port in self._ports.values():
            port.stopReading()
        self._ports.clear()
        self._protocols.clear()

    def register(
        self, family: Family, table: int, link: Link, listener: Listener, strict: bool = False
    ) -> None:
        """Deliver what arrives on ``link`` to ``listener``; again: note what has changed.

        With ``strict`` IGMP packets without a Router Alert option are dropped.
        """
        interfaces = self._protocols[family, table].interfaces
        known = interfaces.get(link.index)
        listeners = known.listeners if known else []
        if listener not in listeners:
            listeners = [*listeners, listener]
        insisting = [one for one in known.strict if one is not listener] if known else []
        if strict:
            insisting.append(listener)
        own = link.addresses(family)
        interfaces[link.index] = Registration(link.name, own, listeners, insisting)
        if known is None:
            self._protocols[family, table].narrow()

    def unregister(self, family: Family, table: int, link: Link, listener: Listener) -> None:
        """Deliver nothing more of ``link`` to ``listener``."""
        protocol = self._protocols.get((family, table))
        known = protocol.interfaces.get(link.index) if protocol else None
        if protocol is None or known is None:
            return
        known.listeners = [one for one in known.listeners if one is not listener]
        known.strict = [one for one in known.strict if one is not listener]
        if not known.listeners:
            del protocol.interfaces[link.index]
            protocol.narrow()
