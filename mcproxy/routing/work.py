"""The work on one kernel table: batches and audits, one at a time, in the routing thread.

Groups that changed are planned anew, and what differs from the installed entries goes to the
kernel in a batch. What changes meanwhile makes up the next batch. What the kernel refuses is tried
again with a growing wait.

Planning is done in slices of time, so that packets of hosts are not delayed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..events.bus import Events
from ..events.forwarding import RouteRefused
from ..linux.mroute.socket import MulticastTable
from ..protocol.family import Address
from .audit import Expected, Inspection, inspect
from .dirty import PLANNED_AT_ONCE, Dirty
from .entries import EntryPlanner
from .measured import MeasuredBatches
from .plan import Batch, Entries, Failures, VifChange
from .retry_timer import RetryTimer
from .route_events import ROUTES, route_events
from .state import State
from .thread import WorkThread
from .vifs import Vifs

_OPEN = State.OPEN  # the attribute of an Enum costs ten times as much, for each batch


class KernelWork:
    """Brings the kernel's table to what ``entries`` plans and to its ``vifs``.

    ``refused`` counts what the kernel refused, by kind; ``retry`` was armed while it refuses some.
    """

    log = Logger()

    def __init__(
        self,
        kernel: MulticastTable,
        thread: WorkThread,
        clock: IReactorTime,
        events: Events,
        state: State,
        vifs: Vifs,
        entries: EntryPlanner,
    ) -> None:
        self.state = state
        self.refused: Counter[str] = Counter()
        self._kernel = kernel
        self._thread = thread
        self._quiet = thread.quiet_work()
        self._events = events
        self._vifs = vifs
        self._entries = entries
        self._clock = clock
        self._dirty = Dirty()
        self._measured = MeasuredBatches(events)
        self._called: IDelayedCall | None = None
        self._refused_groups: dict[bytes, None] = {}
        self._refused_vifs: set[str] = set()
        self.retry = RetryTimer(clock, self._try_again)
        self._audit_wanted = False
        self._audit_refused = False
        self._busy: Deferred[Any] | None = None
        self._waiting: list[Deferred[None]] = []

    # -- what is to be done

    def plan(self, keys: Iterable[bytes]) -> None:
        """Plan these groups anew."""
        if self._events.latencies is not None:
            self._measured.note()
        self._dirty.add_groups(keys)
        if len(self._dirty.groups) <= PLANNED_AT_ONCE or self.state is not _OPEN:
            self._start()
        elif self._called is None:
            self._called = self._clock.callLater(0, self._go_on)

    def plan_later(self, whose: Hashable, keys: Iterator[bytes]) -> None:
        """Plan very many groups anew, which are taken only in their turn.

        These are in place of those that were to be planned for ``whose`` before.
        """
        if self._events.latencies is not None:
            self._measured.note()
        self._dirty.later[whose] = keys
        self._start()

    def plan_source(self, group: Address, source: Address) -> None:
        """Plan one source of a group anew, after all groups."""
        self._dirty.add_sources((group + source,))
        self._start()

    def plan_all(self) -> None:
        """Plan everything anew: a vif or an owner came or went."""
        self._entries.vifs_changed()
        self._dirty.later.clear()
        self.plan_later(self, self._entries.groups())

    def audit(self) -> None:
        """Compare the kernel's table with what was installed, and mend it."""
        self._audit_wanted = True
        self._start()

    def open(self) -> None:
        """From HELD to OPEN."""
        self.state = State.OPEN
        if self._vifs.refused():
            self.retry.arm()
        self.plan_all()

    def close(self) -> Deferred[None]:
        """Start nothing any more; fires when the work under way has ended: CLOSED."""
        self.state = State.CLOSED
        self._dirty.clear()
        self.retry.close()
        if self._called is not None:
            self._called.cancel()
            self._called = None
            if self._busy is None:
                self._fire_waiting()
        return self.when_idle()

    def when_idle(self) -> Deferred[None]:
        """Fires once everything is in the kernel."""
        if self._busy is not None and self._quiet.has_ended():
            self._busy = None
        if self._busy is None and self._called is None:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        return waiting

    # -- one piece of work after the other

    def _start(self) -> None:
        """Start the next piece of work unless one is under way."""
        if self._busy is not None and self._quiet.has_ended():
            self._busy = None
        dirty, vifs = self._dirty, self._vifs
        while self._busy is None and self._called is None and self.state is _OPEN:
            if dirty.keys or dirty.later or vifs.pending:
                batch = Batch(vifs.take_pending() if vifs.pending else [])
                self._entries.plan(dirty, batch, self._clock.seconds)
                if batch.operations:
                    self._apply(batch)
                elif dirty.keys or dirty.later:
                    self._called = self._clock.callLater(0, self._go_on)
            elif self._audit_wanted:
                self._audit_wanted = False
                expected = Expected.now(self._kernel, self._entries.installed, vifs)
                self._busy = self._thread.submit(inspect, self._kernel, expected)
                self._busy.addCallbacks(self._mend, self._audit_failed, (vifs.version,))
                self._busy.addErrback(self._failed).addCallback(self._finished)
            else:
                vifs.retired.free()
                self._measured.forget()
                if self.retry.was_armed:
                    self._forget_accepted()
                self._fire_waiting()
                return

    def _apply(self, batch: Batch) -> None:
        """Hand a batch to the kernel, quietly where nobody waits for the end."""
        is_last = not self._dirty.keys and not self._dirty.later
        more = not is_last or self._audit_wanted or self._waiting
        vifs = batch.vifs or self._vifs.retired.indexes
        tells = not ROUTES.isdisjoint(self._events.wanted)
        apply = self._kernel.apply
        if self._events.latencies is not None:
            apply = self._measured.measure(apply, is_last=is_last)
        work = self._thread if more or vifs or tells or self.retry.was_armed else self._quiet
        self._busy = done = work.submit(apply, batch.operations)
        done.addBoth(self._batch_ended, batch, tells)  # one callback: there is a batch a join

    def _batch_ended(self, result: Failures | Failure, batch: Batch, tells: bool) -> None:
        try:
            if isinstance(result, Failure):
                self._failed(result)
            elif result or tells:
                self._applied(result, batch, tells)
        except Exception:
            self._failed(Failure())  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._finished(None)

    def _go_on(self) -> None:
        self._called = None
        self._start()

    def _finished(self, _: object) -> None:
        self._busy = None
        if self.state is _OPEN:
            self._start()
        else:
            self._fire_waiting()

    def _fire_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(None)

    def _failed(self, failure: Failure) -> None:
        message = "internal error: work on the {family} table {table} failed"
        self.log.failure(
            message, failure, family=self._kernel.family.name, table=self._kernel.table
        )

    # -- what came of it

    def _applied(self, failures: Failures, batch: Batch, tells: bool) -> None:
        if tells:
            failed = {position for position, _ in failures}
            for event in route_events(self._kernel, self._vifs, batch, failed):
                self._events.tell(event)
        if not failures or self.state is State.CLOSED:
            return
        refused = [(n, error) for n, error in failures if n >= len(batch.vifs)]
        groups = [self._entries.refuse(batch, position) for position, _ in refused]
        self._refused_groups.update(dict.fromkeys(groups))
        self.refused["entry"] += len(groups)
        self.refused["vif"] += len(failures) - len(refused)
        if groups and not self.retry.was_armed:
            told = RouteRefused(
                count=len(groups),
                family=self._kernel.family.name,
                table=self._kernel.table,
                group=groups[0],
                reason=str(refused[0][1].strerror),
            )
            self._events.tell(told)
        self.retry.arm()
        for position, error in failures[: len(failures) - len(refused)]:
            self._refuse_vif(batch.vifs[position], error)

    def _refuse_vif(self, change: VifChange, error: OSError) -> None:
        name = self._vifs.refuse(change)
        if name is not None:
            self.plan_all()
            if name in self._refused_vifs:
                return  # it was logged before
            self._refused_vifs.add(name)
            message = (
                "the kernel refused {interface} as an interface of the {family} table {table}: "
                "{reason}; nothing is forwarded there until the kernel accepts it; this is tried "
                "again"
            )
        elif not change.is_addition and self.retry.is_first:
            message = (
                "the kernel did not remove vif {vif} from the {family} table {table}: {reason}; "
                "this is tried again"
            )
        else:
            return  # logged before, or nobody uses it any more
        self.log.warn(
            message,
            vif=change.number,
            interface=name,
            family=self._kernel.family.name,
            table=self._kernel.table,
            reason=error.strerror,
        )

    def _audit_failed(self, failure: Failure) -> None:
        """Audit again later where the kernel could not be read."""
        failure.trap(OSError)  # type: ignore[no-untyped-call]  # untyped in Twisted
        if self.state is State.CLOSED:
            return
        if not self.retry.was_armed:
            self.log.warn(
                "cannot read the {family} multicast routing table {table}: {reason}; this is "
                "tried again",
                family=self._kernel.family.name,
                table=self._kernel.table,
                reason=failure.value,
            )
        self._audit_refused = True
        self.retry.arm()

    # -- what was refused

    def _try_again(self) -> None:
        """Ask the kernel once more for what it refused."""
        groups, self._refused_groups = self._refused_groups, {}
        self._audit_wanted = self._audit_wanted or self._audit_refused
        self._audit_refused = False
        self._dirty.add_groups(groups)
        if self._vifs.retry_all():
            self.plan_all()
        else:
            self._start()

    def _forget_accepted(self) -> None:
        """The kernel has all that was asked for, except what waits to be tried again."""
        refused = self._vifs.refused()
        self._refused_vifs.intersection_update(refused)
        if refused or self._refused_groups or self._audit_refused or self._vifs.retired.not_removed:
            return
        self.retry.reset()
        self.log.info(
            "the kernel accepted all changes of the {family} table {table} that it had refused",
            family=self._kernel.family.name,
            table=self._kernel.table,
        )

    def _mend(self, found: Inspection, version: int) -> None:
        """Put back what the kernel has lost or holds differently.

        ``version`` is that of the vifs when the audit began. The entries of a link that goes
        are no damage: where vifs have changed, the table is read again once entries fit them.
        """
        if self.state is State.CLOSED:
            return
        accepted = [number for number in found.restored if self._vifs.accept(number)]
        lacking = [number for number in found.lacking if self._vifs.lack(number)]
        if accepted or lacking:
            self.plan_all()
        if lacking or version != self._vifs.version:
            self._audit_wanted = True
            lost = 0
        else:
            lost = self._forget_damaged(found.damaged)
        if lost or len(found.restored) > len(accepted):
            self.log.warn(
                "another program changed the {family} multicast routing table {table}: "
                "{vifs} interfaces and {lost} entries are put back",
                family=self._kernel.family.name,
                table=self._kernel.table,
                vifs=len(found.restored) - len(accepted),
                lost=lost,
            )

    def _forget_damaged(self, damaged: Mapping[Address, Entries]) -> int:
        """Plan anew what the kernel lacks or holds differently; how many entries that are."""
        lost, installed = 0, self._entries.installed
        for group, present in damaged.items():
            lost += len(installed[group]) - len(present)
            installed.set(group, present)
            self._dirty.add_groups((group,))
        return lost
