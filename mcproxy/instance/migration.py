"""From forwarding by groups to forwarding source by source, without losing a packet.

The kernel tells of a source only once the entry for its group is gone, and keeps no more than
four packets of it until it is answered. So the groups change over a few at a time, each of
which is answered before those packets have come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Generic, TypeVar

from ..protocol.family import Address
from ..timer import Timer

PACE = 0.01
"""Seconds between steps."""

MOST_STEPS = 200

B = TypeVar("B")


class Migration(Generic[B]):
    """The groups that still have the entries of the plane ``before``, fewer at each step.

    ``changed`` is told of those that have them no more.
    """

    def __init__(
        self,
        before: B,
        groups: Iterable[Address],
        timer: Timer,
        changed: Callable[[list[Address]], None],
    ) -> None:
        self.before = before
        self._waiting = dict.fromkeys(groups)
        self._changed = changed
        self._timer = timer
        self._step = len(self._waiting) // MOST_STEPS + 1
        self._reminder = timer.reminder(self._go_on)
        self._reminder.set(timer.now() + PACE)

    def __contains__(self, group: Address) -> bool:
        return group in self._waiting

    def close(self) -> None:
        """Do nothing any more."""
        self._reminder.cancel()

    def _go_on(self, now: float) -> None:
        some = list(islice(self._waiting, self._step))
        for group in some:
            del self._waiting[group]
        if some:
            self._changed(some)
        if self._waiting:
            self._reminder.set(now + PACE)
