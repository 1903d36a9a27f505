"""The garbage collector of Python, kept from long pauses.

Nothing else runs while it searches for reference cycles. A full search looks at every object:
20 ms with the modules alone, and more than 100 ms with a hundred thousand groups. Nearly all
objects of the daemon end without it. So what a full search has looked at is exempt from the next
ones, for FULL_SEARCH_INTERVAL; each search then looks only at what is new. Cycles among exempt
objects, as those of links that went, wait for the end of that time, and so do the few that are
part of a cycle just then. These searches come fifteen times as often as Python would make them, so
that each has few objects to look at, and in a call of their own, not in the middle of other work.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorFromThreads

FULL_SEARCH_INTERVAL = 3600.0
"""Seconds until exempt objects are searched again."""

_OLDEST = 2

_THRESHOLDS = (700, 1_000_000, 1_000_000)
"""Python searches the youngest objects as often as usual. The service searches the others."""

_YOUNG_SEARCHES = 8
"""After so many a full search follows: for 5,600 new objects; Python makes one for 85,000.

A search of the middle generation would look at the same objects, and take as long.
"""


@contextmanager
def no_search() -> Iterator[None]:
    """No search for garbage meanwhile: for work that makes many objects for a short time.

    A search would stop all threads, however many objects there are.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class GarbageCollection(Service):
    """Shortens the searches for garbage while it runs.

    ``reactor`` makes the full searches. ``collector`` is the module gc, ``clock`` gives seconds.
    """

    name = "garbage-collection"

    def __init__(
        self,
        reactor: IReactorFromThreads,
        collector: Any = gc,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._reactor = reactor
        self._young = 0
        self._asked = False
        self._collector = collector
        self._clock = clock
        self._full_search_due = 0.0
        self._thresholds = collector.get_threshold()

    def startService(self) -> None:
        """Search once, and exempt what exists now, modules above all."""
        super().startService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._full_search_due = self._clock() + FULL_SEARCH_INTERVAL
        self._collector.callbacks.append(self._note_search)
        self._collector.set_threshold(*_THRESHOLDS)
        self._collector.collect()

    def stopService(self) -> None:
        """Leave the collector alone from now on."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        if self._note_search in self._collector.callbacks:
            self._collector.callbacks.remove(self._note_search)
            self._collector.set_threshold(*self._thresholds)

    def _note_search(self, phase: str, info: dict[str, int]) -> None:
        """The collector begins or ends a search; it may run in any thread."""
        if info["generation"] < _OLDEST:
            if phase == "stop":
                self._count_young()
            return
        if phase == "stop":
            self._collector.freeze()
        elif self._clock() >= self._full_search_due:
            self._full_search_due = self._clock() + FULL_SEARCH_INTERVAL
            self._collector.unfreeze()

    def _count_young(self) -> None:
        self._young += 1
        if self._young >= _YOUNG_SEARCHES and not self._asked:
            self._asked = True
            self._reactor.callFromThread(self._search)

    def _search(self) -> None:
        """Make a full search, unless somebody makes many objects just now (``no_search``)."""
        self._young = 0
        self._asked = False
        if self.running and self._collector.isenabled():
            self._collector.collect()
