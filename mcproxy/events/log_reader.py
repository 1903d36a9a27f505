"""The log as a reader of events: a line for each that matters, a summary of many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twisted.logger import Logger, LogLevel

from ..logs import Levels
from ..timer import Timer
from .bus import Events
from .event import Event
from .kinds import KINDS

SELDOM = 600.0
"""Seconds between two lines of the same kind that are logged seldom."""

MOST_LINES = 20
"""Lines of one kind and interface within a second; what is beyond is summarised."""

_WINDOW = 1.0
_MOST_KEYS = 4096
"""The most kinds of seldom lines that are remembered."""

Key = tuple[Any, ...]


@dataclass(slots=True)
class _Repeated:
    """Events that have no line of their own: ``count`` of them until ``ends``."""

    ends: float
    count: int = 0


class LogReader:
    """Writes events to the log as ``levels`` allow; at level "debug" all of them.

    A kind that is logged seldom has one line in SELDOM seconds. No kind has more than
    MOST_LINES lines in a second for an interface; a summary says how many events followed.
    """

    log = Logger()

    def __init__(self, events: Events, levels: Levels, timer: Timer) -> None:
        self._events = events
        self._levels = levels
        self._timer = timer
        self._seldom: dict[Key, _Repeated] = {}
        self._lines: dict[Key, _Repeated] = {}
        self._reminder = timer.reminder(self._summarise)
        levels.changed = self._read
        self._read()

    def close(self) -> None:
        """Read nothing any more."""
        self._events.ignore(self)
        self._levels.changed = lambda: None
        self._reminder.cancel()

    def _read(self) -> None:
        """Read the kinds that may be in the log by its levels."""
        lowest = Levels(self._levels.lowest)
        self._events.read(self, [kind for kind in KINDS.values() if lowest.allow(kind.level, {})])

    def __call__(self, event: Event) -> None:
        """Write the line of an event, or count it."""
        level, more = event.level, 0
        if event.seldom is not None:
            more, is_due = self._note_seldom(event, event.seldom)
            if not is_due:
                level = "debug"
                if self._levels.lowest != level:
                    return
        values = event.texts()
        if self._levels.allow(level, values) and self._has_room(event):
            line = event.line()
            if more:
                line += f" ({more} more like it in the last {int(SELDOM)} s)"
            self.log.emit(LogLevel.lookupByName(level), line, **values)

    def _note_seldom(self, event: Event, names: tuple[str, ...]) -> tuple[int, bool]:
        """How many events had no line since the last one, and whether a line is due."""
        which = [getattr(event, name) for name in names]
        key = (event.kind, event.instance, event.interface, *which)
        now, known = self._timer.now(), self._seldom.get(key)
        if known is not None and now < known.ends:
            known.count += 1
            return 0, False
        if known is None and len(self._seldom) >= _MOST_KEYS:
            self._seldom.clear()
        self._seldom[key] = _Repeated(now + SELDOM)
        return known.count if known else 0, True

    def _has_room(self, event: Event) -> bool:
        """Whether the second has room for another line of the kind and interface."""
        key, now = (event.kind, event.instance, event.interface), self._timer.now()
        known = self._lines.get(key)
        if known is None or now >= known.ends:
            self._summarise(now)
            known = self._lines[key] = _Repeated(now + _WINDOW)
        known.count += 1
        if known.count == MOST_LINES + 1 and self._reminder.when is None:
            self._reminder.set(known.ends)
        return known.count <= MOST_LINES

    def _summarise(self, now: float) -> None:
        """Log how many events had no line in the seconds that have ended."""
        for key in [key for key, lines in self._lines.items() if now >= lines.ends]:
            kind, instance, interface = key
            count = self._lines.pop(key).count - MOST_LINES
            if count > 0:
                level = LogLevel.lookupByName(KINDS[kind].level)
                message = '{count} more events "{kind}" within a second are not shown one by one'
                where = {"instance": instance, "interface": interface}
                fields = {name: value for name, value in where.items() if value is not None}
                self.log.emit(level, message, count=count, kind=kind, **fields)
        ends = [lines.ends for lines in self._lines.values() if lines.count > MOST_LINES]
        self._reminder.set(min(ends) if ends else None)
