"""Sources that data came from: learned one by one, bounded, forgotten when they are idle.

Only where forwarding looks at each source is this needed; and then anybody who sends can
make us learn. So there is a limit for each interface, beyond which nothing is learned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..family import Address

MOST_SOURCES = 4096
"""Sources, counted for each group that they send to, on one interface."""

IDLE_TIME = 210.0
"""Seconds without a packet after which a source is forgotten (RFC 7761's entries, 4.11)."""

UNWANTED_IDLE_TIME = 30.0
"""The same for one that nobody wants: it makes no difference but for the room."""


@dataclass(slots=True)
class Heard:
    """A source that sends to a group: where it came in, the packets counted, and when last."""

    arrival: str
    packets: int
    when: float


class ObservedSources:
    """The sources of one proxy instance and family, by group.

    ``refused`` counts, by interface, those for which there was no room.
    """

    def __init__(self, most: int = MOST_SOURCES) -> None:
        self.groups: dict[Address, dict[Address, Heard]] = {}
        self.refused: Counter[str] = Counter()
        self._most = most
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._counts.total()

    def of(self, group: Address) -> Mapping[Address, Heard]:
        """The sources that send to ``group``."""
        return self.groups.get(group, {})

    def has_room(self, interface: str) -> bool:
        """Whether one more can be learned there."""
        return self._counts[interface] < self._most

    def note(self, source: Address, group: Address, arrival: str, now: float) -> bool:
        """Data came in; False when there is no room for its source."""
        sources = self.groups.get(group)
        known = sources.get(source) if sources else None
        if known is not None and known.arrival == arrival:
            known.when = now
            return True
        if not self.has_room(arrival):
            self.refused[arrival] += 1
            return False
        self.forget(source, group)
        self._counts[arrival] += 1
        self.groups.setdefault(group, {})[source] = Heard(arrival, 0, now)
        return True

    def forget(self, source: Address, group: Address) -> None:
        """Learn it anew when data comes again; an unknown one is no error."""
        sources = self.groups.get(group)
        known = sources.pop(source, None) if sources else None
        if known is not None:
            self._counts[known.arrival] -= 1
            if not sources:
                del self.groups[group]

    def forget_interface(self, name: str) -> list[Address]:
        """The link is gone, and what was learned on it; the groups concerned."""
        found = [(s, g) for s, g, heard in self._all() if heard.arrival == name]
        for source, group in found:
            self.forget(source, group)
        return list(dict.fromkeys(group for _, group in found))

    def look(
        self, packets: Mapping[tuple[Address, Address], int], now: float
    ) -> Iterator[tuple[Address, Address, Heard, bool]]:
        """Each source and group, and whether it sent since the last look.

        ``packets`` are the kernel's counts by source and group.
        """
        for source, group, heard in list(self._all()):
            count = packets.get((source, group), 0)
            sent = count != heard.packets
            if sent:
                heard.packets, heard.when = count, now
            yield source, group, heard, sent

    def _all(self) -> Iterator[tuple[Address, Address, Heard]]:
        for group, sources in self.groups.items():
            for source, heard in sources.items():
                yield source, group, heard
