"""Routing: the kernel's multicast routing tables, and the thread that works on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from ..linux.datagram_port import DatagramPort
from ..linux.mroute.socket import MulticastTable
from ..linux.mroute.vif_record import VifRecord
from ..linux.mroute.watch import RouteWatch, make_route_watch_socket
from ..linux.policy_rules import set_rules
from ..protocol.family import Address, Family
from ..restart.inherited import MEMORY, Inherited, InheritedTable, TableKey, note_name, socket_name
from ..systemd import DescriptorStore
from .adopt import Found, adopt
from .table import ForwardingTable

OpenTable = Callable[[Family, int], MulticastTable]


class Routing(Service):
    """The kernel tables in use, the thread that works on them, and the watch over them.

    Tables that a ``predecessor`` left are taken over as they are; ``adopted`` has their
    entries. What the ``store`` keeps of all tables is there after a crash.
    """

    name = "routing"
    log = Logger()

    def __init__(
        self,
        reactor: Any,
        open_table: OpenTable = MulticastTable,
        inherited: Inherited | None = None,
    ) -> None:
        self.adopted: dict[TableKey, Found] = {}
        self.store = DescriptorStore()
        self._inherited = inherited or Inherited()
        self._reactor = reactor
        self._open_table = open_table
        self._pool = ThreadPool(1, 1, "routing")
        self._watch: DatagramPort | None = None
        self.tables: dict[TableKey, ForwardingTable] = {}

    def open(self, family: Family, number: int) -> ForwardingTable:
        """Take over a table (0: the default one); MulticastRoutingError when that fails."""
        left = self._inherited.tables.pop((family, number), None)
        table = None if left is None else self._adopt(family, number, left)
        if table is None:
            table = ForwardingTable(self._open_table(family, number), self._submit)
        self.tables[family, number] = table
        if self.store.is_there:
            self._put_into_store(family, number, table)
        if self.running:
            self._set_rules({(family, number): ()})
        return table

    def _adopt(self, family: Family, number: int, left: InheritedTable) -> ForwardingTable | None:
        """Go on with a table that was left; None when that cannot be, and it is given up."""
        kernel = MulticastTable(family, number, left.socket)
        table = ForwardingTable(kernel, self._submit)
        try:
            is_exact = self._inherited.memory is not None
            self.adopted[family, number] = adopt(table, left.note, is_exact)
        except (OSError, ValueError) as error:
            told = "the {family} table begins anew: {reason}"
            self.log.warn(told, family=family.name, reason=error)
            self._drop_from_store(family, number)
            kernel.close()
            left.note.close()
            return None
        return table

    def _put_into_store(self, family: Family, number: int, table: ForwardingTable) -> None:
        try:
            if table.note is None:
                table.note = VifRecord()
                table.note_vifs()
            self.store.put(note_name(family, number), table.note.descriptor)
            self.store.put(socket_name(family, number), table.kernel.socket.fileno())
        except OSError as error:
            told = "the service manager keeps nothing for a restart: {reason}"
            self.log.warn(told, reason=error)

    def _drop_from_store(self, family: Family, number: int) -> None:
        with suppress(OSError):
            self.store.drop(note_name(family, number))
            self.store.drop(socket_name(family, number))

    def go_on(self) -> None:
        """Make adopted tables what their owners want by now, and let go what nobody took."""
        rules: dict[TableKey, Iterable[str]] = {}
        for key in self.adopted:
            self.tables[key].go_on()
            rules[key] = list(self.tables[key].vifs)
        self.adopted.clear()
        if self._inherited.memory is not None:
            with suppress(OSError):
                self.store.drop(MEMORY)
        for key in self._inherited.tables:
            self._drop_from_store(*key)
            rules[key] = ()
        self._inherited.close()
        self._set_rules(rules)

    def close(self, family: Family, number: int) -> Deferred[Any]:
        """Give a table back; fires when the kernel has nothing left of it."""
        self._drop_from_store(family, number)
        closed = self.tables.pop((family, number)).close()
        return closed.addCallback(lambda _: self._set_rules({(family, number): ()}))

    def startService(self) -> None:
        """Start the thread, and see what others do to the tables."""
        super().startService()
        self._pool.start()
        # Left by a run that could not end well.
        self._set_rules(dict.fromkeys(self.tables.keys() - self.adopted.keys(), ()))
        watch = RouteWatch(self._entry_removed, self._audit_all, self._vif_removed)
        self._watch = DatagramPort(make_route_watch_socket(), watch, self._reactor)
        self._watch.startListening()

    def stopService(self) -> Deferred[None]:
        """Give all tables back; fires when the kernel has nothing left of them."""
        super().stopService()
        if self._watch is not None:
            self._watch.stopListening()
            self._watch = None
        closing = DeferredList([table.close() for table in self.tables.values()])
        closing.addCallback(lambda _: self._set_rules(dict.fromkeys(self.tables, ())))
        return closing.addCallback(self._stopped)

    def _set_rules(self, wanted: Mapping[TableKey, Iterable[str]]) -> Deferred[None]:
        """Have what comes in on these interfaces, and nothing else, looked up in these tables."""
        own = {key: names for key, names in wanted.items() if key[1]}
        if not own:
            return succeed(None)
        done: Deferred[None] = self._submit(set_rules, own)
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
