"""The groups of one link, with the deadline of each.

Whoever changes a group calls ``store`` or ``reschedule`` afterwards, so that the querier wakes
up when a timer of the group runs out or a query about it is due. The deadlines are shared with
``role``; a group's key is its address.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..deadlines import Deadlines
from ..family import Address
from ..wire.packets import Query
from .effects import Effects
from .group import Group
from .queries import Queries


class GroupTimes:
    """The deadlines of ``groups``, each kept by its group, and of other keys.

    A dictionary of its own would grow in the same turn as that of the groups: with 100,000 groups
    each of them takes 3 to 6 ms for that.
    """

    def __init__(self, groups: Mapping[Address, Group]) -> None:
        self._groups = groups
        self._others: dict[Address, float] = {}

    def __len__(self) -> int:
        return len(self._groups) + len(self._others)

    def get(self, key: Address) -> float | None:
        """The deadline of ``key``; None if it has none."""
        group = self._groups.get(key)
        return self._others.get(key) if group is None else group.scheduled

    def __setitem__(self, key: Address, when: float) -> None:
        group = self._groups.get(key)
        if group is None:
            self._others[key] = when
        else:
            group.scheduled = when

    def __delitem__(self, key: Address) -> None:
        self.pop(key, None)

    def pop(self, key: Address, default: None) -> float | None:
        """Remove and return the deadline of ``key``; None if it has none."""
        group = self._groups.get(key)
        if group is None:
            return self._others.pop(key, default)
        when, group.scheduled = group.scheduled, None
        return when


class GroupTable:
    """The groups that hosts of one link want; ``groups`` maps each address to its state.

    ``source_count`` is how many sources they have in their lists together. ``deadlines`` are
    those of the groups, and of the role.
    """

    def __init__(self, queries: Queries) -> None:
        self.groups: dict[Address, Group] = {}
        self.deadlines: Deadlines[Address] = Deadlines(GroupTimes(self.groups))
        self.source_count = 0
        self._source_counts: dict[Address, int] = {}
        self._queries = queries

    def add(self, address: Address, group: Group, when: float) -> None:
        """Add a new group; the first of its timers runs out at ``when``."""
        self.groups[address] = group
        if group.sources:
            self._count_sources(address, len(group.sources))
        group.scheduled = when
        self.deadlines.push(address, when)

    def store(self, address: Address, group: Group) -> None:
        """Add ``group``, or note that it has changed, and schedule its next event."""
        self.groups[address] = group
        self._count_sources(address, len(group.sources))
        when = group.next_event()
        if when is not None:
            self.deadlines.schedule(address, when)

    def _count_sources(self, address: Address, count: int) -> None:
        before = self._source_counts.get(address, 0)
        if count != before:
            self.source_count += count - before
            self._source_counts[address] = count
            if not count:
                del self._source_counts[address]

    def reschedule(self, address: Address, group: Group) -> None:
        """Schedule the next event of a group whose timers have changed."""
        when = group.next_event()
        if when is not None:
            self.deadlines.schedule(address, when)

    def remove(self, address: Address, effects: Effects) -> None:
        """Remove a group that no host wants any more."""
        self.deadlines.cancel(address)
        del self.groups[address]
        self._count_sources(address, 0)
        effects.changed.append(address)

    def advance(self, address: Address, group: Group, effects: Effects, now: float) -> None:
        """Expire the timers of a group that have run out, and send the queries that are due."""
        before = group.subscription()
        expired = group.expire(now)
        if not group:
            self.remove(address, effects)
            return
        if expired:
            self._count_sources(address, len(group.sources))
        effects.send += self._queries.send_due(address, group, now)
        self.reschedule(address, group)
        if expired and group.subscription() != before:
            effects.changed.append(address)

    def bound_timers(self, earliest: float, latest: float) -> None:
        """Let all groups and sources expire between ``earliest`` and ``latest``."""
        for address, group in self.groups.items():
            group.bound_timers(earliest, latest)
            self.reschedule(address, group)

    def lower_timers(self, query: Query, limit: float) -> None:
        """Lower the timers that the querier's specific ``query`` is about (RFC 9776, 6.6.1)."""
        group = self.groups.get(query.group)
        if group is None or query.suppress:
            return
        if query.sources:
            group.lower_source_timers(query.sources, limit)
        else:
            group.lower_group_timer(limit)
        self.reschedule(query.group, group)

    def cancel_queries(self) -> None:
        """Send no more specific queries: another router is the querier."""
        for group in self.groups.values():
            group.cancel_queries()

    def stop_tracking(self) -> None:
        """Forget the hosts of all groups: hosts that join from now on would be missing."""
        for group in self.groups.values():
            group.stop_tracking()
