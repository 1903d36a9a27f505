"""Explicit tracking: which host wants what of a group (RFC 9776, appendix A.2).

It serves ``immediate-leave``: a stream may be cut without asking when the last host that
reported for it has left. A host that vanishes without a word is forgotten after the
membership interval, as the group's own timers do.

Where not every host can be known, because hosts have no address yet, because they keep
silent when another one reports, or because there are more than the bounds allow, the group
counts as unknowable for as long: then it is asked about, as without tracking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..family import Address
from ..wire.packets import NO_SOURCES, Record, RecordType, Sources

_SAYS_EXCLUDE = (RecordType.MODE_IS_EXCLUDE, RecordType.CHANGE_TO_EXCLUDE_MODE)
_ADDS = (RecordType.MODE_IS_INCLUDE, RecordType.ALLOW_NEW_SOURCES)

SWEEP_INTERVAL = 10.0
"""Seconds at least between looks for hosts of a full table that have gone."""


class Wish(NamedTuple):
    """What a host wants of a group: all of it for a time, and some sources for a time."""

    any_until: float
    sources: Sources
    sources_until: float

    @property
    def until(self) -> float:
        """When it counts no more."""
        return max(self.any_until, self.sources_until)


def as_wish(noted: float | Wish) -> Wish:
    """What a table holds for a host, as a whole wish."""
    return noted if isinstance(noted, Wish) else Wish(noted, NO_SOURCES, 0.0)


class HostTable(dict[Address, "float | Wish"]):
    """The hosts that reported for one group, and what each wants.

    A mere time stands for a host that wants every source until then, which most do. A host
    in EXCLUDE mode counts as one of these: its own list is left out, which can only cause a
    query that was not needed. What it says about single sources counts for the time after.
    """

    __slots__ = ("unknowable_until",)

    def __init__(self) -> None:
        super().__init__()
        self.unknowable_until = 0.0

    def refresh(self, host: Address, until: float) -> bool:
        """``host`` wants any source still; False when that is news, and nothing is noted."""
        if type(self.get(host)) is float:
            self[host] = until
            return True
        return False

    def note(self, host: Address, record: Record, now: float, until: float) -> None:
        """Take in what ``host`` says; it counts ``until`` then unless it says it again."""
        kind, _, listed = record
        if kind in _SAYS_EXCLUDE:
            self[host] = until
            return
        wish = as_wish(self.get(host, 0.0))
        known = wish.sources if wish.sources_until > now else NO_SOURCES
        any_until = wish.any_until
        if kind is RecordType.CHANGE_TO_INCLUDE_MODE:
            any_until, known = 0.0, listed
        else:
            known = known | listed if kind in _ADDS else known - listed
        if known:
            self[host] = Wish(any_until, known, until)
        elif any_until > now:
            self[host] = any_until
        else:
            self.pop(host, None)

    def forget(self, now: float) -> None:
        """Take out hosts of which nothing was heard for too long."""
        for host in [host for host, wish in self.items() if as_wish(wish).until <= now]:
            del self[host]

    def wants_any(self, now: float) -> bool:
        """Whether some host wants the group from any source."""
        return any(as_wish(wish).any_until > now for wish in self.values())

    def wanted(self, now: float) -> dict[Address, float]:
        """The sources that hosts listed, with the time until which that counts."""
        times: dict[Address, float] = {}
        for wish in self.values():
            if isinstance(wish, Wish) and wish.sources_until > now:
                for source in wish.sources:
                    times[source] = max(wish.sources_until, times.get(source, 0.0))
        return times


class LinkHosts:
    """The hosts of a link that are tracked: so many, and so many of a group, at the most.

    ``untracked`` counts reports of those that were not.
    """

    def __init__(self, most: int, most_of_a_group: int) -> None:
        self.most = most
        self.most_of_a_group = most_of_a_group
        self.untracked = 0
        # The same object is the key in the tables of all groups: they are many.
        self._known: dict[Address, tuple[Address, float]] = {}
        self._swept = -SWEEP_INTERVAL

    def __len__(self) -> int:
        return len(self._known)

    def times(self) -> dict[Address, float]:
        """The hosts, as tables of groups name them, and until when each counts."""
        return dict(self._known.values())

    def take_over(self, times: Mapping[Address, float]) -> None:
        """Know these hosts, as ``times`` of another one has them."""
        self._known.update({host: (host, until) for host, until in times.items()})

    def hear(self, host: Address, now: float, until: float) -> Address | None:
        """``host`` reports, and counts ``until`` then; None when it cannot be tracked."""
        if not any(host):
            return None  # any number of hosts, which have no address yet
        known = self._known.get(host)
        if known is None and not self._has_room(now):
            return None
        name = known[0] if known else host
        self._known[name] = (name, until)
        return name

    def note(
        self, table: HostTable, host: Address | None, record: Record, now: float, until: float
    ) -> None:
        """Take in what a host, as ``hear`` named it, says of the group of ``table``."""
        if host is not None and (host in table or self._may_grow(table, now)):
            table.note(host, record, now, until)
        else:
            table.unknowable_until = until
            self.untracked += 1

    def _may_grow(self, table: HostTable, now: float) -> bool:
        # Once it is full nobody is looked for until the doubt is over, lest forged
        # addresses make work.
        if len(table) >= self.most_of_a_group and table.unknowable_until <= now:
            table.forget(now)
        return len(table) < self.most_of_a_group

    def _has_room(self, now: float) -> bool:
        if len(self._known) >= self.most and now >= self._swept + SWEEP_INTERVAL:
            self._swept = now
            for host, until in list(self._known.values()):
                if until <= now:
                    del self._known[host]
        return len(self._known) < self.most
