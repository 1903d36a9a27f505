"""What arrives on one multicast routing socket: messages of hosts, and upcalls of the kernel.

All links of a table, and all hosts on them, share this socket. So that no host can delay the
messages of others, the socket is always read to its end, and packets are decoded and delivered
within slices of time. What does not fit into a slice waits in a FairQueue, where each link and
each host on it has its turn; hosts that are not known yet are as a link of their own. A report
with many records is delivered in parts for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf
from socket import SOL_SOCKET
from time import perf_counter, thread_time
from typing import Any, Protocol

from twisted.logger import Logger

from ..events.bus import Events
from ..linux.mroute.socket import MulticastTable
from ..linux.mroute.upcall import UPCALL_MARKS, Upcall, UpcallKind, parse_upcall
from ..linux.packet_info import Ancillary, ipv4_arrival, ipv6_arrival, losses
from ..message_counts import MessageKey, message_key
from ..messages import CacheMiss, Message, OwnPacketReceived, PacketReceived, WrongInterface
from ..protocol.family import IPV4, Address
from ..protocol.wire.datagram import accept, decode_ipv4, is_direct
from ..protocol.wire.packets import Query, Record, Report, WireError, new_tuple
from .brake import Brakes
from .datagrams import ipv6_datagram
from .drops import Counts, Drops
from .fair_queue import STRANGERS, FairQueue, Sender
from .known_hosts import KnownHosts
from .measured import Take

SLICE = 0.003
"""Seconds of work for packets before the reactor can serve others again.

A turn may have two slices. With 5 ms the longest turns took 12 ms and more while a hundred thousand
groups were left; with 3 ms they take 11 ms.
"""

SHORT_SLICE = 0.002
"""The same while there is more to read: reading comes first, so that nothing waits there."""

MOST_RECORDS = 64
"""Records of a report that are delivered together; fewer while they take long."""

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

    Those of ``strict`` accept no IGMP packet without a Router Alert option. ``reports`` is where
    reports of the current version are counted.
    """

    name: str
    own: frozenset[Address]
    listeners: list[Listener]
    strict: list[Listener]
    reports: MessageKey

    def deliver(self, message: Message) -> None:
        """Give the message to all listeners: a link may be upstream and downstream."""
        for listener in self.listeners:
            listener.receive(message)


class TableProtocol:
    """Delivers what arrives on one multicast routing socket, and each link its share of time.

    ``counts`` gets what arrives and what is dropped. ``vif_name`` gives the name of a vif's
    interface. ``call_later`` makes a call after some seconds; 0: after the reactor has served
    others. ``work_clock`` is the processor time of this thread. ``take`` works on a packet: it is
    ``take_now``, or what measures that. What is read after ``slice_ends``, in seconds of ``clock``,
    waits. Once closed, it delivers nothing.
    """

    log = Logger()

    def __init__(
        self,
        table: MulticastTable,
        vif_name: Callable[[int], str | None],
        counts: Counts,
        events: Events,
        call_later: Callable[[float, Callable[[], None]], object],
        clock: Callable[[], float] = perf_counter,
        work_clock: Callable[[], float] = thread_time,
    ) -> None:
        self.table = table
        self.interfaces: dict[int, Registration] = {}
        self._family = table.family
        self._vif_name = vif_name
        self._queue: FairQueue[Callable[[], None]] = FairQueue()
        self._known = KnownHosts()
        self._brakes = Brakes(table, self.interfaces, self._queue, self._known, clock, self._pause)
        self._call_later = call_later
        self._called = False
        self._closed = False
        self._clock = clock
        self._work_clock = work_clock
        self._slice = SLICE
        self.slice_ends = inf
        self._most_records = MOST_RECORDS
        self.take: Take = self.take_now
        self._messages = counts.messages
        self._drops = Drops(table.family.protocol, counts.dropped, events)
        ipv4 = table.family is IPV4
        self._arrival = ipv4_arrival if ipv4 else ipv6_arrival
        self._upcall_mark = UPCALL_MARKS[table.family]

    # -- what the Receiver changes

    @property
    def is_behind(self) -> bool:
        """Whether packets were read that are not delivered yet."""
        return bool(self._queue)

    def narrow(self) -> None:
        """Have the kernel drop packets of other interfaces: they would cost time in a flood."""
        try:
            self._brakes.apply()
        except (OSError, ValueError) as error:
            self.log.debug(
                "cannot attach the socket filter; every packet is read: {reason}",
                reason=getattr(error, "strerror", None) or str(error),
            )

    def forget(self, index: int) -> None:
        """Deliver nothing more of what arrived on an interface."""
        del self.interfaces[index]
        self._known.forget(index)
        self._discard(index)

    def start(self) -> None:
        """Get ready to read: from now on only packets of these interfaces."""
        with suppress(OSError):
            self._drops.start_at(self.table.request_losses())
        self.narrow()

    def close(self) -> None:
        """Forget what waits, and deliver nothing more."""
        self._closed = True
        for index in self.interfaces:
            self._discard(index)

    def _discard(self, index: int) -> None:
        """Forget what waits of an interface."""
        self._queue.discard(index)
        self._queue.discard(index + STRANGERS)

    # -- the socket

    def makeConnection(self, transport: Any) -> None:
        """This protocol does not use its transport: it only receives."""

    def connectionLost(self, reason: Any) -> None:
        """The socket closes only when the daemon ends."""

    def receiveFailed(self, error: OSError) -> None:
        """Count a failed read, as of a full buffer; hosts repeat what was lost when queried."""
        self._drops.count_failure()

    def end_reading(self, is_behind: bool) -> None:
        """The socket was read, but perhaps not to its end.

        Where that happens again and again, packets come faster than they can be read.
        """
        if is_behind and self._slice == SHORT_SLICE:
            heaviest = self._queue.heaviest()
            if heaviest is not None and heaviest.interface in self.interfaces:
                self._refuse(heaviest)
        self._slice = SHORT_SLICE if is_behind else SLICE

    def _refuse(self, sender: Sender) -> None:
        if self._brakes.refuse(sender):
            self.narrow()

    def _pause(self, seconds: float, sender: Sender) -> None:
        self._call_later(seconds, partial(self._end_pause, sender))

    def _end_pause(self, sender: Sender) -> None:
        if not self._closed and self._brakes.end_pause(sender):
            self.narrow()

    def datagramReceived(self, data: bytes, ancillary: Ancillary, address: Any) -> None:
        """Deliver what ``data`` says, or let it wait behind other packets of its host."""
        if ancillary and ancillary[0][0] == SOL_SOCKET:
            lost = losses(ancillary)
            if lost is not None:
                self._drops.note_lost(lost)
        at = self._upcall_mark
        if data[at : at + 1] == b"\0":
            upcall = parse_upcall(self._family, data)
            if upcall is not None:
                if upcall.kind in _UPCALLS:
                    take = partial(self._take_upcall, upcall)
                    if self._is_free():
                        take()
                    else:
                        self._wait(Sender(-1 - upcall.vif, address[0]), take, len(data))
                return
        index = self._arrival(ancillary)
        if index not in self.interfaces:
            return  # an interface of another table, or of none
        if not self._queue.links and self._clock() < self.slice_ends:  # _is_free(), without a call
            self._known.note(index, address[0], self.slice_ends)
            self.take(index, data, ancillary, address)
        else:
            take = partial(self.take, index, data, ancillary, address)
            self._wait(self._sender(index, address[0]), take, len(data))

    def _sender(self, index: int, host: str) -> Sender:
        return Sender(index + (0 if self._known.is_known(index, host) else STRANGERS), host)

    def _is_free(self) -> bool:
        """Whether a packet can be worked on now: nothing waits, and there is time."""
        return not self._queue.links and self._clock() < self.slice_ends

    def _wait(self, sender: Sender, work: Callable[[], None], size: int) -> None:
        """Do the work in its turn, unless its host has its share of the queue waiting."""
        if self._queue.put(sender, work, size):
            self._come_back()
        elif sender.interface in self.interfaces:
            found = self.interfaces[sender.interface]
            self._refuse(sender)
            self._drops.count_excess(found.name, sender.host.partition("%")[0])
        else:
            self._drops.count_upcall()

    def _come_back(self) -> None:
        if not self._called:
            self._called = True
            self._call_later(0, self._work_off)

    def _work_off(self) -> None:
        """Do what waits, for a slice of time."""
        self._called = False
        if self._closed:
            return
        self.slice_ends = self._clock() + self._slice
        while self._queue and self._clock() < self.slice_ends:
            sender, work = self._queue.take()
            try:
                work()
            except Exception:
                self.log.failure("internal error: could not handle a packet, which is dropped")
            if self._brakes and self._brakes.release(sender):
                self.narrow()
        if self._queue:
            self._come_back()

    # -- one packet

    def take_now(self, index: int, data: bytes, ancillary: Ancillary, address: Any) -> None:
        """Decode a packet and deliver it."""
        found = self.interfaces.get(index)
        if found is None:
            return
        try:
            if self._family is IPV4:
                datagram = decode_ipv4(data)
            else:
                datagram = ipv6_datagram(data, ancillary, address)
            packet = accept(self._family, datagram, require_router_alert=bool(found.strict))
        except WireError as error:
            self._drops.count_refused(found.name, address[0].partition("%")[0], error)
            return
        if datagram.source in found.own:
            found.deliver(OwnPacketReceived(found.name, packet))
            return
        if type(packet) is Report:
            self._messages[found.reports] += 1
            if len(packet) == 1:
                fields = found.name, datagram.source, packet, False
                message = new_tuple(PacketReceived, fields)
                for listener in found.listeners:  # not deliver(): a call less for each report
                    listener.receive(message)
            elif len(packet) <= self._most_records:
                self._deliver_part(found, datagram.source, packet)
            else:
                self._divide(self._sender(index, address[0]), datagram.source, packet)
        else:
            self._messages[message_key(self._family, found.name, packet)] += 1
            direct = isinstance(packet, Query) and is_direct(self._family, datagram, packet)
            found.deliver(PacketReceived(found.name, datagram.source, packet, direct))

    def _divide(self, sender: Sender, source: Address, records: tuple[Record, ...]) -> None:
        """Deliver the first records of a report; the others wait for the host's next turn."""
        found = self.interfaces.get(sender.interface)
        if found is None:
            return
        most = self._most_records
        if len(records) > most:
            self._queue.put_back(sender, partial(self._divide, sender, source, records[most:]))
            self._come_back()
        self._deliver_part(found, source, Report(records[:most]))

    def _deliver_part(self, found: Registration, source: Address, part: Report) -> None:
        """Deliver a report, and let the next ones be shorter if this one takes too long.

        Only the time of this thread counts: shorter reports cost more, and do not help where it
        had to wait for another one.
        """
        begin = self._work_clock()
        found.deliver(PacketReceived(found.name, source, part))
        took = self._work_clock() - begin
        if took > SLICE:
            self._most_records = max(1, len(part) // 4)
        elif self._most_records < MOST_RECORDS and took < SLICE / 4:
            self._most_records = min(MOST_RECORDS, self._most_records * 2)

    def _take_upcall(self, upcall: Upcall) -> None:
        name = self._vif_name(upcall.vif)
        for found in list(self.interfaces.values()):
            if found.name == name:
                found.deliver(_UPCALLS[upcall.kind](name, upcall.source, upcall.group))
