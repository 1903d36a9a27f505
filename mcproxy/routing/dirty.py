"""What must be planned anew in one kernel table: groups, and single sources of groups.

Groups go first: hosts wait for their groups, and anybody can send from very many addresses. Where
all groups are to be planned, they are taken from an iterator only in their turn: a reload that
changed a filter of a hundred thousand groups took a turn of 90 ms when all were listed here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator

PLANNED_AT_ONCE = 16
"""Groups that are planned in the turn of the reactor in which they change; more have their own.

See ASKED_AT_ONCE in ``mcproxy.instance.chosen_upstreams``: all their dictionaries grow at once.
"""

GROUPS_A_BATCH = 1000

PLANNING_SLICE = 0.003
"""Seconds of planning before the reactor can serve others again."""


class Dirty:
    """The ``keys``, each once; ``groups`` first, in the order in which they came.

    The key of a group is its address. That of a single source is the addresses of group and
    source, one after the other. ``later`` has what is to be planned besides, by whose it is; a
    group of it comes after all groups among the keys, and in turns with single sources.
    """

    def __init__(self) -> None:
        self.keys: set[bytes] = set()
        self.groups: deque[bytes] = deque()
        self._sources: deque[bytes] = deque()
        self.later: dict[Hashable, Iterator[bytes]] = {}
        self._is_turn_of_sources = False

    def add_groups(self, keys: Iterable[bytes]) -> None:
        """Plan these groups."""
        for key in keys:
            if key not in self.keys:
                self.keys.add(key)
                self.groups.append(key)

    def add_sources(self, keys: Iterable[bytes]) -> None:
        """Plan these sources of groups, after all groups."""
        for key in keys:
            if key not in self.keys:
                self.keys.add(key)
                self._sources.append(key)

    def take(self) -> bytes | None:
        """Take the next key; None where ``later`` has none left, though it had an iterator."""
        if not self.groups and self.later:
            self._is_turn_of_sources = not self._is_turn_of_sources
            if not self._sources or not self._is_turn_of_sources:
                return self._take_later()
        key = (self.groups or self._sources).popleft()
        self.keys.remove(key)
        return key

    def _take_later(self) -> bytes | None:
        whose, keys = next(iter(self.later.items()))
        key = next(keys, None)
        if key is None:
            del self.later[whose]
        return key

    def clear(self) -> None:
        """Plan nothing."""
        self.later.clear()
        self.keys.clear()
        self.groups.clear()
        self._sources.clear()
