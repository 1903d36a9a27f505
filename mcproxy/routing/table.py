"""One kernel table: virtual interfaces and forwarding entries, wanted against installed.

What is wanted is not kept here: proxy instances derive it when they are asked. Of what is
installed one short tuple a group is kept. A group that changed is planned again, compared,
and the difference goes to the kernel in a batch, in a thread of its own. One batch of a
table is under way at a time; what changes meanwhile makes up the next.

A virtual interface's number stays in the kernel's entries when its link is deleted, and
would come back to life with the next interface of that number. So a number is used again
only after every entry was planned anew without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.operations import Operation
from ..linux.mroute.socket import MulticastTable
from ..linux.mroute.vif_record import Place, VifRecord
from ..linux.policy_rules import add_rule, remove_rule
from ..protocol.family import MOST_VIFS, Address, Family
from ..protocol.forwarding.planner import Route
from .plan import Batch, Entries, Installed, Owner, united

GROUPS_A_BATCH = 1000

FEW = 8
"""Entries among which looking at each is as fast as anything."""


@dataclass(slots=True)
class Vif:
    """A virtual interface of a table and the owners that use it."""

    number: int
    index: int
    users: list[Owner] = field(default_factory=list)


Submit = Callable[..., "Deferred[Any]"]
"""Runs a function with arguments in the routing thread, in the order of the calls."""


class ForwardingTable:
    """One kernel table of one family: what the owners want in it is kept installed.

    Virtual interfaces, with their TTL ``thresholds`` by number, stand in ``note`` as well, if
    there is one. Nothing is done to the kernel while the table is ``held``.
    """

    log = Logger()

    def __init__(self, table: MulticastTable, submit: Submit) -> None:
        self.kernel = table
        self.vifs: dict[str, Vif] = {}
        self.installed: dict[Address, Entries] = {}
        self._submit = submit
        self._owners: list[Owner] = []
        self._any = table.family.unspecified
        self._dirty: dict[Address, None] = {}
        self._vif_work: list[Operation] = []
        self._retired: set[int] = set()
        self._compiled: dict[tuple[Route, ...], Entries] = {}
        self.thresholds: dict[int, int] = {}
        self.note: VifRecord | None = None
        self.held = False
        self._audit_wanted = False
        self._busy: Deferred[Any] | None = None
        self._idle: list[Deferred[None]] = []

    # -- what instances ask for

    def attach(self, owner: Owner) -> None:
        """Install what ``owner`` wants from now on."""
        self._owners.append(owner)
        self._replan()

    def detach(self, owner: Owner) -> None:
        """Take away what ``owner`` alone wanted, its interfaces included."""
        self._owners.remove(owner)
        for name in [name for name, vif in self.vifs.items() if owner in vif.users]:
            self.release(name, owner)
        self._replan()

    def acquire(self, name: str, index: int, owner: Owner) -> bool:
        """Make the interface a vif, for ``owner``; False when the table has no room."""
        known = self.vifs.get(name)
        if known is not None and known.index != index:
            self._remove_vif(name)  # deleted and made again: entries know it by number only
            known = None
        if known is None:
            number = self._free_number()
            if number is None:
                return False
            known = self.vifs[name] = Vif(number, index)
            self._vif_work.append(self.kernel.vif_addition(number, index))
            self.note_vifs()
            self._compiled.clear()
            self._steer(add_rule, name)
            self._replan()
        if owner not in known.users:
            known.users.append(owner)
        return True

    def set_threshold(self, name: str, ttl: int) -> None:
        """Let only packets with a TTL above this out of the interface, which is a vif."""
        number = self.vifs[name].number
        if self.thresholds.get(number, 1) != ttl:
            self.thresholds[number] = ttl
            self.note_vifs()
            self._compiled.clear()
            self._replan()

    def release(self, name: str, owner: Owner) -> None:
        """``owner`` uses the interface no longer; the last one's release removes the vif."""
        known = self.vifs.get(name)
        if known is None or owner not in known.users:
            return
        known.users.remove(owner)
        if not known.users:
            self._remove_vif(name)
            self._replan()

    def changed(self, groups: Iterable[Address]) -> None:
        """Owners may want something else for ``groups``; the unspecified one is the base."""
        self._dirty.update(dict.fromkeys(groups))
        self._kick()

    def source_changed(self, group: Address, source: Address) -> None:
        """The same for one source of a group alone."""
        self._dirty[group + source] = None
        self._kick()

    def counters(self) -> Deferred[list[InstalledRoute]]:
        """All entries of the kernel, with what it counted for each."""
        return self._submit(dump_routes, self.kernel.family, self.kernel.table)

    def uses(self, index: int) -> bool:
        """Whether the interface with this index is a vif here."""
        return any(vif.index == index for vif in self.vifs.values())

    def vif_name(self, number: int) -> str | None:
        """The interface that is vif ``number``."""
        return next((name for name, vif in self.vifs.items() if vif.number == number), None)

    # -- what the kernel tells

    def entry_removed(self, source: Address, group: Address) -> None:
        """The kernel lost an entry: look after the table unless we took it out ourselves."""
        if any(entry.source == source for entry in self.installed.get(group, ())):
            self.audit()

    def audit(self) -> None:
        """Compare the kernel's table with what was installed, and mend it."""
        self._audit_wanted = True
        self._kick()

    def close(self) -> Deferred[Any]:
        """Let the work under way end, and give the table back to the kernel."""
        self._dirty.clear()
        self._vif_work.clear()
        self._audit_wanted = False
        return self.when_idle().addCallback(lambda _: self._close())

    def _close(self) -> Deferred[Any]:
        if self.note is not None:
            self.note.close()
            self.note = None
        return self._submit(self.kernel.close)

    def go_on(self) -> None:
        """Owners have said what they want: make the table so, which was ``held`` meanwhile."""
        self.held = False
        for name in [name for name, vif in self.vifs.items() if not vif.users]:
            self._remove_vif(name)
        self._replan()

    def when_idle(self) -> Deferred[None]:
        """Fires once everything asked for is in the kernel."""
        if self._busy is None:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._idle.append(waiting)
        return waiting

    # -- virtual interfaces

    def note_vifs(self) -> None:
        """Note them for whoever goes on with the table after us, before the kernel has them."""
        if self.note is not None:
            thresholds = self.thresholds
            self.note.write(
                {v.number: Place(v.index, thresholds.get(v.number, 1)) for v in self.vifs.values()}
            )

    def _free_number(self) -> int | None:
        taken = {vif.number for vif in self.vifs.values()} | self._retired
        return next((n for n in range(MOST_VIFS) if n not in taken), None)

    def _remove_vif(self, name: str) -> None:
        vif = self.vifs.pop(name)
        self.thresholds.pop(vif.number, None)
        self._retired.add(vif.number)
        self._vif_work.append(self.kernel.vif_removal(vif.number))
        self.note_vifs()
        self._compiled.clear()
        self._steer(remove_rule, name)

    def _steer(self, change: Callable[[Family, str, int], None], name: str) -> None:
        """Change the policy rule by which packets from the interface are looked up here."""
        if self.kernel.table:
            self._in_thread(change, self.kernel.family, name, self.kernel.table)

    def _in_thread(self, function: Callable[..., Any], *arguments: object) -> None:
        self._submit(function, *arguments).addErrback(self._broken)

    def _replan(self) -> None:
        """Plan everything again: an interface or an owner came or went."""
        self._dirty[self._any] = None
        self._dirty.update(dict.fromkeys(self.installed))
        for owner in self._owners:
            self._dirty.update(dict.fromkeys(owner.planned_groups()))
        self._kick()

    # -- batches

    def _kick(self) -> None:
        """Start the next piece of work unless one is under way."""
        while self._busy is None and not self.held:
            if self._vif_work or self._dirty:
                batch = self._next_batch()
                if not batch.operations:
                    continue
                self._busy = self._submit(self.kernel.apply, batch.operations)
                self._busy.addCallback(self._applied, batch)
            elif self._audit_wanted:
                self._audit_wanted = False
                indexes = {vif.number: vif.index for vif in self.vifs.values()}
                self._busy = self._submit(_inspect, self.kernel, indexes)
                self._busy.addCallback(self._compare)
            else:
                self._retired.clear()
                waiting, self._idle = self._idle, []
                for each in waiting:
                    each.callback(None)
                return
            self._busy.addErrback(self._broken)
            self._busy.addCallback(self._finished)

    def _finished(self, _: object) -> None:
        self._busy = None
        self._kick()

    def _broken(self, failure: Any) -> None:
        self.log.failure("the routing thread failed", failure)

    def _next_batch(self) -> Batch:
        batch = Batch()
        for operation in self._vif_work:
            batch.add(operation)
        self._vif_work.clear()
        size = len(self._any)
        for key in list(islice(self._dirty, GROUPS_A_BATCH)):
            del self._dirty[key]
            if len(key) == size:
                self._plan(key, batch)
            else:
                self._plan_source(key[:size], key[size:], batch)
        return batch

    def _plan(self, group: Address, batch: Batch) -> None:
        before = self.installed.get(group, ())
        after = self._wanted(group)
        if after != before:
            self._change(group, before, after, batch)
            self._install(group, after)

    def _plan_source(self, group: Address, source: Address, batch: Batch) -> None:
        """The same for one source alone: there may be many more of the group."""
        known = self.installed.get(group, ())
        before = tuple(entry for entry in known if entry.source == source)
        after = self._wanted(group, source)
        if after != before:
            self._change(group, before, after, batch)
            others = tuple(entry for entry in known if entry.source != source)
            self._install(group, others + after)

    def _install(self, group: Address, entries: Entries) -> None:
        if entries:
            self.installed[group] = entries
        else:
            self.installed.pop(group, None)

    def _change(self, group: Address, before: Entries, after: Entries, batch: Batch) -> None:
        # New entries first, so that nothing wanted is without one in between.
        known = before if len(before) < FEW else frozenset(before)
        for entry in after:
            if entry not in known:
                batch.add(self.kernel.addition(entry.source, group, entry.tail), group)
        if before:
            kept = {(entry.source, entry.parent) for entry in after}
            for entry in before:
                if (entry.source, entry.parent) not in kept:
                    batch.add(self.kernel.removal(entry.source, group, entry.tail), group)

    def _wanted(self, group: Address, source: Address | None = None) -> Entries:
        plans = [plan for owner in self._owners if (plan := owner.plan(group, source))]
        if not plans:
            return ()
        return self._compile(plans[0] if len(plans) == 1 else united(plans))

    def _compile(self, routes: tuple[Route, ...]) -> Entries:
        entries = self._compiled.get(routes)
        if entries is None:
            entries = tuple(e for e in map(self._compile_route, routes) if e is not None)
            if all(route.source == self._any for route in routes):
                self._compiled[routes] = entries  # the plans of most groups are few
        return entries

    def _compile_route(self, route: Route) -> Installed | None:
        parent = self.vifs.get(route.parent)
        if parent is None:
            return None
        outgoing = [self.vifs[name].number for name in route.outgoing if name in self.vifs]
        return self.entry(route.source, parent.number, outgoing)

    def entry(self, source: Address, parent: int, outgoing: Iterable[int]) -> Installed:
        """An entry with these virtual interfaces, as the kernel is given it."""
        tail = self.kernel.route_tail(parent, outgoing, self.thresholds)
        return Installed(source, parent if source == self._any else -1, tail)

    def _applied(self, failures: list[tuple[int, OSError]], batch: Batch) -> None:
        for position, _ in failures:
            group = batch.groups[position]
            if group is not None:
                # Not there: the next change of the group tries again.
                self.installed.pop(group, None)
        if failures:
            self.log.warn(
                "the kernel refused {count} {family} forwarding updates: {reason}",
                family=self.kernel.family.name,
                count=len(failures),
                reason=failures[0][1].strerror,
            )

    # -- audit

    def _compare(self, found: tuple[list[int], list[InstalledRoute]]) -> None:
        """Mend what the kernel has lost or holds differently."""
        missing_vifs, routes = found
        numbers = {vif.index: vif.number for vif in self.vifs.values()}
        actual: set[tuple[Address, Installed]] = set()
        for route in routes:
            parent = numbers.get(route.parent)
            outgoing = [numbers[index] for index in route.outgoing if index in numbers]
            if parent is not None:
                actual.add((route.group, self.entry(route.source, parent, outgoing)))
        lost = 0
        for group, entries in list(self.installed.items()):
            present = tuple(entry for entry in entries if (group, entry) in actual)
            if present != entries:
                lost += len(entries) - len(present)
                self._dirty[group] = None
                if present:
                    self.installed[group] = present
                else:
                    del self.installed[group]
        if lost or missing_vifs:
            self.log.warn(
                "another program changed the {family} multicast routing table {table}: "
                "{vifs} interfaces and {lost} entries are put back",
                family=self.kernel.family.name,
                table=self.kernel.table,
                vifs=len(missing_vifs),
                lost=lost,
            )


def _inspect(
    table: MulticastTable, indexes: dict[int, int]
) -> tuple[list[int], list[InstalledRoute]]:
    """In the routing thread: the vifs that were missing, now made again, and all entries."""
    missing = [number for number, index in indexes.items() if table.restore_vif(number, index)]
    return missing, dump_routes(table.family, table.table)
