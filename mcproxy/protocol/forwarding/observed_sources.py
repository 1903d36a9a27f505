"""Observed sources: learned one by one, bounded, and forgotten when they are idle.

Only source-by-source forwarding needs this. There anybody who sends can make the proxy learn a
source, so each interface has a limit. At the limit the interface is *full*: the kernel is to
drop data of unknown sources there instead of asking about each.

The kernel's packet counters show which sources still send. One cycle of the machine is:

    idle --note: first source--> waiting --advance: deadline--> reading --counted--> waiting
      ^                             |                              |
      |                             |                              +--not_counted--> waiting
      +--nothing is observed--------+

The owner calls ``advance`` at ``next_deadline``; where that returns True it reads the counters
and passes them to ``counted``, or reports the failure by ``not_counted``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..family import Address

MOST_SOURCES = 4096
"""Sources, counted for each group that they send to, on one interface."""

IDLE_TIME = 210.0
"""Seconds without a packet after which a source is forgotten (RFC 7761's entries, 4.11)."""

UNWANTED_IDLE_TIME = 30.0
"""The same for a source that is forwarded to nobody: forgetting it only makes room."""

Channel = tuple[Address, Address]
"""A source and the group that it sends to."""


class Outcome(Enum):
    """What ``note`` did with a source."""

    ACCEPTED = "accepted"
    NOW_FULL = "now full"
    """Refused, as the first one: the interface is full from now on."""
    REFUSED = "refused"
    """Refused, as others before it."""


class Changes(NamedTuple):
    """What the counters showed.

    ``forgotten`` are the sources that were forgotten, with their groups. In the groups ``silent``
    an upstream stopped delivering: the other upstreams must be asked again. The interfaces
    ``freed`` are full no longer.
    """

    forgotten: tuple[Channel, ...] = ()
    silent: tuple[Address, ...] = ()
    freed: frozenset[str] = frozenset()


@dataclass(slots=True)
class Heard:
    """A source that sends to a group: its incoming interface, packets counted, last activity."""

    arrival: str
    packets: int
    when: float


class ObservedSources:
    """The sources of one proxy instance and family, by group.

    ``interval`` is in seconds, between readings of the counters. ``stops_delivering`` is called
    with each source and group that sent nothing for an interval; it returns whether an upstream
    delivered it exclusively, which ends thereby. ``full`` names the full interfaces, and
    ``refused`` counts refused sources by interface.
    """

    def __init__(
        self,
        interval: float,
        stops_delivering: Callable[[Address, Address], bool],
        most: int = MOST_SOURCES,
    ) -> None:
        self.groups: dict[Address, dict[Address, Heard]] = {}
        self.full: frozenset[str] = frozenset()
        self.refused: Counter[str] = Counter()
        self._interval = interval
        self._stops_delivering = stops_delivering
        self._most = most
        self._counts: Counter[str] = Counter()
        self._deadline: float | None = None
        self._reading = False

    def __len__(self) -> int:
        return self._counts.total()

    def of(self, group: Address) -> Mapping[Address, Heard]:
        """The sources that send to ``group``."""
        return self.groups.get(group, {})

    def has_room(self, interface: str) -> bool:
        """Whether one more source can be learned there."""
        return self._counts[interface] < self._most

    def set_interval(self, interval: float) -> None:
        """Read the counters at this interval, beginning after the next reading."""
        self._interval = interval

    # -- data

    def note(self, source: Address, group: Address, arrival: str, now: float) -> Outcome:
        """Data of ``source`` came in on ``arrival``."""
        sources = self.groups.get(group)
        known = sources.get(source) if sources else None
        if known is not None and known.arrival == arrival:
            known.when = now
        elif self.has_room(arrival):
            self.forget(source, group)
            self._counts[arrival] += 1
            self.groups.setdefault(group, {})[source] = Heard(arrival, 0, now)
        else:
            return self._refuse(arrival)
        if self._deadline is None and not self._reading:
            self._deadline = now + self._interval
        return Outcome.ACCEPTED

    def _refuse(self, interface: str) -> Outcome:
        self.refused[interface] += 1
        if interface in self.full:
            return Outcome.REFUSED
        self.full |= {interface}
        return Outcome.NOW_FULL

    def forget(self, source: Address, group: Address) -> None:
        """Learn the source anew when its data comes again; an unknown source is no error."""
        sources = self.groups.get(group)
        known = sources.pop(source, None) if sources else None
        if known is not None:
            self._counts[known.arrival] -= 1
            if not sources:
                del self.groups[group]

    def forget_interface(self, name: str) -> list[Address]:
        """Forget all that was learned on a link that is gone; return the groups concerned."""
        found = [(s, g) for s, g, heard in self._all() if heard.arrival == name]
        for source, group in found:
            self.forget(source, group)
        self.full -= {name}
        return list(dict.fromkeys(group for _, group in found))

    # -- time and counters

    def next_deadline(self) -> float | None:
        """When to call ``advance``; None while nothing is observed or counters are being read."""
        return self._deadline

    def advance(self, now: float) -> bool:
        """Whether the counters must be read now."""
        if self._deadline is None or now < self._deadline:
            return False
        self._deadline = None
        self._reading = bool(len(self) or self.full)
        return self._reading

    def not_counted(self, now: float) -> None:
        """The counters could not be read: try again after the interval."""
        self._reading = False
        self._deadline = now + self._interval

    def counted(
        self, packets: Mapping[Channel, int], forwarded: Container[Channel], now: float
    ) -> Changes:
        """Forget sources that are idle, and make room.

        ``packets`` are the packets that the kernel accepted, by source and group, since their
        entry was installed; ``forwarded`` has those that it forwards to some interface.
        """
        forgotten: list[Channel] = []
        silent: dict[Address, None] = {}
        for source, group, heard in list(self._all()):
            count = packets.get((source, group), 0)
            if count != heard.packets:
                heard.packets, heard.when = count, now
                continue
            idle_time = IDLE_TIME if (source, group) in forwarded else UNWANTED_IDLE_TIME
            # A source that was learned while the counters were read has no count yet.
            due = now >= heard.when + self._interval
            if due and self._stops_delivering(source, group):
                silent[group] = None
            elif now < heard.when + idle_time:
                continue
            self.forget(source, group)
            forgotten.append((source, group))
        freed = frozenset(name for name in self.full if self.has_room(name))
        self.full -= freed
        self._reading = False
        if len(self) or self.full:
            self._deadline = now + self._interval
        return Changes(tuple(forgotten), tuple(silent), freed)

    def _all(self) -> Iterator[tuple[Address, Address, Heard]]:
        for group, sources in self.groups.items():
            for source, heard in sources.items():
                yield source, group, heard
