"""Which upstreams that work come before which: by priority, and after a hold time.

An upstream that works again after it did not is *returning* for the hold time, and comes after
all that are not: what they provide stays where it is. So a link that flaps moves nothing.
Those that return keep the order in which they came back. One that has never been down is not
held, be it new or not there when we began. Without a hold time it still comes last at first, and
has its place when ``note`` is called the next time.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable


class Preference:
    """The order of one instance's upstreams; ``hold_time`` is in seconds, infinite for ever."""

    def __init__(self, hold_time: float = 0.0) -> None:
        self.hold_time = hold_time
        self.order: tuple[str, ...] = ()
        self._prior: dict[str, int] = {}
        self._failed: set[str] = set()
        self._returned: dict[str, float] = {}

    def take_over(self, before: Preference) -> None:
        """Go on from ``before``, with a hold time of our own."""
        self.order, self._prior = before.order, before._prior
        self._failed, self._returned = before._failed, before._returned

    @property
    def fallen(self) -> set[str]:
        """Those that are down after they have worked, or returning."""
        return self._failed | self._returned.keys()

    def recall(self, fallen: Iterable[str]) -> None:
        """Go on where another process was: its ``fallen`` ones return when they work."""
        self._failed.update(fallen)

    def note(self, names: Iterable[str], working: Container[str], now: float) -> None:
        """Of ``names``, by priority, those work that are among ``working``."""
        self._prior = {name: place for place, name in enumerate(names)}
        works = [name for name in self._prior if name in working]
        self._failed.update(name for name in self.order if name not in works)
        self._failed.intersection_update(self._prior)
        self._returned = {
            name: since
            for name, since in self._returned.items()
            if name in works and now < since + self.hold_time
        }
        self._returned.update((name, now) for name in works if name in self._failed)
        self._failed.difference_update(works)
        settled = (name for name in works if name not in self._returned)
        self.order = (*settled, *self._returned)

    def next_deadline(self) -> float | None:
        """When the next upstream has returned for good; None for never."""
        ends = (since + self.hold_time for since in self._returned.values())
        return min((end for end in ends if end < math.inf), default=None)

    def held(self) -> dict[str, float]:
        """Those that others come before which are not preferred to them, and until when."""
        return {
            name: since + self.hold_time
            for name, since in self._returned.items()
            if any(
                self._prior[other] > self._prior[name]
                for other in self.order[: self.order.index(name)]
            )
        }
