"""The answer to a general query, spread over the response time if it has many groups.

The records of all groups may fill many reports. Sent at once they are a burst that a router may
drop in part. So the response time is divided into one slot for each report, with one report at a
random time in each (RFC 9776, section 5.2; RFC 9777, section 6.3).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from operator import itemgetter

from ..family import Address, Family
from ..sources import ANY_SOURCE, NOTHING, SourceFilter

_SOURCES_OF = itemgetter(1)  # of a source filter

_RECORD_HEADER_SIZE = 4
"""Bytes of a record before its group."""

SHORTEST_SLOT = 0.001
"""Seconds for each report of an answer, also where the query leaves less time for it.

Otherwise a querier that asks again and again for an immediate answer would take all the time.
"""


class GeneralAnswer:
    """The answer that is under way; ``next`` is when its next report is due, infinite for none.

    ``groups`` is the owner's mapping, and ``joined`` says when each was joined, in the order of
    these times. ``random`` returns numbers in [0, 1).
    """

    def __init__(
        self,
        family: Family,
        groups: Mapping[Address, SourceFilter],
        joined: dict[Address, float],
        random: Callable[[], float],
    ) -> None:
        self.next = math.inf
        self._family = family
        self._groups = groups
        self._joined = joined
        self._random = random
        self._parts: deque[list[Address]] = deque()
        self._reported: list[Address] = []
        self._asked = 0.0
        self._slot = 0.0
        self._slot_ends = 0.0
        self._ends = 0.0

    def ask(self, longest: float, room: int, now: float) -> None:
        """Answer within ``longest`` seconds, in reports with ``room`` bytes for records.

        What is still to be reported for an earlier query stays first. Groups that were reported
        for it already are reported again.
        """
        begun, many = bool(self._reported), len(self._parts) > 1
        in_time = now + max(longest, SHORTEST_SLOT * len(self._parts))
        if many and not begun and self._ends <= in_time:
            return  # all groups will be reported, and in time
        left = [group for part in self._parts for group in part]
        if begun:
            again = left + self._reported
            wanted = self._groups
            parts = self._divide(again, [wanted.get(one, NOTHING) for one in again], room)
        else:
            parts = self._divide(list(self._groups), list(self._groups.values()), room)
        if len(parts) > 1:
            longest = max(longest, SHORTEST_SLOT * len(parts))
        slot = longest / len(parts)
        when = now + slot * (1.0 - self._random())
        if not begun and self.covers(when):
            return
        if not begun:
            self._asked = now
        else:
            slot, when = min(slot, self._slot), min(when, self.next)
        self.next, self._slot = when, slot
        self._slot_ends, self._ends = now + slot, now + longest
        self._parts, self._reported = parts, []

    def covers(self, when: float) -> bool:
        """Whether all groups will be reported no later than ``when``."""
        if self.next == math.inf:
            return False
        return (self.next if len(self._parts) == 1 else self._ends) <= when

    def take(self) -> list[Address]:
        """The groups of the report that is due; the last report has those joined meanwhile."""
        part = self._parts.popleft()
        self._reported += part
        if self._parts:
            self.next = self._slot_ends + self._slot * (1.0 - self._random())
            self._slot_ends += self._slot
            return part
        self.next = math.inf
        part += self._joined_meanwhile()
        self._reported = []
        return part

    def _joined_meanwhile(self) -> list[Address]:
        """The groups that were joined since the query. A look at all groups would take 15 ms."""
        late = set()
        for group in reversed(self._joined):
            if self._joined[group] < self._asked:
                break
            late.add(group)
        if late:
            late.difference_update(self._reported)
        return list(late)

    def _divide(
        self, groups: list[Address], wanted: list[SourceFilter], room: int
    ) -> deque[list[Address]]:
        """``groups`` as they fill reports; one part without groups if there are none.

        There may be a hundred thousand, all in one turn of the reactor. So no loop looks at each
        of those that are wanted from any source: 2 ms in place of 7 ms.
        """
        most = room // (_RECORD_HEADER_SIZE + self._family.address_size)
        parts: deque[list[Address]] = deque()
        start = 0
        while start < len(groups):
            some = wanted[start : start + most]
            fit = len(some)
            if some.count(ANY_SOURCE) < fit:
                fit = self._fit(some, room)
            parts.append(groups[start : start + fit])
            start += fit
        return parts or deque([[]])

    def _fit(self, wanted: list[SourceFilter], room: int) -> int:
        """How many records of the first groups fit into a report; at least one is sent in it."""
        address_size = self._family.address_size
        smallest = _RECORD_HEADER_SIZE + address_size
        for count, sources in enumerate(map(len, map(_SOURCES_OF, wanted))):
            room -= smallest + address_size * sources
            if room < 0:
                return max(count, 1)
        return len(wanted)
