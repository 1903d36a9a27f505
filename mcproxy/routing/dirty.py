"""What must be planned anew in one kernel table: groups, and single sources of groups.

Groups go first: hosts wait for their groups, and anybody can send from very many addresses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


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

    def clear(self) -> None:
        """Plan nothing."""
        self._keys.clear()
        self._groups.clear()
        self._sources.clear()
