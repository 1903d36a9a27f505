"""The entries of one kernel table: what owners want, compared with what was installed.

What is wanted is not stored here: owners derive it when they are asked. A group that changed is
planned again, compared with what is installed, and the difference is added to a batch for the
kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from twisted.logger import Logger

from ..linux.mroute.operations import Operations
from ..protocol.family import Address, text
from ..protocol.forwarding.planner import Route
from .dirty import GROUPS_A_BATCH, PLANNING_SLICE, Dirty
from .installed import FEW, InstalledEntries
from .plan import Batch, Entries, Installed, Owner, united
from .vifs import Vifs

_VERY_MANY = 100
"""Sources of a group: as many can be planned in much less than a slice of time."""


class EntryPlanner:
    """Plans the entries of all owners of a table; ``installed`` is what the kernel has."""

    log = Logger()

    def __init__(
        self,
        operations: Operations,
        vifs: Vifs,
        installed: Mapping[Address, Entries] | None = None,
    ) -> None:
        self.installed = InstalledEntries(installed)
        self.owners: list[Owner] = []
        self._operations = operations
        self._vifs = vifs
        self._any = operations.family.unspecified
        self._compiled: dict[tuple[Route, ...], Entries] = {}

    def groups(self) -> Iterator[Address]:
        """All groups that have entries, or may be wanted; the base first.

        Entries and wishes may change while they are taken; who changes them has them planned.
        """
        yield self._any
        yield from list(self.installed)
        for owner in list(self.owners):
            for group in owner.planned_groups():
                if not self.installed.of(group):
                    yield group

    def vifs_changed(self) -> None:
        """Compile plans anew from now on: vifs or their thresholds are different."""
        self._compiled.clear()

    def plan(self, dirty: Dirty, batch: Batch, seconds: Callable[[], float]) -> None:
        """Take what is dirty, and add to ``batch`` what differs; stop after a slice of time.

        At most GROUPS_A_BATCH keys are taken. An error in the plan of one group concerns no
        other group, and no vif of the batch.
        """
        size, many = len(self._any), self.installed.many
        ends = seconds() + PLANNING_SLICE
        for _ in range(GROUPS_A_BATCH):
            if not dirty.keys and not dirty.later:
                return
            key = dirty.take()
            if key is None:
                continue
            try:
                if len(key) > size:
                    self._plan_source(key[:size], key[size:], batch)
                elif key in many and (parts := self._parts(key)):
                    dirty.add_sources(parts)
                else:
                    self._plan_group(key, batch)
            except Exception:
                message = "internal error: the entries of {group} stay as they are"
                self.log.failure(message, group=text(key[:size]))
            if seconds() >= ends:
                return

    def _parts(self, group: Address) -> list[bytes]:
        """The keys of the single sources to plan in place of a group that has very many.

        Empty for other groups: these are planned as a whole, which costs less.
        """
        installed = self.installed.many[group]
        if len(installed) < _VERY_MANY:
            return []
        sources = set(installed)
        for owner in self.owners:
            planned = owner.planned_sources(group)
            if planned is None:
                return []
            sources.update(planned)
        return [group + source for source in sources]

    def _plan_group(self, group: Address, batch: Batch) -> None:
        before = self.installed.of(group)
        one = len(self.owners) == 1
        routes = self.owners[0].plan(group, None) if one else self._united(group, None)
        after = self._compiled.get(routes)
        if after is None:
            after = self._compile(routes)
        if after != before:
            if before:
                batch.before[group] = before
            self._change(group, before, after, batch)
            self.installed.set(group, after)

    def _plan_source(self, group: Address, source: Address, batch: Batch) -> None:
        """Plan one source alone: the group may have many more."""
        before = self.installed.of_source(group, source)
        after = self._compile(self._united(group, source))
        if after != before:
            if before:
                batch.before.setdefault(group + source, before)
            self._change(group, before, after, batch)
            self.installed.set_source(group, source, after)

    def _change(self, group: Address, before: Entries, after: Entries, batch: Batch) -> None:
        # New entries first, so that nothing wanted is without one in between.
        make, operations = self._operations, batch.operations
        known = before if len(before) < FEW else frozenset(before)
        for entry in after:
            if entry not in known:
                operations.append(make.addition(entry.source, group, entry.tail))
        if before:
            kept = {(entry.source, entry.parent) for entry in after}
            for entry in before:
                if (entry.source, entry.parent) not in kept:
                    operations.append(make.removal(entry.source, group, entry.tail))

    def _united(self, group: Address, source: Address | None) -> tuple[Route, ...]:
        """What all owners want together of a group, or of one source of it."""
        plans = [plan for owner in self.owners if (plan := owner.plan(group, source))]
        if len(plans) > 1:
            return united(plans)
        return plans[0] if plans else ()

    def _compile(self, routes: tuple[Route, ...]) -> Entries:
        entries = tuple(e for e in map(self._compile_route, routes) if e is not None)
        if all(route.source == self._any for route in routes):
            self._compiled[routes] = entries  # most groups share a few plans
        return entries

    def _compile_route(self, route: Route) -> Installed | None:
        numbers = self._vifs.numbers
        parent = self._vifs.iif(route.parent)
        if parent is None:
            return None
        outgoing = [numbers[name] for name in route.outgoing if name in numbers]
        return self._vifs.entry(route.source, parent, outgoing)

    # -- when the kernel refuses

    def refuse(self, batch: Batch, position: int) -> Address:
        """The kernel refused an operation on an entry: remember what it has; the group.

        Without a refused addition it has the entry that was to be replaced, or none. After a
        refused removal it still has the entry. The next change of the group tries again.
        """
        source, group, tail = self._operations.read_entry(batch.operations[position])
        known = self.installed.of_source(group, source)
        before = batch.before.get(group + source) or batch.before.get(group, ())
        added = next((e for e in known if e.tail == tail), None)
        if added is None:
            still = tuple(e for e in before if e.source == source and e.tail == tail)
            has = known + still
        else:
            others = tuple(e for e in known if e != added)
            has = others + tuple(e for e in before if e[:2] == added[:2] and e != added)
        self.installed.set_source(group, source, has)
        return group
