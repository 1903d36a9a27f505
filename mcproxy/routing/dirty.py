"""What must be planned anew in one kernel table: groups, and single sources of groups.

Groups go first: hosts wait for their groups, and anybody can send from very many addresses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

GROUPS_A_BATCH = 1000

PLANNING_SLICE = 0.005
"""Seconds of planning before the reactor can serve others again."""


class Dirty:
    """Keys, each once, in the order in which they came; false while there are none.

    The key of a group is its address. That of a single source is the addresses of group and
    source, one after the other.
    """

    def __init__(self) -> None:
        self._keys: set[bytes] = set()
        self._groups: deque[bytes] = deque()
        self._sources: deque[bytes] = deque()

    def __bool__(self) -> bool:
        return bool(self._keys)

    def add_groups(self, keys: Iterable[bytes]) -> None:
        """Plan these groups."""
        for key in keys:
            if key not in self._keys:
                self._keys.add(key)
                self._groups.append(key)

    def add_sources(self, keys: Iterable[bytes]) -> None:
        """Plan these sources of groups, after all groups."""
        for key in keys:
            if key not in self._keys:
                self._keys.add(key)
                self._sources.append(key)

    def take(self) -> bytes | None:
        """Take the next key; None if there is none."""
        waiting = self._groups or self._sources
        if not waiting:
            return None
        key = waiting.popleft()
        self._keys.remove(key)
        return key

    def take_some(
        self,
        parts: Callable[[bytes], list[bytes]],
        seconds: Callable[[], float],
        address_size: int,
    ) -> Iterator[bytes]:
        """Take what to plan now: at most GROUPS_A_BATCH keys, for a slice of time.

        ``parts`` are the keys to plan in place of a group, if there are any; those wait.
        """
        ends = seconds() + PLANNING_SLICE
        for _ in range(GROUPS_A_BATCH):
            key = self.take()
            if key is None:
                return
            divided = parts(key) if len(key) == address_size else ()
            if divided:
                self.add_sources(divided)
            else:
                yield key
            if seconds() >= ends:
                return

    def clear(self) -> None:
        """Plan nothing."""
        self._keys.clear()
        self._groups.clear()
        self._sources.clear()
