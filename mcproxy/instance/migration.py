"""Migration: from group forwarding to source-by-source forwarding, without losing a packet.

The kernel sends an upcall about a source only once the entry for its group is gone, and it queues
no more than four packets of the source until the upcall is answered. So the groups migrate a few
at a time, and the proxy answers the upcalls of one step before those packets have come.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Generic, TypeVar

from ..protocol.family import Address
from ..timer import Timer

PACE = 0.01
"""Seconds between steps."""

MOST_STEPS = 200

B = TypeVar("B")


class Migration(Generic[B]):
    """The groups that still have the entries of the forwarding ``before``, fewer at each step.

    At first these are ``groups``, which is ours from now on.
    ``changed`` is called with the groups that have lost them. A closed migration does nothing.
    """

    def __init__(
        self,
        before: B,
        groups: dict[Address, object],
        timer: Timer,
        changed: Callable[[list[Address]], None],
    ) -> None:
        self.before = before
        self._waiting = groups
        self._changed = changed
        self._timer = timer
        self._closed = False
        self._step = len(self._waiting) // MOST_STEPS + 1
        self._reminder = timer.reminder(self._migrate_some)
        self._reminder.set(timer.now() + PACE)

    def __contains__(self, group: Address) -> bool:
        return group in self._waiting

    def close(self) -> None:
        """End where it is: no further group migrates."""
        self._closed = True
        self._reminder.cancel()

    def _migrate_some(self, now: float) -> None:
        if self._closed:
            return
        some = list(islice(self._waiting, self._step))
        for group in some:
            del self._waiting[group]
        if some:
            self._changed(some)
        if self._waiting and not self._closed:
            self._reminder.set(now + PACE)
