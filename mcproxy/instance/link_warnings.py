"""LinkWarnings: tells the operator why an interface is not used, once for each reason."""

from __future__ import annotations

from typing import NamedTuple

from ..config.model import DOWNSTREAM, UPSTREAM
from ..events.bus import Events
from ..events.links import LinkUnusable
from ..linux.netlink.links import Link
from ..timer import Timer
from .link_state import Obstacle, obstacle
from .plan.plan import InstancePlan

SETTLE_TIME = 3.0
"""Seconds that an obstacle must last: a link comes up before its addresses do."""

_Place = tuple[str, str]
"""An interface and its role."""


class _Pending(NamedTuple):
    """An obstacle that is told when it is ``due``."""

    obstacle: Obstacle
    due: float


class LinkWarnings:
    """Tells ``events`` of the obstacles of an instance's interfaces."""

    def __init__(self, events: Events, timer: Timer) -> None:
        self._events = events
        self._timer = timer
        self._reminder = timer.reminder(self._due)
        self._pending: dict[_Place, _Pending] = {}
        self._name = ""

    def note(self, plan: InstancePlan, name: str, link: Link | None) -> None:
        """The link of this name is as it is now, or gone; tell of it if it cannot be used.

        What a pattern stands for comes and goes, so that it is down or absent is no news.
        """
        self._name = plan.name
        if name in plan.forwarding.upstreams:
            self._note((name, UPSTREAM), obstacle(link, plan.family, UPSTREAM))
        settings = plan.downstreams.settings(name)
        if settings is None:
            return
        is_named = name in plan.downstreams.names
        usable = None if link is None else link.with_query_address(settings.query_address)
        if is_named or (usable is not None and usable.up):
            self._note((name, DOWNSTREAM), obstacle(usable, plan.family, DOWNSTREAM))
        else:
            self._note((name, DOWNSTREAM), None)

    def close(self) -> None:
        """Tell nothing that is not told yet."""
        self._pending.clear()
        self._reminder.cancel()

    def _note(self, place: _Place, found: Obstacle | None) -> None:
        known = self._pending.get(place)
        if found is None:
            self._pending.pop(place, None)
        elif known is None or known.obstacle != found:
            due = self._timer.now() + SETTLE_TIME
            self._pending[place] = _Pending(found, due)
            if self._reminder.when is None:
                self._reminder.set(due)

    def _due(self, now: float) -> None:
        for place, (found, due) in list(self._pending.items()):
            if due <= now:
                del self._pending[place]
                self._tell(place, found)
        ends = [pending.due for pending in self._pending.values()]
        self._reminder.set(min(ends, default=None))

    def _tell(self, place: _Place, found: Obstacle) -> None:
        interface, role = place
        self._events.tell(
            LinkUnusable(
                role=role,
                reason=found.reason,
                cure=found.cure,
                instance=self._name,
                interface=interface,
            )
        )
