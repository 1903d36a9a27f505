"""One kernel table: what its owners want is kept installed.

Owners say that something changed ("mark dirty"), and are asked what they want then ("pull").
A table is HELD, OPEN or CLOSED (``state.State``).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IReactorTime

from ..events.bus import Events
from ..linux.mroute.dump import InstalledRoute, dump_routes
from ..linux.mroute.socket import Counters, MulticastTable
from ..protocol.family import Address
from .entries import EntryPlanner
from .installed import InstalledEntries
from .plan import Entries, Owner
from .rules import PolicyRules
from .state import State
from .thread import WorkThread
from .vifs import Vifs
from .work import KernelWork


class ForwardingTable:
    """One kernel table of one family, for the proxy instances that own entries in it.

    ``vifs`` are its virtual interfaces, ``rules`` its policy rules, ``installed`` its entries
    by group. ``retry`` was armed while the kernel refuses some change. Owners call ``changed``
    with groups for which they may want something else; the unspecified one is the base. It is a
    method of the table's work, as one between them would cost 5 us for each join.
    """

    def __init__(
        self,
        kernel: MulticastTable,
        thread: WorkThread,
        clock: IReactorTime,
        events: Events,
        vifs: Vifs | None = None,
        installed: Mapping[Address, Entries] | None = None,
        state: State = State.OPEN,
    ) -> None:
        self.kernel = kernel
        self.vifs = Vifs(kernel) if vifs is None else vifs
        self.rules = PolicyRules(
            kernel.family, kernel.table, thread.submit, clock, self.vifs.by_name
        )
        self._entries = EntryPlanner(kernel, self.vifs, installed)
        self._work = KernelWork(kernel, thread, clock, events, state, self.vifs, self._entries)
        self.changed = self._work.plan
        self.retry = self._work.retry
        self._thread = thread

    @classmethod
    def adopt(
        cls,
        kernel: MulticastTable,
        thread: WorkThread,
        clock: IReactorTime,
        events: Events,
        vifs: Vifs,
        installed: Mapping[Address, Entries],
    ) -> ForwardingTable:
        """A table that a previous process filled; it is HELD until ``release_hold``."""
        return cls(kernel, thread, clock, events, vifs, installed, State.HELD)

    @property
    def state(self) -> State:
        """HELD, OPEN or CLOSED."""
        return self._work.state

    @property
    def installed(self) -> InstalledEntries:
        """The entries that the kernel has, by group."""
        return self._entries.installed

    @property
    def refused(self) -> Mapping[str, int]:
        """How many changes the kernel refused, by kind: entry, vif, rule."""
        return {**self._work.refused, "rule": self.rules.refused}

    # -- what owners ask for

    def attach(self, owner: Owner) -> None:
        """Install what ``owner`` wants from now on."""
        self._entries.owners.append(owner)
        self._work.plan_all()

    def detach(self, owner: Owner) -> None:
        """Take away what ``owner`` alone wanted, its interfaces included."""
        self._entries.owners.remove(owner)
        for name in [name for name, vif in self.vifs.by_name.items() if owner in vif.users]:
            self.release(name, owner)
        self._work.plan_all()

    def acquire(self, name: str, index: int, owner: Owner) -> bool:
        """Make the interface a vif, for ``owner``; False when the table has no room.

        Unless the table ``is_full`` there is room again when it is idle. A vif that the kernel
        refused before is tried again.
        """
        known = self.vifs.by_name.get(name)
        if known is not None and known.index != index:
            self._remove_vif(name)  # deleted and made again: entries know it by number only
            known = None
        if known is None:
            known = self.vifs.rename_unused(index, name)
        if known is None:
            known = self.vifs.add(name, index)
            if known is None:
                return False
            self.rules.add(name)
            self._work.plan_all()
        elif self.vifs.retry(name):
            self._work.plan_all()
        if owner not in known.users:
            known.users.append(owner)
        return True

    @property
    def is_full(self) -> bool:
        """Whether it has no room for another vif, and will have none when it is idle."""
        return self.vifs.is_full

    def set_threshold(self, name: str, ttl: int) -> None:
        """Let only packets with a TTL above this out of the interface, which is a vif."""
        if self.vifs.set_threshold(name, ttl):
            self._work.plan_all()

    def release(self, name: str, owner: Owner) -> None:
        """``owner`` uses the interface no longer; the last one's release removes the vif."""
        known = self.vifs.by_name.get(name)
        if known is None or owner not in known.users:
            return
        known.users.remove(owner)
        if not known.users:
            self._remove_vif(name)
            self._work.plan_all()

    def _remove_vif(self, name: str) -> None:
        self.vifs.remove(name)
        self.rules.remove(name)

    def all_changed(self, whose: Hashable, groups: Iterator[Address]) -> None:
        """As ``changed``, for very many groups, which are taken only in their turn.

        These are in place of those that were given for ``whose`` before.
        """
        self._work.plan_later(whose, groups)

    def source_changed(self, group: Address, source: Address) -> None:
        """Owners may want something else for one source of a group alone; groups go first."""
        self._work.plan_source(group, source)

    def counters(self) -> Deferred[list[InstalledRoute]]:
        """All entries of the kernel, with what it counted for each.

        OSError; CancelledError when the table is closed before the answer comes.
        """
        if self.state is State.CLOSED:
            return fail(CancelledError())
        asked: Deferred[list[InstalledRoute]] = self._thread.submit(
            dump_routes, self.kernel.family, self.kernel.table
        )
        return asked.addCallback(self._unless_closed)

    def _unless_closed(self, routes: list[InstalledRoute]) -> list[InstalledRoute]:
        if self.state is State.CLOSED:
            raise CancelledError
        return routes

    def entry_counters(self, source: Address, group: Address) -> Counters | None:
        """What the kernel counted for one entry, read at once; None if it has no such entry.

        OSError. A table that is closed has no entries.
        """
        if self.state is State.CLOSED:
            return None
        return self.kernel.counters(source, group)

    def vif_name(self, number: int) -> str | None:
        """The interface that is vif ``number``."""
        return self.vifs.name_of(number)

    # -- what the kernel reports

    def entry_removed(self, source: Address, group: Address) -> None:
        """The kernel lost an entry: audit the table unless we removed it ourselves."""
        if self._entries.installed.of_source(group, source):
            self.audit()

    def vif_removed(self, index: int) -> None:
        """The kernel lost a vif on the interface with this index, maybe ours."""
        if self.vifs.has_index(index):
            self.audit()

    def audit(self) -> None:
        """Compare the kernel's table with what was installed, and mend it."""
        self._work.audit()

    # -- states

    def release_hold(self) -> None:
        """Owners have said what they want: from HELD to OPEN."""
        if self.state is State.HELD:
            for name in [name for name, vif in self.vifs.by_name.items() if not vif.users]:
                self._remove_vif(name)
            self._work.open()

    def close(self) -> Deferred[Any]:
        """Let the work under way end, and give the table back to the kernel: CLOSED."""
        self.rules.close()

        def give_back(_: None) -> Deferred[Any]:
            self.vifs.close_record()
            return self._thread.submit(self.kernel.close)

        return self._work.close().addCallback(give_back)

    def when_idle(self) -> Deferred[None]:
        """Fires once everything asked for is in the kernel."""
        return self._work.when_idle()
