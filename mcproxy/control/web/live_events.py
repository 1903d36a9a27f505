"""LiveEvents: what happens, for all open pages, and the last of it for pages that open later."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ...events.bus import Events
from ...events.event import Event
from ...events.kinds import KINDS
from .live_table import encoded, message

FLUSH_INTERVAL = 0.1
"""Seconds from an event to its message; all events of this time are one message."""

MOST_WAITING = 100
"""Events of one FLUSH_INTERVAL; further ones are only counted."""

MOST_KEPT = 200
"""The latest events, which a page gets when it opens."""

CHATTER = frozenset(
    {"report-received", "report-sent", "query-sent", "query-heard", "last-member-query"}
)
"""Kinds that hosts and routers cause again and again while nothing changes; not shown."""


class LiveEvents:
    """Passes encoded messages about events to ``send`` between ``start`` and ``stop``."""

    def __init__(
        self,
        events: Events,
        clock: IReactorTime,
        send: Callable[[bytes], object],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._events = events
        self._clock = clock
        self._send = send
        self._wall_clock = wall_clock
        self._waiting: list[tuple[float, Event]] = []
        self._lost = 0
        self._kept: deque[bytes] = deque(maxlen=MOST_KEPT)
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Listen to the daemon."""
        self._events.read(self, [kind for name, kind in KINDS.items() if name not in CHATTER])

    def stop(self) -> None:
        """Listen to nothing, and forget all."""
        self._events.ignore(self)
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._waiting.clear()
        self._kept.clear()
        self._lost = 0

    def __call__(self, event: Event) -> None:
        """Keep the event for the next message."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append((self._wall_clock(), event))
        if self._call is None:
            self._call = self._clock.callLater(FLUSH_INTERVAL, self._flush)

    def snapshot(self) -> bytes:
        """The message with the latest events."""
        return _message(self._kept)

    def _flush(self) -> None:
        self._call = None
        rows = [encoded(event.row(when)) for when, event in self._waiting]
        if self._lost:
            lost = {"event": "lost", "level": "warn", "time": self._wall_clock()}
            text = f"{self._lost} more events happened than are shown here"
            rows.append(encoded({**lost, "count": self._lost, "text": text}))
        self._waiting, self._lost = [], 0
        self._kept.extend(rows)
        self._send(_message(rows))


def _message(rows: deque[bytes] | list[bytes]) -> bytes:
    return message("events", b"[%b]" % b",".join(rows))
