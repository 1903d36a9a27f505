"""What must be planned anew in one kernel table: groups, and single sources of groups.

Groups go first: hosts wait for their groups, and anybody can send from very many addresses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

GROUPS_A_BATCH = 1000

PLANNING_SLICE = 0.005
"""Seconds of planning before the reactor can serve others again."""


class Dirty:
    """The ``keys``, each once; groups first, they are taken in the order in which they came.

    The key of a group is its address. That of a single source is the addresses of group and
    source, one after the other.
    """

    def __init__(self) -> None:
        self.keys: set[bytes] = set()
        self._groups: deque[bytes] = deque()
        self._sources: deque[bytes] = deque()

    def add_groups(self, keys: Iterable[bytes]) -> None:
        """Plan these groups."""
        for key in keys:
            if key not in self.keys:
                self.keys.add(key)
                self._groups.append(key)

    def add_sources(self, keys: Iterable[bytes]) -> None:
        """Plan these sources of groups, after all groups."""
        for key in keys:
            if key not in self.keys:
                self.keys.add(key)
                self._sources.append(key)

    def take(self) -> bytes:
        """Take the next key; there is one."""
        key = (self._groups or self._sources).popleft()
        self.keys.remove(key)
        return key

    def clear(self) -> None:
        """Plan nothing."""
        self.keys.clear()
        self._groups.clear()
        self._sources.clear()
