"""Moves of sources: whether an entry follows data that came in on another interface.

A wrong-interface upcall needs one packet only, and anybody on a link can send a packet with the
address of a source elsewhere. A router upstream may also send back what the proxy sent up. So
the upcall is a hint to look at the counters of the entry, now and after LOOK_TIME:

- its iif delivers: the entry stays,
- only another interface delivers: the entry moves,
- neither does: the entry stays until the next upcall. If the iif still has no packet then, the
  entry moves.

One case differs. If the unicast route of the source leads to the new interface and not to the
iif, the entry moves also when the new interface delivers much more than the iif. Then somebody
else used the source's address first. Data that comes back from upstream is never more than what
the iif delivers.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import NamedTuple

from ..family import Address

LOOK_TIME = 0.3
"""Seconds between the two looks at the counters; slower streams may need a second upcall."""

MOST_AT_ONCE = 50
"""Suspects that are decided on in one call, so that other work gets its turn."""

MOST_UNDECIDED = 10_000
"""Entries to remember for which no interface delivered."""

Channel = tuple[Address, Address]
"""A source and the group that it sends to."""


class Verdict(Enum):
    """What to do about data on an interface that is not the iif."""

    STAY = "stay"
    MOVE = "move"
    LOOK = "look"
    """The counters must show which interface delivers."""


class Delivered(NamedTuple):
    """What the kernel counted for an entry: packets on its iif, and packets elsewhere."""

    here: int
    elsewhere: int


class Suspect(NamedTuple):
    """Data of a channel that came in on ``interface``, and the counters at that time.

    ``is_routed`` says that the unicast route leads to ``interface`` and not to the iif.
    """

    channel: Channel
    interface: str
    is_routed: bool
    delivered: Delivered


class Moves:
    """The wrong-interface upcalls of one proxy instance and family that wait for a decision.

    ``refused`` counts the upcalls after which an entry stayed, by interface.
    """

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        # In the order of their deadlines, because all wait equally long.
        self._waiting: dict[Channel, tuple[float, Suspect]] = {}
        self._undecided: dict[Channel, Suspect] = {}

    def begin(self, suspect: Suspect, now: float) -> Verdict:
        """Note an upcall; LOOK means that ``take_due`` returns the suspect after LOOK_TIME."""
        channel = suspect.channel
        if channel in self._waiting:
            return Verdict.LOOK
        before = self._undecided.pop(channel, None)
        if before is not None and before.interface == suspect.interface:
            verdict = _compare(before, suspect.delivered)
            if verdict is Verdict.MOVE:
                return verdict
        self._waiting[channel] = (now + LOOK_TIME, suspect)
        return Verdict.LOOK

    def next_deadline(self) -> float | None:
        """When to call ``take_due``; None if nothing waits."""
        return next((due for due, _ in self._waiting.values()), None)

    def take_due(self, now: float) -> list[Suspect]:
        """The suspects to decide on now, each by ``decide`` with new counters, or ``refuse``.

        They are MOST_AT_ONCE at most; the next deadline of further ones has come then, too.
        """
        found: list[Suspect] = []
        for due, suspect in self._waiting.values():
            if due > now or len(found) == MOST_AT_ONCE:
                break
            found.append(suspect)
        for suspect in found:
            del self._waiting[suspect.channel]
        return found

    def decide(self, suspect: Suspect, delivered: Delivered) -> Verdict:
        """MOVE or STAY, by the counters at the deadline."""
        verdict = _compare(suspect, delivered)
        if verdict is Verdict.MOVE:
            return verdict
        if verdict is Verdict.LOOK:
            if len(self._undecided) >= MOST_UNDECIDED:
                self._undecided.clear()
            self._undecided[suspect.channel] = suspect
        self.refuse(suspect.interface)
        return Verdict.STAY

    def refuse(self, interface: str) -> None:
        """Count an upcall after which the entry stays."""
        self.refused[interface] += 1


def _compare(suspect: Suspect, delivered: Delivered) -> Verdict:
    """LOOK if no interface delivered since the upcall, or if the entry was made anew."""
    here = delivered.here - suspect.delivered.here
    elsewhere = delivered.elsewhere - suspect.delivered.elsewhere
    if here < 0 or elsewhere < 0:
        return Verdict.LOOK
    if here:
        overtaken = suspect.is_routed and elsewhere > 2 * here
        return Verdict.MOVE if overtaken else Verdict.STAY
    return Verdict.MOVE if elsewhere else Verdict.LOOK
