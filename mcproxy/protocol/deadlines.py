"""A queue of deadlines, of which only the next one matters.

To move a deadline later, its owner only notes the new time; it is woken at the old time and
schedules the deadline again. So reports can refresh 50,000 group timers without changing the
heap.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

_SLACK = 64
"""The heap is cleaned when it has more cancelled than valid entries, and this many more."""

_MOVED = 4
"""Entries that one call moves from a heap that is being cleaned: it ends before the next one."""

Key = TypeVar("Key", bound=Hashable)
AnyKey = TypeVar("AnyKey", bound=Hashable, contravariant=True)


class Times(Protocol[AnyKey]):
    """The parts of a dictionary of times, in seconds by key, that a queue needs."""

    def __len__(self) -> int: ...

    def __setitem__(self, key: AnyKey, when: float, /) -> None: ...

    def __delitem__(self, key: AnyKey, /) -> None: ...

    def get(self, key: AnyKey, /) -> float | None: ...

    def pop(self, key: AnyKey, default: None, /) -> float | None: ...


class Deadlines(Generic[Key]):
    """The deadline of each key. Keys must be comparable.

    ``next`` is the earliest deadline, infinite if there is none. Each change keeps it ready,
    because it is asked for after each packet. ``times`` is where the queue keeps the deadlines.
    """

    def __init__(self, times: Times[Key] | None = None) -> None:
        self.next = math.inf
        self._when: Times[Key] = {} if times is None else times
        self._heap: list[tuple[float, Key]] = []
        self._old: list[tuple[float, Key]] = []

    def schedule(self, key: Key, when: float) -> None:
        """Set the deadline of ``key`` to ``when``; an earlier one that was scheduled stays."""
        scheduled = self._when.get(key)
        if scheduled is None or when < scheduled:
            self._when[key] = when
            self.push(key, when)

    def push(self, key: Key, when: float) -> None:
        """As ``schedule``, for a key whose deadline ``times`` has already."""
        heappush(self._heap, (when, key))
        if when < self.next:
            self.next = when
        if self._old:
            self._move_some()
        elif len(self._heap) > 2 * len(self._when) + _SLACK:
            self._old, self._heap = self._heap, []

    def when(self, key: Key) -> float | None:
        """The deadline of ``key``; None if it has none."""
        return self._when.get(key)

    def cancel(self, key: Key) -> None:
        """Cancel the deadline of ``key``; its heap entry is removed later."""
        if self._when.pop(key, None) == self.next:
            self._find_next()

    def _move_some(self) -> None:
        """Move some valid entries out of the old heap, and forget cancelled ones.

        Keys may come and go faster than their time comes. To clean a heap at once took 40 ms after
        a hundred thousand groups were left. Without its last entry a heap is still one.
        """
        old, scheduled = self._old, self._when
        for _ in range(min(_MOVED, len(old))):
            when, key = old.pop()
            if scheduled.get(key) == when:
                heappush(self._heap, (when, key))

    def pop(self, now: float) -> Key | None:
        """Remove and return the key with the earliest deadline; None if none is due."""
        if self.next > now:
            return None
        heap, old = self._heap, self._old
        key = heappop(old if old and (not heap or old[0] < heap[0]) else heap)[1]
        del self._when[key]
        self._find_next()
        return key

    def _find_next(self) -> None:
        """Find the earliest deadline, which is then the first entry of one of the heaps."""
        heap, old, scheduled = self._heap, self._old, self._when
        while heap and scheduled.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        while old and (not heap or old[0] < heap[0]):
            if scheduled.get(old[0][1]) == old[0][0]:
                self.next = old[0][0]
                return
            heappop(old)
        self.next = heap[0][0] if heap else math.inf
