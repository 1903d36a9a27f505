"""Receiver: reads the multicast routing sockets and gives proxy instances their messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.application.service import Service

from ..events.bus import Events
from ..latency import Latencies
from ..linux.mroute.socket import MulticastTable
from ..linux.netlink.links import Link
from ..message_counts import report_key
from ..protocol.family import FAMILIES, Family
from ..protocol.wire.packets import Packet
from .drops import Counts
from .measured import measured
from .sent_reports import LocalMemberships
from .table_port import TablePort
from .table_reader import Listener, Registration, TableProtocol

__all__ = ["Listener", "Receiver", "Registration"]


class Receiver(Service):
    """Reads the multicast routing sockets and delivers what arrives to instances."""

    name = "receiver"

    def __init__(self, reactor: Any, events: Events) -> None:
        self._reactor = reactor
        self._events = events
        self._protocols: dict[tuple[Family, int], TableProtocol] = {}
        self._ports: dict[tuple[Family, int], TablePort] = {}
        self._is_reading = False
        self._latencies: Latencies | None = None
        self.counts = {family: Counts() for family in FAMILIES}

    @property
    def dropped(self) -> Counter[tuple[str, str]]:
        """How many messages were dropped, by interface and reason."""
        return sum((counts.dropped for counts in self.counts.values()), Counter())

    @property
    def is_behind(self) -> bool:
        """Whether there may be packets that have arrived and are not delivered yet."""
        return any(port.is_behind for port in self._ports.values())

    def listen(self, table: MulticastTable, vif_name: Callable[[int], str | None]) -> None:
        """Read the socket of ``table`` from now on, or else from ``begin_reading`` on."""
        counts = self.counts[table.family]
        protocol = TableProtocol(table, vif_name, counts, self._events, self._call_later)
        self._measure(protocol)  # also off: the process before this one may have measured
        port = TablePort(protocol, self._reactor)
        self._protocols[table.family, table.table] = protocol
        self._ports[table.family, table.table] = port
        if self._is_reading:
            self._start(port)

    def measure(self, latencies: Latencies | None) -> None:
        """Measure how long hosts wait for what they ask; None: measure nothing any more."""
        self._latencies = latencies
        for protocol in self._protocols.values():
            self._measure(protocol)

    def _measure(self, protocol: TableProtocol) -> None:
        latencies, take = self._latencies, protocol.take_now
        with suppress(OSError):
            protocol.table.request_arrival_times(latencies is not None)
            protocol.take = take if latencies is None else measured(take, latencies)

    def begin_reading(self) -> None:
        """Read the sockets, now that the links are registered.

        Until then packets wait in the kernel: hosts may report while the daemon restarts.
        """
        self._is_reading = True
        for port in self._ports.values():
            self._start(port)

    def ignore(self, family: Family, table: int) -> None:
        """Stop reading the socket of this table."""
        self._stop((family, table))

    def stopService(self) -> None:
        """Stop reading; Routing closes the sockets."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        for key in list(self._ports):
            self._stop(key)

    def _start(self, port: TablePort) -> None:
        port.table.start()
        port.startListening()

    def _stop(self, key: tuple[Family, int]) -> None:
        self._ports.pop(key).stopReading()
        self._protocols.pop(key).close()

    def _call_later(self, seconds: float, call: Callable[[], None]) -> None:
        self._reactor.callLater(seconds, call)

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
        interfaces[link.index] = Registration(
            link.name, own, listeners, insisting, report_key(family, link.name)
        )
        if known is None and self._is_reading:
            self._protocols[family, table].narrow()

    def follow_programs(
        self, family: Family, link: Link, heard: Callable[[Packet], None]
    ) -> LocalMemberships:
        """Call ``heard`` with what the kernel reports on ``link`` for local programs; OSError."""
        return LocalMemberships(self._reactor, family, link.index, heard)

    def unregister(self, family: Family, table: int, link: Link, listener: Listener) -> None:
        """Deliver nothing more of ``link`` to ``listener``."""
        protocol = self._protocols.get((family, table))
        known = protocol.interfaces.get(link.index) if protocol else None
        if protocol is None or known is None:
            return
        known.listeners = [one for one in known.listeners if one is not listener]
        known.strict = [one for one in known.strict if one is not listener]
        if not known.listeners:
            protocol.forget(link.index)
            if self._is_reading:
                protocol.narrow()
