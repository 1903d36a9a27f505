"""A queue of deadlines, of which only the next one matters.

To move a deadline later, its owner only notes the new time; it is woken at the old time and
schedules the deadline again. So reports can refresh 50,000 group timers without changing the
heap.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

_SLACK = 64
"""The heap is cleaned when it has more cancelled than valid entries, and this many more."""

Key = TypeVar("Key", bound=Hashable)


def earlier(one: float | None, other: float | None) -> float | None:
    """The earlier of two times, of which each may be missing."""
    if one is None or (other is not None and other < one):
        return other
    return one


class Deadlines(Generic[Key]):
    """The deadline of each key. Keys must be comparable."""

    def __init__(self) -> None:
        self._when: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []

    def schedule(self, key: Key, when: float) -> None:
        """Set the deadline of ``key`` to ``when``; an earlier one that was scheduled stays."""
        scheduled = self._when.get(key)
        if scheduled is None or when < scheduled:
            self._when[key] = when
            heappush(self._heap, (when, key))
            if len(self._heap) > 2 * len(self._when) + _SLACK:
                self._clean()

    def when(self, key: Key) -> float | None:
        """The deadline of ``key``; None if it has none."""
        return self._when.get(key)

    def cancel(self, key: Key) -> None:
        """Cancel the deadline of ``key``; its heap entry is removed later."""
        self._when.pop(key, None)

    def _clean(self) -> None:
        """Remove cancelled entries: keys may come and go faster than their time comes."""
        self._heap = [(when, key) for key, when in self._when.items()]
        heapify(self._heap)

    def next(self) -> float | None:
        """The earliest deadline; None if there is none."""
        heap, scheduled = self._heap, self._when
        while heap:
            when, key = heap[0]
            if scheduled.get(key) == when:
                return when
            heappop(heap)
        return None

    def pop(self, now: float) -> Key | None:
        """Remove and return the key with the earliest deadline; None if none is due."""
        when = self.next()
        if when is None or when > now:
            return None
        key = heappop(self._heap)[1]
        del self._when[key]
        return key
