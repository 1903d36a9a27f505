"""Logs that links are found and lost; changes that follow each other fast are logged as one."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.logger import Logger

from ..timer import Timer

QUIET = 10.0
"""Seconds without a change after which a link counts as steady."""

FEW = 4
"""Changes of one link that are logged one by one: it was lost and found twice."""

_LOOK_INTERVAL = 1.0
"""Shortest time in seconds between two looks at all links."""


@dataclass(slots=True)
class _Changes:
    """Changes of a link that was not steady since the first one; times in seconds."""

    first: float
    last: float
    count: int = 0
    told: str = ""
    instance: str | None = None


class LinkLog:
    """Writes to ``log`` what happens to links, by interface name."""

    def __init__(self, log: Logger, timer: Timer) -> None:
        self._log = log
        self._timer = timer
        self._changes: dict[str, _Changes] = {}
        self._reminder = timer.reminder(self._due)
        self._is_waiting = False

    def note(self, told: str, instance: str | None, interface: str) -> None:
        """Log this change, unless the link is not steady."""
        now = self._timer.now()
        known = self._changes.get(interface)
        if known is None or now - known.last >= QUIET:
            self._summarise(interface)
            known = self._changes[interface] = _Changes(now, now)
        known.count += 1
        known.last, known.told, known.instance = now, told, instance
        if known.count <= FEW:
            self._log.info(told, instance=instance, interface=interface)
        elif known.count == FEW + 1:
            self._log.warn(
                "the link goes up and down; its changes are logged as one when it is steady for "
                "{quiet} s",
                quiet=int(QUIET),
                instance=instance,
                interface=interface,
            )
        if not self._is_waiting:
            self._is_waiting = True
            self._reminder.set(now + QUIET)

    def close(self) -> None:
        """Log nothing that is not logged yet."""
        self._changes.clear()
        self._is_waiting = False
        self._reminder.cancel()

    def _due(self, now: float) -> None:
        for interface, changes in list(self._changes.items()):
            if now - changes.last >= QUIET:
                self._summarise(interface)
        ends = [changes.last + QUIET for changes in self._changes.values()]
        self._is_waiting = bool(ends)
        if ends:
            self._reminder.set(max(min(ends), now + _LOOK_INTERVAL))

    def _summarise(self, interface: str) -> None:
        """Log what became of a link that was not steady, and forget it."""
        changes = self._changes.pop(interface, None)
        if changes is not None and changes.count > FEW:
            self._log.info(
                "the link is steady after {count} changes in {seconds} s; the last one was: {told}",
                count=changes.count,
                seconds=round(changes.last - changes.first, 1),
                told=changes.told,
                instance=changes.instance,
                interface=interface,
            )
