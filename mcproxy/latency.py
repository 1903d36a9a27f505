"""How long hosts wait: the times from their packets to the reports upstream and to the entries.

The kernel stamps a packet when it arrives. What follows from the packet is done in the turn of the
reactor that takes it; only a group that must be queried first ends later. So the times of a packet
are known where it has effect::

    receiver      take()        a packet with its stamp is worked on
    downstream    note_left()   it leaves groups that are queried now
    downstream    change()      groups of the link have changed, by the packet or by a deadline
    upstream      reported()    a report went upstream meanwhile
    routing       waiting       the changes whose entries are planned meanwhile

Nobody measures unless somebody reads: ``Events.latencies`` is None then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter, time
from typing import NamedTuple

from .protocol.family import Address, Family

JOIN, LEAVE = "join", "leave"
REPORT, ENTRY = "report", "entry"

BOUNDS = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the histograms' buckets in seconds; a last one has what took longer."""

MOST_LEAVING = 1000
"""Groups with queries under way whose leaves are remembered."""

LONGEST_LEAVE = 60.0
"""Seconds after which a leave is forgotten: another host has answered the queries."""


class Histogram:
    """Counts of times by BOUNDS, and their sum in seconds; one thread adds to it."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one more time."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds


class Change(NamedTuple):
    """A join or leave whose effects are awaited; ``arrived`` is on the meter's clock."""

    family: Family
    kind: str
    arrived: float


class Latencies:
    """Measures joins and leaves; ``histograms`` are by family, JOIN or LEAVE, REPORT or ENTRY.

    ``clock`` does not jump; ``system_clock`` is the one of the kernel's stamps.
    """

    def __init__(
        self,
        clock: Callable[[], float] = perf_counter,
        system_clock: Callable[[], float] = time,
    ) -> None:
        self.histograms: dict[tuple[Family, str, str], Histogram] = {}
        self.changes: list[Change] = []
        self._clock = clock
        self._system_clock = system_clock
        self._arrived: float | None = None
        self._is_reported = False
        self._leaving: OrderedDict[tuple[object, Address], float] = OrderedDict()

    @contextmanager
    def take(self, stamp: float | None) -> Iterator[None]:
        """A packet is worked on that arrived at the system time ``stamp``; None: not known.

        A clock that was set meanwhile makes no time negative.
        """
        if stamp is not None:
            self._arrived = self._clock() - max(0.0, self._system_clock() - stamp)
        try:
            yield
        finally:
            self._arrived = None

    def note_left(self, link: object, groups: Iterable[Address], known: Container[Address]) -> None:
        """The packet has left these groups of a link; those that are still ``known`` end later."""
        if self._arrived is None:
            return
        leaving = self._leaving
        for group in groups:
            if group in known:
                leaving[link, group] = self._arrived
                leaving.move_to_end((link, group))
        oldest = self._arrived - LONGEST_LEAVE
        while leaving and (len(leaving) > MOST_LEAVING or next(iter(leaving.values())) < oldest):
            leaving.popitem(last=False)

    @contextmanager
    def change(
        self,
        family: Family,
        link: object,
        groups: Collection[Address],
        known: Container[Address],
    ) -> Iterator[None]:
        """Groups of a link have changed; those that are not ``known`` have ended.

        A packet counts as one join, one leave, or one of each.
        """
        found: dict[Change, None] = {}
        for group in groups:
            kind = JOIN if group in known else LEAVE
            arrived = self._arrived
            if kind is LEAVE:
                left = self._leaving.pop((link, group), None)
                arrived = left if arrived is None else arrived
            if arrived is not None:
                found[Change(family, kind, arrived)] = None
        self.changes, self._is_reported = list(found), False
        try:
            yield
        finally:
            self.changes = []

    def reported(self) -> None:
        """A report went upstream; only the first one of a change counts."""
        if self.changes and not self._is_reported:
            self._is_reported = True
            self.add(self.changes, REPORT)

    def add(self, changes: Iterable[Change], stage: str) -> None:
        """These changes have come to a stage now; each stage is counted in one thread."""
        now = self._clock()
        for family, kind, arrived in changes:
            key = family, kind, stage
            found = self.histograms.get(key)
            if found is None:
                found = self.histograms[key] = Histogram()
            found.add(now - arrived)
