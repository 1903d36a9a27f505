"""Many deadlines of which only the next one matters.

A deadline that is moved later costs nothing here: whoever owns it notes the new time for
himself, is woken at the old one, and asks again. That is how 50,000 group timers can be
refreshed by every report without touching the heap.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

_SLACK = 64
"""Entries of the heap that may be void, besides as many as are not."""

Key = TypeVar("Key", bound=Hashable)


class Deadlines(Generic[Key]):
    """When each key wants attention, at the earliest. Keys must be comparable."""

    def __init__(self) -> None:
        self._when: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []

    def __len__(self) -> int:
        return len(self._when)

    def schedule(self, key: Key, when: float) -> None:
        """Wake ``key`` at ``when``, or before if an earlier time was scheduled."""
        scheduled = self._when.get(key)
        if scheduled is None or when < scheduled:
            self._when[key] = when
            heappush(self._heap, (when, key))
            if len(self._heap) > 2 * len(self._when) + _SLACK:
                self._clear_out()

    def when(self, key: Key) -> float | None:
        """When ``key`` is to be woken."""
        return self._when.get(key)

    def cancel(self, key: Key) -> None:
        """Forget ``key``; its place in the heap is cleared when its time comes."""
        self._when.pop(key, None)

    def _clear_out(self) -> None:
        """Take out what was cancelled or moved: keys may come and go faster than time does."""
        self._heap = [(when, key) for key, when in self._when.items()]
        heapify(self._heap)

    def next(self) -> float | None:
        """The earliest time at which some key wants attention."""
        heap, scheduled = self._heap, self._when
        while heap:
            when, key = heap[0]
            if scheduled.get(key) == when:
                return when
            heappop(heap)
        return None

    def pop(self, now: float) -> Key | None:
        """Take out one key that is due, earliest first; None when there is none."""
        when = self.next()
        if when is None or when > now:
            return None
        key = heappop(self._heap)[1]
        del self._when[key]
        return key
