"""Tells that links are found and lost; changes that follow each other fast are told as one."""

from __future__ import annotations

from dataclasses import dataclass

from ..events.bus import Events
from ..events.links import LinkFlaps, LinkFound, LinkLost, LinkSteady
from ..timer import Timer

QUIET = 10.0
"""Seconds without a change after which a link counts as steady."""

FEW = 4
"""Changes of one link that are told one by one: it was lost and found twice."""

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
    """Tells ``events`` what happens to links, by interface name."""

    def __init__(self, events: Events, timer: Timer) -> None:
        self._events = events
        self._timer = timer
        self._changes: dict[str, _Changes] = {}
        self._reminder = timer.reminder(self._due)
        self._is_waiting = False

    def found(self, role: str, instance: str | None, interface: str) -> None:
        """Tell that a link is used from now on, unless it is not steady."""
        self._note(LinkFound(role=role, instance=instance, interface=interface))

    def lost(self, role: str, instance: str | None, interface: str) -> None:
        """Tell that a link cannot be used any more, unless it is not steady."""
        self._note(LinkLost(role=role, instance=instance, interface=interface))

    def _note(self, event: LinkFound | LinkLost) -> None:
        now, interface = self._timer.now(), event.interface or ""
        known = self._changes.get(interface)
        if known is None or now - known.last >= QUIET:
            self._summarise(interface)
            known = self._changes[interface] = _Changes(now, now)
        known.count += 1
        known.last, known.told, known.instance = now, event.summary, event.instance
        if known.count <= FEW:
            self._events.tell(event)
        elif known.count == FEW + 1:
            place = {"instance": event.instance, "interface": interface}
            self._events.tell(LinkFlaps(seconds=int(QUIET), **place))
        if not self._is_waiting:
            self._is_waiting = True
            self._reminder.set(now + QUIET)

    def close(self) -> None:
        """Tell nothing that is not told yet."""
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
        """Tell what became of a link that was not steady, and forget it."""
        changes = self._changes.pop(interface, None)
        if changes is not None and changes.count > FEW:
            steady = LinkSteady(
                count=changes.count,
                seconds=round(changes.last - changes.first, 1),
                last=changes.told,
                instance=changes.instance,
                interface=interface,
            )
            self._events.tell(steady)
