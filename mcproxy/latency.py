"""How long hosts wait: the times from their packets to the reports upstream and to the entries.

The kernel stamps a packet when it arrives. What follows from the packet is done in the turn of the
reactor that takes it; only a group that must be queried first ends later, and many groups go
upstream in turns of their own. So the times of a packet are known where it has effect::

    receiver      arrive(), done()   a packet is worked on
    downstream    note_left()        it leaves groups that are queried now
    downstream    begin(), end()     groups of the link change, by the packet or by a deadline
    upstreams     resume(), end()    many groups that have changed go upstream
    upstream      reported()         a report went upstream meanwhile
    routing       changes            those whose entries are planned meanwhile

Nobody measures unless somebody reads: ``Events.latencies`` is None then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from time import perf_counter, time

from .linux.packet_info import Ancillary, arrival_time
from .protocol.family import Address

JOIN, LEAVE = "join", "leave"

BOUNDS = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the histograms' buckets in seconds; a last one has what took longer."""

MOST_LEAVING = 1000
"""Groups with queries under way whose leaves are remembered."""

LONGEST_LEAVE = 60.0
"""Seconds after which a leave is forgotten: another host has answered the queries."""


_Leave = tuple[float, float, Address]
"""When the leave arrived, when the group ends, and the host that has left."""


class Histogram:
    """Counts of times by BOUNDS, and their sum in seconds; one thread adds to it."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one more time."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds


class Waits:
    """How long hosts waited: until the ``report`` upstream, and until the ``entry``."""

    __slots__ = ("entry", "report")

    def __init__(self) -> None:
        self.report = Histogram()
        self.entry = Histogram()


Change = tuple[Waits, float]
"""A join or leave whose effects are awaited: where it counts, and when it arrived."""


class Latencies:
    """Measures joins and leaves; ``waits`` are by the name of the family, and JOIN or LEAVE.

    ``changes`` are those that are carried out now. ``clock`` does not jump; ``system_clock`` is
    the one of the kernel's stamps. An entry is counted in the routing thread, and all else in the
    reactor's.
    """

    def __init__(
        self,
        clock: Callable[[], float] = perf_counter,
        system_clock: Callable[[], float] = time,
    ) -> None:
        self.waits: dict[tuple[str, str], Waits] = {}
        self.changes: Sequence[Change] = ()
        self._clock = clock
        self._system_clock = system_clock
        self._packet: Ancillary = ()
        self._is_reported = False
        self._leaving: OrderedDict[tuple[object, Address], _Leave] = OrderedDict()

    def arrive(self, ancillary: Ancillary) -> None:
        """A packet is worked on; its control messages may have its time of arrival."""
        self._packet = ancillary

    def done(self) -> None:
        """The work on the packet is done."""
        self._packet = ()

    def _arrived(self) -> float | None:
        """When the packet arrived; None without one. Most packets change nothing and ask not.

        A clock that was set meanwhile makes no time negative.
        """
        stamp = arrival_time(self._packet)
        if stamp is None:
            return None
        return self._clock() - max(0.0, self._system_clock() - stamp)

    def note_left(self, link: object, host: Address, ends: Mapping[Address, float]) -> None:
        """The packet of ``host`` has left these groups of a link.

        They end at ``ends`` unless a host answers. A host repeats its leave, which changes no end
        where we are the querier; then the first one counts.
        """
        arrived = self._arrived() if ends else None
        if arrived is None:
            return
        leaving = self._leaving
        for group, end in ends.items():
            before = leaving.get((link, group))
            if before is None or before[1:] != (end, host):
                leaving[link, group] = arrived, end, host
                leaving.move_to_end((link, group))
        oldest = arrived - LONGEST_LEAVE
        while leaving and (len(leaving) > MOST_LEAVING or next(iter(leaving.values()))[0] < oldest):
            leaving.popitem(last=False)

    def begin(
        self, family: str, link: object, groups: Sequence[Address], known: Container[Address]
    ) -> None:
        """Groups of a link have changed; those that are not ``known`` have ended.

        A packet counts as one join, one leave, or one of each.
        """
        self._is_reported = False
        arrived, leaving = self._arrived(), self._leaving
        if arrived is not None and len(groups) == 1 and not leaving:
            kind = JOIN if groups[0] in known else LEAVE
            self.changes = ((self._waits(family, kind), arrived),)
            return
        found: dict[tuple[str, float], None] = {}
        for group in groups:
            if group in known:
                if arrived is not None:
                    found[JOIN, arrived] = None
                continue
            left = leaving.pop((link, group), None)
            if arrived is not None:
                found[LEAVE, arrived] = None
            elif left is not None and left[0] > self._clock() - LONGEST_LEAVE:
                found[LEAVE, left[0]] = None
        self.changes = [(self._waits(family, kind), when) for kind, when in found]

    def resume(self, changes: Sequence[Change]) -> None:
        """What follows from changes of many groups goes on, in a later turn than theirs."""
        self._is_reported = False
        self.changes = changes

    def end(self) -> None:
        """All that follows from the change at once is done."""
        self.changes = ()

    def _waits(self, family: str, kind: str) -> Waits:
        found = self.waits.get((family, kind))
        if found is None:
            found = self.waits[family, kind] = Waits()
        return found

    def reported(self) -> None:
        """A report went upstream; only the first one of a change counts."""
        if self.changes and not self._is_reported:
            self._is_reported = True
            now = self._clock()
            for waits, arrived in self.changes:
                waits.report.add(now - arrived)

    def installed(self, changes: Iterable[Change]) -> None:
        """The kernel has the entries of these changes."""
        now = self._clock()
        for waits, arrived in changes:
            waits.entry.add(now - arrived)
