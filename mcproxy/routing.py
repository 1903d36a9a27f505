"""Routing: the kernel's multicast routing tables, and the thread that works on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from .linux.mroute import MulticastTable
from .linux.mroutewatch import RouteWatch, make_route_watch_socket
from .linux.rawport import RawPort
from .linux.rules import remove_rules
from .protocol.family import Address, Family
from .routingtable import ForwardingTable

OpenTable = Callable[[Family, int], MulticastTable]

TableKey = tuple[Family, int]
"""A table's family and number."""


class Routing(Service):
    """The kernel tables in use, the thread that works on them, and the watch over them."""

    name = "routing"
    log = Logger()

    def __init__(self, reactor: Any, open_table: OpenTable = MulticastTable) -> None:
        self._reactor = reactor
        self._open_table = open_table
        self._pool = ThreadPool(1, 1, "routing")
        self._watch: RawPort | None = None
        self.tables: dict[TableKey, ForwardingTable] = {}

    def open(self, family: Family, number: int) -> ForwardingTable:
        """Take over a table (0: the default one); MulticastRoutingError when that fails."""
        table = ForwardingTable(self._open_table(family, number), self._submit)
        self.tables[family, number] = table
        if self.running:
            self._remove_rules([(family, number)])
        return table

    def close(self, family: Family, number: int) -> Deferred[Any]:
        """Give a table back; fires when the kernel has nothing left of it."""
        closed = self.tables.pop((family, number)).close()
        return closed.addCallback(lambda _: self._remove_rules([(family, number)]))

    def startService(self) -> None:
        """Start the thread, and see what others do to the tables."""
        super().startService()
        self._pool.start()
        self._remove_rules(self.tables)  # left by a run that could not end well
        watch = RouteWatch(self._entry_removed, self._audit_all, self._vif_removed)
        self._watch = RawPort(make_route_watch_socket(), watch, self._reactor)
        self._watch.startListening()

    def stopService(self) -> Deferred[None]:
        """Give all tables back; fires when the kernel has nothing left of them."""
        super().stopService()
        if self._watch is not None:
            self._watch.stopListening()
            self._watch = None
        closing = DeferredList([table.close() for table in self.tables.values()])
        closing.addCallback(lambda _: self._remove_rules(self.tables))
        return closing.addCallback(self._stopped)

    def _remove_rules(self, tables: Iterable[TableKey]) -> Deferred[None]:
        """Have no packets looked up in these tables."""
        own = [(family, number) for family, number in tables if number]
        if not own:
            return succeed(None)
        done: Deferred[None] = self._submit(remove_rules, own)
        return done.addErrback(lambda why: self.log.failure("policy rules may be left", why))

    def _stopped(self, _: object) -> None:
        self.tables.clear()
        self._pool.stop()  # waits for its one thread, which has nothing left to do

    def _submit(self, function: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._pool, function, *arguments)

    def _entry_removed(self, family: Family, table: int, source: Address, group: Address) -> None:
        found = self.tables.get((family, table))
        if found is not None:
            found.entry_removed(source, group)

    def _vif_removed(self, family: Family, index: int) -> None:
        for table in self.tables.values():
            if table.kernel.family is family and table.uses(index):
                table.audit()

    def _audit_all(self) -> None:
        for table in self.tables.values():
            table.audit()
