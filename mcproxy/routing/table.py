"""One kernel table: what its owners want is kept installed, in batches.

Groups that changed are planned anew, and what differs from the installed entries goes to the
kernel in a batch, in the routing thread. One piece of work is under way at a time; what
changes meanwhile makes up the next.

A table is in one of three states. HELD: it was adopted, its owners have not said yet what they
want, and nothing in the kernel is changed. OPEN: it is kept as its owners want it. CLOSED: it
goes back to the kernel; whatever comes late is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import islice
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.socket import MulticastTable
from ..protocol.family import Address, text
from .audit import Inspection, damaged_groups, inspect
from .entries import EntryPlanner
from .plan import Batch, Entries, Owner, VifChange
from .rules import PolicyRules, Submit
from .vifs import Vifs

GROUPS_A_BATCH = 1000


class State(Enum):
    """What a table does with what its owners want."""

    HELD = "held"
    OPEN = "open"
    CLOSED = "closed"


class ForwardingTable:
    """One kernel table of one family, for the proxy instances that own entries in it.

    ``vifs`` are its virtual interfaces, ``rules`` its policy rules, ``installed`` its entries
    by group.
    """

    log = Logger()

    def __init__(
        self,
        kernel: MulticastTable,
        submit: Submit,
        vifs: Vifs | None = None,
        installed: Mapping[Address, Entries] | None = None,
        state: State = State.OPEN,
    ) -> None:
        self.kernel = kernel
        self.state = state
        self.vifs = Vifs(kernel) if vifs is None else vifs
        self.rules = PolicyRules(kernel.family, kernel.table, submit, self.vifs)
        self._entries = EntryPlanner(kernel, self.vifs, installed)
        self._submit = submit
        self._dirty: dict[bytes, None] = {}
        self._audit_wanted = False
        self._busy: Deferred[Any] | None = None
        self._waiting: list[Deferred[None]] = []

    @classmethod
    def adopt(
        cls,
        kernel: MulticastTable,
        submit: Submit,
        vifs: Vifs,
        installed: Mapping[Address, Entries],
    ) -> ForwardingTable:
        """A table that a previous process filled; it is HELD until ``release_hold``."""
        return cls(kernel, submit, vifs, installed, State.HELD)

    @property
    def installed(self) -> Mapping[Address, Entries]:
        """The entries that the kernel has, by group."""
        return self._entries.installed

    # -- what owners ask for

    def attach(self, owner: Owner) -> None:
        """Install what ``owner`` wants from now on."""
        self._entries.owners.append(owner)
        self._replan()

    def detach(self, owner: Owner) -> None:
        """Take away what ``owner`` alone wanted, its interfaces included."""
        self._entries.owners.remove(owner)
        for name in self.vifs.used_by(owner):
            self.release(name, owner)
        self._replan()

    def acquire(self, name: str, index: int, owner: Owner) -> bool:
        """Make the interface a vif, for ``owner``; False when the table has no room.

        A vif that the kernel refused before is tried again.
        """
        known = self.vifs.get(name)
        if known is not None and known.index != index:
            self._remove_vif(name)  # deleted and made again: entries know it by number only
            known = None
        if known is None:
            known = self.vifs.add(name, index)
            if known is None:
                return False
            self.rules.add(name)
            self._replan()
        elif self.vifs.retry(name):
            self._replan()
        if owner not in known.users:
            known.users.append(owner)
        return True

    def set_threshold(self, name: str, ttl: int) -> None:
        """Let only packets with a TTL above this out of the interface, which is a vif."""
        if self.vifs.set_threshold(name, ttl):
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
        self._work()

    def source_changed(self, group: Address, source: Address) -> None:
        """The same for one source of a group alone."""
        self._dirty[group + source] = None
        self._work()

    def counters(self) -> Deferred[list[InstalledRoute]]:
        """All entries of the kernel, with what it counted for each.

        OSError; CancelledError when the table is closed before the answer comes.
        """
        if self.state is State.CLOSED:
            return fail(CancelledError())
        asked: Deferred[list[InstalledRoute]] = self._submit(
            dump_routes, self.kernel.family, self.kernel.table
        )
        return asked.addCallback(self._unless_closed)

    def _unless_closed(self, routes: list[InstalledRoute]) -> list[InstalledRoute]:
        if self.state is State.CLOSED:
            raise CancelledError
        return routes

    def vif_name(self, number: int) -> str | None:
        """The interface that is vif ``number``."""
        return self.vifs.name_of(number)

    # -- what the kernel reports

    def entry_removed(self, source: Address, group: Address) -> None:
        """The kernel lost an entry: audit the table unless we removed it ourselves."""
        if any(entry.source == source for entry in self.installed.get(group, ())):
            self.audit()

    def vif_removed(self, index: int) -> None:
        """The kernel lost a vif on the interface with this index, maybe ours."""
        if self.vifs.has_index(index):
            self.audit()

    def audit(self) -> None:
        """Compare the kernel's table with what was installed, and mend it."""
        self._audit_wanted = True
        self._work()

    # -- states

    def release_hold(self) -> None:
        """Owners have said what they want: from HELD to OPEN."""
        if self.state is State.HELD:
            self.state = State.OPEN
            for name in self.vifs.unused():
                self._remove_vif(name)
            self._replan()

    def close(self) -> Deferred[Any]:
        """Let the work under way end, and give the table back to the kernel: CLOSED."""
        self.state = State.CLOSED
        self._dirty.clear()
        self.rules.close()
        return self.when_idle().addCallback(lambda _: self._give_back())

    def _give_back(self) -> Deferred[Any]:
        self.vifs.close_record()
        return self._submit(self.kernel.close)

    def when_idle(self) -> Deferred[None]:
        """Fires once everything asked for is in the kernel."""
        if self._busy is None:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        return waiting

    # -- work

    def _remove_vif(self, name: str) -> None:
        self.vifs.remove(name)
        self.rules.remove(name)

    def _replan(self) -> None:
        """Plan everything again: an interface or an owner came or went."""
        self._entries.vifs_changed()
        self._dirty.update(self._entries.groups())
        self._work()

    def _work(self) -> None:
        """Start the next piece of work unless one is under way."""
        while self._busy is None and self.state is State.OPEN:
            if self._dirty or self.vifs.pending:
                batch = self._next_batch()
                if not batch.operations:
                    continue
                self._busy = self._submit(self.kernel.apply, batch.operations)
                self._busy.addCallback(self._applied, batch)
            elif self._audit_wanted:
                self._audit_wanted = False
                self._busy = self._submit(inspect, self.kernel, self.vifs.indexes())
                self._busy.addCallback(self._mend)
            else:
                self.vifs.free_retired()
                self._tell_waiting()
                return
            self._busy.addErrback(self._failed)
            self._busy.addCallback(self._finished)

    def _next_batch(self) -> Batch:
        vifs = self.vifs
        batch = Batch(vifs.take_pending() if vifs.pending else [])
        keys = list(islice(self._dirty, GROUPS_A_BATCH))
        for key in keys:
            del self._dirty[key]
        self._entries.plan(keys, batch)
        return batch

    def _finished(self, _: object) -> None:
        self._busy = None
        if self.state is State.CLOSED:
            self._tell_waiting()
        else:
            self._work()

    def _tell_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(None)

    def _failed(self, failure: Failure) -> None:
        told = "internal error: work on the {family} table {table} failed"
        self.log.failure(told, failure, family=self.kernel.family.name, table=self.kernel.table)

    # -- what came of it

    def _applied(self, failures: list[tuple[int, OSError]], batch: Batch) -> None:
        if not failures or self.state is State.CLOSED:
            return
        refused = [(n, error) for n, error in failures if n >= len(batch.vifs)]
        groups = [self._entries.refuse(batch, position) for position, _ in refused]
        if groups:
            self.log.warn(
                "the kernel refused {count} changes of entries in the {family} table {table}, "
                "first for {group}: {reason}; each is tried again when its group changes",
                count=len(groups),
                family=self.kernel.family.name,
                table=self.kernel.table,
                group=text(groups[0]),
                reason=refused[0][1].strerror,
            )
        for position, error in failures[: len(failures) - len(refused)]:
            self._refuse_vif(batch.vifs[position], error)

    def _refuse_vif(self, change: VifChange, error: OSError) -> None:
        name = self.vifs.refuse(change)
        if name is not None:
            self._replan()
            told = (
                "the kernel refused {interface} as an interface of the {family} table {table}: "
                "{reason}; nothing is forwarded there until its link changes"
            )
        elif not change.is_addition:
            told = "the kernel did not remove vif {vif} from the {family} table {table}: {reason}"
        else:
            return  # nobody uses it any more
        self.log.warn(
            told,
            vif=change.number,
            interface=name,
            family=self.kernel.family.name,
            table=self.kernel.table,
            reason=error.strerror,
        )

    def _mend(self, found: Inspection) -> None:
        """Put back what the kernel has lost or holds differently."""
        if self.state is State.CLOSED:
            return
        accepted = [number for number in found.restored if self.vifs.accept(number)]
        if accepted:
            self._replan()
        lost = 0
        for group, present in damaged_groups(self.installed, self.vifs, found.routes).items():
            lost += len(self.installed[group]) - len(present)
            self._entries.install(group, present)
            self._dirty[group] = None
        if lost or len(found.restored) > len(accepted):
            self.log.warn(
                "another program changed the {family} multicast routing table {table}: "
                "{vifs} interfaces and {lost} entries are put back",
                family=self.kernel.family.name,
                table=self.kernel.table,
                vifs=len(found.restored) - len(accepted),
                lost=lost,
            )
