"""Preference: the order of the upstreams that work, by priority and hold time.

An upstream that works again after a failure is *returning* for the hold time. It comes after all
upstreams that are not returning, so their groups stay with them, and a link that flaps moves
nothing. Returning upstreams keep the order in which they came back. An upstream that never
failed is not held, whether it is new or appeared late. With a hold time of 0 a returning upstream
still comes last at first; the next call of ``note`` gives it its place.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable


class Preference:
    """The order of one instance's upstreams; ``hold_time`` is in seconds, and may be infinite."""

    def __init__(self, hold_time: float = 0.0) -> None:
        self.hold_time = hold_time
        self.order: tuple[str, ...] = ()
        self._prior: dict[str, int] = {}
        self._failed: set[str] = set()
        self._returned: dict[str, float] = {}

    def continue_from(self, before: Preference) -> None:
        """Start in the state of ``before``, with our own hold time."""
        self.order, self._prior = before.order, before._prior
        self._failed, self._returned = before._failed, before._returned

    @property
    def fallen(self) -> set[str]:
        """The upstreams that failed after they had worked, and those returning."""
        return self._failed | self._returned.keys()

    def restore_fallen(self, fallen: Iterable[str]) -> None:
        """Treat these as failed: a previous process saw them fail."""
        self._failed.update(fallen)

    def note(self, names: Iterable[str], working: Container[str], now: float) -> None:
        """Update the order: ``names`` are all upstreams by priority, of which some work."""
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
        """When the hold time of the next returning upstream ends; None for never."""
        ends = (since + self.hold_time for since in self._returned.values())
        return min((end for end in ends if end < math.inf), default=None)

    def held(self) -> dict[str, float]:
        """The upstreams that come after one of lower priority, and until when they do."""
        return {
            name: since + self.hold_time
            for name, since in self._returned.items()
            if any(
                self._prior[other] > self._prior[name]
                for other in self.order[: self.order.index(name)]
            )
        }
