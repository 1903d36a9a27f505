"""Turn: rows are made and encoded in short turns, between which the reactor does other work."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from twisted.internet.task import deferLater

from ..views.values import Row
from .live_table import encoded

TURN_TIME = 0.001
"""Seconds of work until the reactor has its turn."""

QUICK_TURNS = 20
"""Turns that follow one another at once; the later ones have pauses between them."""

PAUSE = 4 * TURN_TIME
"""Seconds between two turns of a long cycle: joins then wait for few of them, and the kernel does
not take the daemon for a program that needs a processor all the time."""

Keyed = tuple[str, Row]

Rank = tuple[int, float, float]


class Turn:
    """The turns of one cycle; ``reactor`` has clock and queue."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._number = 0
        self._ends = perf_counter() + TURN_TIME

    async def encode(
        self, made: Iterable[Keyed | None], most: int, importance: Callable[[Row], Rank]
    ) -> tuple[dict[str, bytes], int]:
        """The ``most`` important rows by key, encoded, and how many there are in all.

        No more than ``most`` rows are kept meanwhile. A row that is None is left out.
        """
        count = 0
        kept: list[tuple[Rank, int, Keyed]] = []
        for one in made:
            await self._pass_on()
            if one is None:
                continue
            count += 1
            entry = (importance(one[1]), -count, one)  # no two are equal, so rows never compare
            if len(kept) < most:
                heapq.heappush(kept, entry)
            else:
                heapq.heappushpop(kept, entry)
        texts = {}
        for _, _, (key, row) in kept:
            await self._pass_on()
            texts[key] = encoded(row)
        return texts, count

    async def _pass_on(self) -> None:
        """Let the reactor do other work, if this turn is over."""
        if perf_counter() > self._ends:
            self._number += 1
            await deferLater(self._reactor, 0 if self._number < QUICK_TURNS else PAUSE)
            self._ends = perf_counter() + TURN_TIME
