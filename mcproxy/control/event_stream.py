"""EventStream: the events for one client, as lines of JSON, as they happen.

An event costs the daemon no more than its place in a queue at first. Rows are made and written
a few at a time, in turns of their own, so that a flood of events delays no packet. A client that
does not keep up misses events, and is told how many.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..events.bus import Events
from ..events.event import Event, Row

MOST_WAITING = 5000
"""Events that wait for a client; later ones are lost, and counted."""

ROWS_A_TURN = 50
"""Rows that are made in one turn of the reactor."""

FLUSH_INTERVAL = 0.02
"""Seconds between two turns, and from an event to its line."""


class Filter(Protocol):
    """Which rows the client asked for."""

    def matches(self, row: Row) -> bool:
        """Whether the client asked for this row."""


class EventStream:
    """Writes the events of some kinds, as far as ``wanted`` matches them, with ``write``.

    A line ``{"event": "lost", "count": N}`` stands where N events are missing. ``write`` is not
    called while the stream is paused.
    """

    def __init__(
        self,
        events: Events,
        clock: IReactorTime,
        kinds: Collection[type[Event]],
        wanted: Filter,
        write: Callable[[bytes], object],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._events = events
        self._clock = clock
        self._wanted = wanted
        self._write = write
        self._wall_clock = wall_clock
        self._waiting: deque[tuple[float, Event]] = deque()
        self._lost = 0
        self._is_paused = False
        self._call: IDelayedCall | None = None
        events.read(self, kinds)

    def __call__(self, event: Event) -> None:
        """Put the event into the queue, if there is room."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append((self._wall_clock(), event))
        self._come_back()

    def pause(self) -> None:
        """Write nothing until ``resume``: the client does not keep up."""
        self._is_paused = True

    def resume(self) -> None:
        """Write again."""
        self._is_paused = False
        if self._waiting:
            self._come_back()

    def close(self) -> None:
        """Read and write nothing any more."""
        self._events.ignore(self)
        self._waiting.clear()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _come_back(self) -> None:
        if self._call is None and not self._is_paused:
            self._call = self._clock.callLater(FLUSH_INTERVAL, self._flush)

    def _flush(self) -> None:
        self._call = None
        lines = []
        for _ in range(min(ROWS_A_TURN, len(self._waiting))):
            when, event = self._waiting.popleft()
            row = event.row(when)
            if self._wanted.matches(row):
                lines.append(_line(row))
        if self._lost and not self._waiting:
            lines.append(_line({"event": "lost", "count": self._lost, "time": self._wall_clock()}))
            self._lost = 0
        if lines:
            self._write(b"".join(lines))
        if self._waiting:
            self._come_back()


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
