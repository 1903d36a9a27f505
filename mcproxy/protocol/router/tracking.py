"""Explicit tracking: which host wants what of a group (RFC 9776, appendix A.2).

Fast leave needs it: forwarding may stop without a query when the last host that reported
the group has left. A host that disappears without a leave is removed after the group
membership interval, as the group's own timers do it.

Some hosts cannot be tracked: they have no address yet, they stay silent when another host
reports, or there are more of them than the limits allow. A group with such hosts is marked
unknowable for the membership interval; in this time it is queried as without tracking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..family import Address
from ..wire.packets import NO_SOURCES, Record, RecordType, Sources

_SAYS_EXCLUDE = (RecordType.MODE_IS_EXCLUDE, RecordType.CHANGE_TO_EXCLUDE_MODE)
_ADDS = (RecordType.MODE_IS_INCLUDE, RecordType.ALLOW_NEW_SOURCES)

SWEEP_INTERVAL = 10.0
"""Shortest time in seconds between two searches of a full table for expired hosts."""


class HostMembership(NamedTuple):
    """What a host wants of a group: any source until ``any_until``, and listed sources."""

    any_until: float
    sources: Sources
    sources_until: float

    @property
    def until(self) -> float:
        """When the membership expires."""
        return max(self.any_until, self.sources_until)


def as_membership(entry: float | HostMembership) -> HostMembership:
    """Normalise: a bare expiry time means any source until then."""
    return entry if isinstance(entry, HostMembership) else HostMembership(entry, NO_SOURCES, 0.0)


class HostTable(dict[Address, "float | HostMembership"]):
    """The hosts that reported one group, and what each wants.

    A bare expiry time stands for a host that wants any source until then; most hosts do. A
    host in EXCLUDE mode counts as such: its list of blocked sources is not kept, which can only
    cause a needless query. ``unknowable_until`` is when all hosts of the group are known again.
    """

    __slots__ = ("unknowable_until",)

    def __init__(self, unknowable_until: float = 0.0) -> None:
        super().__init__()
        self.unknowable_until = unknowable_until

    def refresh(self, host: Address, until: float) -> bool:
        """``host`` still wants any source; False if the table does not have it so."""
        if type(self.get(host)) is float:
            self[host] = until
            return True
        return False

    def note(self, host: Address, record: Record, now: float, until: float) -> None:
        """Apply a record of ``host``; it counts ``until`` then unless the host repeats it."""
        kind, _, listed = record
        if kind in _SAYS_EXCLUDE:
            self[host] = until
            return
        before = as_membership(self.get(host, 0.0))
        known = before.sources if before.sources_until > now else NO_SOURCES
        any_until = before.any_until
        if kind is RecordType.CHANGE_TO_INCLUDE_MODE:
            any_until, known = 0.0, listed
        else:
            known = known | listed if kind in _ADDS else known - listed
        if known:
            self[host] = HostMembership(any_until, known, until)
        elif any_until > now:
            self[host] = any_until
        else:
            self.pop(host, None)

    def mark_unknowable(self, until: float) -> None:
        """The group has hosts that are not tracked, ``until`` then."""
        self.unknowable_until = until

    def expire(self, now: float) -> None:
        """Remove the hosts whose membership has expired."""
        for host in [host for host, entry in self.items() if as_membership(entry).until <= now]:
            del self[host]

    def wants_any(self, now: float) -> bool:
        """Whether a host wants the group from any source."""
        return any(as_membership(entry).any_until > now for entry in self.values())

    def wanted(self, now: float) -> dict[Address, float]:
        """The sources that hosts list, with the latest time until which a host wants each."""
        times: dict[Address, float] = {}
        for entry in self.values():
            if isinstance(entry, HostMembership) and entry.sources_until > now:
                for source in entry.sources:
                    times[source] = max(entry.sources_until, times.get(source, 0.0))
        return times


class TrackedHost:
    """A tracked host: it counts ``until`` then, and spoke ``version`` last, None if unknown."""

    __slots__ = ("address", "until", "version")

    def __init__(self, address: Address, until: float, version: int | None = None) -> None:
        self.address = address
        self.until = until
        self.version = version


class LinkHosts:
    """The tracked hosts of a link: at most ``most``, and ``most_of_a_group`` in one group.

    ``untracked`` counts the reports of hosts that could not be tracked.
    """

    def __init__(self, most: int, most_of_a_group: int) -> None:
        self.untracked = 0
        self.most = most
        self.most_of_a_group = most_of_a_group
        # The tables of all groups use the same address object as key, to save memory.
        self._known: dict[Address, TrackedHost] = {}
        self._swept = -SWEEP_INTERVAL

    def is_tracked(self, host: Address, now: float) -> bool:
        """Whether reports of ``host`` still count."""
        known = self._known.get(host)
        return known is not None and known.until > now

    def times(self) -> dict[Address, float]:
        """The hosts, by the address object that groups use, and until when each counts."""
        return {known.address: known.until for known in self._known.values()}

    def current(self, now: float) -> dict[Address, TrackedHost]:
        """The hosts that count now, by address."""
        return {address: host for address, host in self._known.items() if host.until > now}

    def count(self, now: float) -> int:
        """How many hosts count now."""
        return sum(host.until > now for host in self._known.values())

    def set_limits(self, most: int, most_of_a_group: int) -> None:
        """Use other limits from now on; hosts above them stay until they expire."""
        self.most, self.most_of_a_group = most, most_of_a_group

    def restore(self, times: Mapping[Address, float]) -> None:
        """Add hosts, each with the time until which it counts, as ``times`` returns them."""
        self._known.update({host: TrackedHost(host, until) for host, until in times.items()})

    def register(
        self, host: Address, now: float, until: float, version: int | None = None
    ) -> Address | None:
        """Note that ``host`` reports in ``version``, and counts ``until`` then.

        A ``version`` of None is one that the message does not tell. Return the address object to
        use as key in the tables of groups; None if the host cannot be tracked.
        """
        if not any(host):
            return None  # several hosts that have no address yet may send from it
        known = self._known.get(host)
        if known is None and not self._has_room(now):
            return None
        if known is None:
            known = self._known[host] = TrackedHost(host, until)
        known.until = until
        known.version = version or known.version
        return known.address

    def note(
        self, table: HostTable, host: Address | None, record: Record, now: float, until: float
    ) -> None:
        """Apply a record of a host to the group of ``table``.

        ``host`` is what ``register`` returned.
        """
        if host is not None and (host in table or self._may_grow(table, now)):
            table.note(host, record, now, until)
        else:
            table.mark_unknowable(until)
            self.untracked += 1

    def _may_grow(self, table: HostTable, now: float) -> bool:
        # A full table is searched for expired hosts once in a membership interval, so that
        # reports with forged addresses cannot cause a search each.
        if len(table) >= self.most_of_a_group and table.unknowable_until <= now:
            table.expire(now)
        return len(table) < self.most_of_a_group

    def _has_room(self, now: float) -> bool:
        if len(self._known) >= self.most and now >= self._swept + SWEEP_INTERVAL:
            self._swept = now
            for host in list(self._known.values()):
                if host.until <= now:
                    del self._known[host.address]
        return len(self._known) < self.most
