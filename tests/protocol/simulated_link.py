"""A simulated link: its hosts and routers receive packets late, twice or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Protocol

from mcproxy.protocol.family import IPV4, Address, Family
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.sources import EXCLUDE, NOTHING, SourceFilter, merge
from mcproxy.protocol.wire import igmp, mld
from mcproxy.protocol.wire.packets import Packet, Query, Record, Report, Send

from .families import IS_EX, IS_IN, START, TO_EX, TO_IN

Change = tuple[Address, SourceFilter]


class Member(Protocol):
    """What the link needs of a host."""

    groups: dict[Address, SourceFilter]

    def next_deadline(self) -> float | None: ...

    def update(self, changes: Iterable[Change], now: float) -> list[Send]: ...

    def receive(self, packet: Packet, now: float) -> list[Send]: ...

    def advance(self, now: float) -> list[Send]: ...


class PlainHost:
    """A host of the current version that answers each query with the state of all groups.

    It reports each change as a change of filter mode, twice.
    """

    def __init__(self, family: Family) -> None:
        self.groups: dict[Address, SourceFilter] = {}
        self._family = family
        self._plans: list[tuple[float, Address, bool]] = []

    def next_deadline(self) -> float | None:
        """Return when the next report is due."""
        return min((when for when, _, _ in self._plans), default=None)

    def update(self, changes: Iterable[Change], now: float) -> list[Send]:
        """Change what is wanted, and return the first reports."""
        for group, wanted in changes:
            self.groups[group] = wanted
            if wanted == NOTHING:
                del self.groups[group]
            self._plans += [(now, group, True), (now + 0.75, group, True)]
        return self.advance(now)

    def receive(self, packet: Packet, now: float) -> list[Send]:
        """Plan an answer to a query; ignore other packets."""
        if isinstance(packet, Query):
            when = now + packet.max_response / 2
            self._plans += [(when, group, False) for group in self.groups]
        return []

    def advance(self, now: float) -> list[Send]:
        """Return the reports that are due."""
        due = sorted({plan for plan in self._plans if plan[0] <= now})
        self._plans = [plan for plan in self._plans if plan[0] > now]
        reports = [Report((self._state(group, changed),)) for _, group, changed in due]
        return [Send(self._family.report_destination, report) for report in reports]

    def _state(self, group: Address, changed: bool) -> Record:
        mode, sources = self.groups.get(group, NOTHING)
        kinds = (TO_IN, TO_EX) if changed else (IS_IN, IS_EX)
        return Record(kinds[mode is EXCLUDE], group, sources)


class Link:
    """The hosts and routers, a clock, and the packets that are under way.

    Each copy of a packet is lost with the probability ``loss``, and duplicated with the probability
    ``doubling``; its delay is between the two ``delays``, in seconds.
    """

    def __init__(self, family: Family, random: Random) -> None:
        self.family = family
        self.now = START
        self.hosts: dict[Address, Member] = {}
        self.routers: dict[Address, Querier] = {}
        self.loss = 0.0
        self.doubling = 0.0
        self.delays = (0.0, 0.0)
        self._random = random
        self._numbers = count()
        self._flying: list[tuple[float, int, Address, Address, Packet]] = []

    def start(self) -> None:
        """Start all routers."""
        for address in self.routers:
            self.restart(address)

    def restart(self, router: Address) -> None:
        """Start one router."""
        self._send(router, self.routers[router].start(self.now).send)

    def wish(self, host: Address, changes: Iterable[Change]) -> None:
        """Change what a host wants."""
        self._send(host, self.hosts[host].update(changes, self.now))

    def wishes(self, group: Address) -> SourceFilter:
        """Return what all hosts together want of a group."""
        return merge([host.groups.get(group, NOTHING) for host in self.hosts.values()])

    def live(self, seconds: float, watch: Callable[[], None] | None = None) -> None:
        """Let time pass; call ``watch`` after each event."""
        end = self.now + seconds
        while (when := self._next()) <= end:
            self.now = max(self.now, when)
            self._happen()
            if watch:
                watch()
        self.now = end

    def _next(self) -> float:
        times = [self._flying[0][0]] if self._flying else []
        deadlines = [host.next_deadline() for host in self.hosts.values()]
        deadlines += [router.next_deadline() for router in self.routers.values()]
        times += [when for when in deadlines if when is not None]
        return min(times, default=float("inf"))

    def _happen(self) -> None:
        """Do everything that is due."""
        while self._flying and self._flying[0][0] <= self.now:
            _, _, there, sender, packet = heappop(self._flying)
            if there in self.hosts:
                self._send(there, self.hosts[there].receive(packet, self.now))
            elif there in self.routers:
                self._send(there, self.routers[there].receive(packet, sender, self.now).send)
        for address, host in self.hosts.items():
            self._send(address, host.advance(self.now))
        for address, router in self.routers.items():
            self._send(address, router.advance(self.now).send)

    def _send(self, sender: Address, sends: Iterable[Send]) -> None:
        for there, packet in sends:
            heard = self._carried(sender, there, packet)
            for receiver in (*self.hosts, *self.routers):
                if receiver != sender:
                    for _ in range(self._copies()):
                        when = self.now + self._random.uniform(*self.delays)
                        entry = (when, next(self._numbers), receiver, sender, heard)
                        heappush(self._flying, entry)

    def _copies(self) -> int:
        if self._random.random() < self.loss:
            return 0
        return 2 if self._random.random() < self.doubling else 1

    def _carried(self, sender: Address, there: Address, packet: Packet) -> Packet:
        """Return the packet after it was encoded and decoded."""
        if self.family is IPV4:
            return igmp.decode(igmp.encode(packet))
        return mld.decode(mld.encode(packet, sender, there))
