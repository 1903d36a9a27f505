"""KernelTables: takes the kernel's multicast routing tables into use, and gives them back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger

from .instance.plan.plan import TablePlan
from .linux.mroute.errors import NotSupported
from .protocol.family import Family
from .receiver.receiver import Receiver
from .routing.routing import Routing
from .sender import Sender


class KernelTables:
    """The kernel tables in use; ``unsupported`` says why the kernel lacks a family."""

    log = Logger()

    def __init__(self, routing: Routing, sender: Sender, receiver: Receiver) -> None:
        self.unsupported: dict[Family, NotSupported] = {}
        self._routing = routing
        self._sender = sender
        self._receiver = receiver

    def open_all(self, tables: Iterable[TablePlan]) -> None:
        """Take all tables, or none; MulticastRoutingError or OSError where one is refused."""
        opened: list[TablePlan] = []
        try:
            for table in tables:
                if self._open(table):
                    opened.append(table)
        except BaseException:
            for table in opened:
                self._routing.close(table.family, table.number)
            raise
        if not opened:
            raise next(iter(self.unsupported.values()))
        for family in self.unsupported:
            self._warn_of_unsupported(family)

    def open(self, table: TablePlan) -> bool:
        """Take one more table, and read it; MulticastRoutingError or OSError where it is refused.

        False, and a warning, where the kernel does not support the family.
        """
        if not self._open(table):
            self._warn_of_unsupported(table.family)
            return False
        opened = self._routing.tables[table.family, table.number]
        self._receiver.listen(opened.kernel, opened.vif_name)
        return True

    def _open(self, table: TablePlan) -> bool:
        if table.family in self.unsupported:
            return False
        try:
            self._routing.open(table.family, table.number)
        except NotSupported as error:
            self.unsupported[table.family] = error
            return False
        try:
            self._sender.open(table.family)
        except BaseException:
            self._routing.close(table.family, table.number)
            raise
        return True

    def _warn_of_unsupported(self, family: Family) -> None:
        reason = str(self.unsupported[family])
        self.log.warn("{family} disabled: {reason}", family=family.name, reason=reason)

    def listen_all(self) -> None:
        """Read the sockets of the tables that ``open_all`` took."""
        for table in self._routing.tables.values():
            self._receiver.listen(table.kernel, table.vif_name)

    def close(self, table: TablePlan) -> Deferred[Any]:
        """Give a table back; fires when the kernel has nothing left of it.

        A table that Routing gave back already, because the daemon stops, is no error.
        """
        if (table.family, table.number) not in self._routing.tables:
            return succeed(None)
        self._receiver.ignore(table.family, table.number)
        return self._routing.close(table.family, table.number)

    def when_idle(self) -> Deferred[Any]:
        """Fires once all tables have in the kernel what was asked for."""
        return DeferredList([table.when_idle() for table in self._routing.tables.values()])
