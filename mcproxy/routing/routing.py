"""Routing: opens and closes the kernel tables, owns the routing thread and the watch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..events.bus import Events
from ..linux.datagram_port import DatagramPort
from ..linux.mroute.errors import MulticastRoutingError
from ..linux.mroute.socket import MulticastTable
from ..linux.mroute.watch import RouteWatch, make_route_watch_socket
from ..linux.policy_rules import Rule, set_rules
from ..linux.stale_rules import OtherRules, remove_stale_rules
from ..protocol.family import Address, Family
from .adopt import InheritedTable, Routes, TableKey, TableStore, adopt_table
from .counters import CounterSampler
from .table import ForwardingTable
from .thread import RoutingThread

OpenTable = Callable[[Family, int], MulticastTable]


class Routing(Service):
    """The kernel tables in use, by family and number.

    Tables that are ``inherited`` from a previous process belong to this service, which adopts
    each when it is opened and closes the others; ``adopted`` has their entries until
    ``release_hold``. They are exact (``is_exact``) unless that process was interrupted. What
    the next process needs of each table is in ``store``. ``sampler`` reads the kernel's counters
    for whoever asks.
    """

    name = "routing"
    log = Logger()

    def __init__(
        self,
        reactor: Any,
        events: Events,
        open_table: OpenTable = MulticastTable,
        inherited: Mapping[TableKey, InheritedTable] | None = None,
        is_exact: bool = False,
        store: TableStore | None = None,
    ) -> None:
        self.tables: dict[TableKey, ForwardingTable] = {}
        self.adopted: dict[TableKey, Routes] = {}
        self.sampler = CounterSampler(reactor, self.tables)
        self._reactor = reactor
        self._events = events
        self._open_table = open_table
        self._inherited = dict(inherited or {})
        self._is_exact = is_exact
        self._store = store
        self._thread = RoutingThread(reactor)
        self._watch: DatagramPort | None = None
        self._foreign: dict[Family, set[Rule]] = {}

    # -- tables

    def open(self, family: Family, number: int) -> ForwardingTable:
        """Open a table (0: the default one), or adopt it; MulticastRoutingError."""
        key = (family, number)
        inherited = self._inherited.pop(key, None)
        table = None if inherited is None else self._adopt(key, inherited)
        if table is None:
            table = ForwardingTable(
                self._open_table(family, number), self._thread, self._reactor, self._events
            )
        self.tables[key] = table
        self._keep(key, table)
        table.rules.set_foreign(self._foreign_rules(key))
        if self.running:
            self._set_rules({key: ()})
        return table

    def _adopt(self, key: TableKey, inherited: InheritedTable) -> ForwardingTable | None:
        """Adopt an inherited table; None, and it is let go, where that is impossible."""
        kernel = None
        try:
            kernel = MulticastTable(*key, inherited.socket)
            table, self.adopted[key] = adopt_table(
                kernel,
                inherited.vif_record,
                self._thread,
                self._reactor,
                self._events,
                is_exact=self._is_exact,
            )
        except (MulticastRoutingError, OSError, ValueError) as error:
            self.log.warn(
                "inherited {family} table {table} unusable ({reason}); it is built anew",
                family=key[0].name,
                table=key[1],
                reason=error,
            )
            if kernel is not None:
                kernel.close()  # empties the table, even if the service manager has its socket
            inherited.close()
            self._forget(key)
            return None
        return table

    def _keep(self, key: TableKey, table: ForwardingTable) -> None:
        if self._store is None or not self._store.is_available:
            return
        try:
            self._store.keep_table(key, table.kernel.socket, table.vifs.record())
        except OSError as error:
            self.log.warn(
                "the service manager does not keep the {family} table {table} ({reason}); after "
                "a crash or a restart of the unit it is built anew",
                family=key[0].name,
                table=key[1],
                reason=error,
            )

    def _forget(self, key: TableKey) -> None:
        if self._store is not None:
            self._store.forget_table(key)

    def release_hold(self) -> None:
        """Make adopted tables what their owners want by now, and close those without owners."""
        rules: dict[TableKey, Iterable[str]] = {}
        for key in self.adopted:
            self.tables[key].release_hold()
            rules[key] = list(self.tables[key].vifs.by_name)
        self.adopted.clear()
        for key, inherited in self._inherited.items():
            self._forget(key)
            inherited.close()
            rules[key] = ()
        self._inherited.clear()
        self._set_rules(rules)

    def close(self, family: Family, number: int) -> Deferred[Any]:
        """Give a table back; fires when the kernel has nothing left of it."""
        key = (family, number)
        self._forget(key)
        self.adopted.pop(key, None)
        closed = self.tables.pop(key).close()
        return closed.addCallback(lambda _: self._set_rules({key: ()}))

    # -- service

    def startService(self) -> None:
        """Start the thread and the watch over what other programs do to the tables."""
        super().startService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._thread.start()
        # Rules that a process left which could not end well.
        self._set_rules(dict.fromkeys(self.tables.keys() - self.adopted.keys(), ()))
        self._look_at_other_rules()
        watch = RouteWatch(
            self._entry_removed, self._events_lost, self._vif_removed, self._rule_removed
        )
        self._watch = DatagramPort(make_route_watch_socket(), watch, self._reactor)
        self._watch.startListening()

    def stopService(self) -> Deferred[None]:
        """Give all tables back; fires when the kernel has nothing left of them."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        if self._watch is not None:
            self._watch.stopListening()
            self._watch = None
        self.sampler.close()
        tables = dict(self.tables)
        self.tables.clear()
        for inherited in self._inherited.values():
            inherited.close()
        self._inherited.clear()
        closing = DeferredList([table.close() for table in tables.values()])
        closing.addCallback(lambda _: self._set_rules(dict.fromkeys(tables, ())))
        return closing.addCallback(self._stopped)

    def _stopped(self, _: object) -> None:
        self._thread.stop()  # waits for its one thread, which has nothing left to do

    def _set_rules(self, wanted: Mapping[TableKey, Iterable[str]]) -> Deferred[None]:
        """Have packets of these interfaces, and no others, looked up in these tables."""
        own = {key: names for key, names in wanted.items() if key[1]}
        if not own:
            return succeed(None)
        done: Deferred[None] = self._thread.submit(set_rules, own)
        message = "the policy rules of the tables of their own may be wrong (see ip mrule)"
        return done.addErrback(lambda failure: self.log.failure(message, failure))

    def _look_at_other_rules(self) -> None:
        """Remove rules that a previous process left, and warn of those of other programs."""
        own = self.tables.keys() | self._inherited.keys()
        done = self._thread.submit(remove_stale_rules, own)
        done.addCallbacks(self._take_other_rules, self._cannot_look)

    def _take_other_rules(self, found: list[OtherRules]) -> None:
        for family, removed, foreign in found:
            self._foreign[family] = set(foreign)
            by_table: dict[int, list[str]] = {}
            for rule in removed:
                by_table.setdefault(rule.table, []).append(rule.interface)
            for number, interfaces in by_table.items():
                self.log.warn(
                    "removed the policy rules that a previous mcproxy left: they sent {family} "
                    "multicast from {interfaces} to table {table}, which no process uses",
                    family=family.name,
                    interfaces=", ".join(interfaces),
                    table=number,
                )
        if found:
            for key, table in self.tables.items():
                table.rules.set_foreign(self._foreign_rules(key))

    def _foreign_rules(self, key: TableKey) -> set[Rule]:
        """The rules of other programs that lead away from a table, and from all of ours."""
        rules = self._foreign.get(key[0], ())
        return {rule for rule in rules if (key[0], rule.table) not in self.tables}

    def _cannot_look(self, failure: Failure) -> None:
        if not failure.check(OSError):  # type: ignore[no-untyped-call]  # untyped in Twisted
            self.log.failure("internal error: the policy rules were not read", failure)
            return
        self.log.error(
            "cannot read or change the multicast policy rules: {reason}; a rule that a previous "
            "process left may take packets from this daemon (see ip mrule)",
            reason=failure.value,
        )

    # -- what the watch reports

    def _entry_removed(self, family: Family, table: int, source: Address, group: Address) -> None:
        found = self.tables.get((family, table))
        if found is not None:
            found.entry_removed(source, group)

    def _vif_removed(self, family: Family, index: int) -> None:
        for table in self.tables.values():
            if table.kernel.family is family:
                table.vif_removed(index)

    def _rule_removed(self, family: Family, table: int, interface: str) -> None:
        self._foreign.get(family, set()).discard(Rule(interface, table))
        found = self.tables.get((family, table))
        if found is not None:
            found.rules.removed(interface)

    def _events_lost(self) -> None:
        for table in self.tables.values():
            table.audit()
            table.rules.audit()
