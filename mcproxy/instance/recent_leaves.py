"""RecentLeaves: when groups ended on a downstream, and by whom, for those who ask later."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from ..protocol.family import Address


class Ended(NamedTuple):
    """When a group ended (the daemon's clock); ``host`` left it, None where nobody answered."""

    when: float
    host: Address | None


class RecentLeaves:
    """The latest groups that ended on a link, at most ``most`` of them."""

    def __init__(self, most: int = 256) -> None:
        self._known: OrderedDict[Address, Ended] = OrderedDict()
        self._most = most

    def note(self, group: Address, host: Address | None, now: float) -> None:
        """A group has ended; ``host`` left it, None where nobody answered."""
        self._known[group] = Ended(now, host)
        self._known.move_to_end(group)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def of(self, group: Address) -> Ended | None:
        """When a group ended here; None if that is not known."""
        return self._known.get(group)
