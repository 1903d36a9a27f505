"""The answer to a general query, spread over the response time if it has many groups.

The records of all groups may fill many reports. Sent at once they are a burst that a router may
drop in part. So the response time is divided into one slot for each report, with one report at a
random time in each (RFC 9776, section 5.2; RFC 9777, section 6.3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..family import Address, Family
from ..sources import SourceFilter

_RECORD_HEADER_SIZE = 4
"""Bytes of a record before its group."""


class GeneralAnswer:
    """The answer that is under way, if any; ``next`` is when its next report is due then.

    ``groups`` is the owner's mapping. ``random`` returns numbers in [0, 1).
    """

    def __init__(
        self,
        family: Family,
        groups: Mapping[Address, SourceFilter],
        random: Callable[[], float],
    ) -> None:
        self.next: float | None = None
        self._family = family
        self._groups = groups
        self._random = random
        self._parts: deque[list[Address]] = deque()
        self._reported: list[Address] = []
        self._slot = 0.0
        self._slot_ends = 0.0
        self._ends = 0.0

    def ask(self, longest: float, room: int, now: float) -> None:
        """Answer within ``longest`` seconds, in reports with ``room`` bytes for records.

        What is still to be reported for an earlier query stays first. Groups that were reported
        for it already are reported again.
        """
        begun, many = bool(self._reported), len(self._parts) > 1
        if many and not begun and self._ends <= now + longest:
            return  # all groups will be reported, and in time
        left = [group for part in self._parts for group in part]
        order = left + self._reported if begun else self._groups
        parts = deque(self._divide(order, room))
        slot = longest / len(parts)
        when = now + slot * (1.0 - self._random())
        if not begun and self.covers(when):
            return
        if begun and self.next is not None:
            slot, when = min(slot, self._slot), min(when, self.next)
        self.next, self._slot = when, slot
        self._slot_ends, self._ends = now + slot, now + longest
        self._parts, self._reported = parts, []

    def covers(self, when: float) -> bool:
        """Whether all groups will be reported no later than ``when``."""
        if self.next is None:
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
        self.next = None
        reported = set(self._reported)
        self._reported = []
        return part + [group for group in self._groups if group not in reported]

    def _divide(self, groups: Iterable[Address], room: int) -> Iterator[list[Address]]:
        """``groups`` as they fill reports; one part without groups if there are none."""
        part: list[Address] = []
        used = 0
        for group in groups:
            size = self._size(group)
            if part and used + size > room:
                yield part
                part, used = [], 0
            part.append(group)
            used += size
        yield part

    def _size(self, group: Address) -> int:
        wanted = self._groups.get(group)
        addresses = 1 if wanted is None else 1 + len(wanted.sources)
        return _RECORD_HEADER_SIZE + self._family.address_size * addresses
