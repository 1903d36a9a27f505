"""Multicast Router Discovery: when the router of one link advertises itself (RFC 4286).

Snooping switches send data to ports with multicast routers. They find the querier of a link by
its queries, and every other router by these advertisements.

The owner calls ``configure``, ``solicit`` when a valid solicitation came, ``advance`` when
``next_deadline`` has come, and ``stop``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..family import IPV4, Family
from ..wire.datagram import destination
from ..wire.packets import Discovery, RouterAdvertisement, RouterTermination, Send
from .settings import QuerierSettings

MAX_INITIAL_ADVERTISEMENT_INTERVAL = 2.0
"""Longest time in seconds before each of the first advertisements (RFC 4286, section 3.1.3)."""

MAX_INITIAL_ADVERTISEMENTS = 3
"""How many advertisements are the first ones (RFC 4286, section 3.1.4)."""

MAX_RESPONSE_DELAY = 2.0
"""Longest time in seconds before a solicitation is answered (RFC 4286, section 6)."""

JITTER = 0.025
"""The part of the interval by which it is longer or shorter (RFC 4286, section 3.1.2)."""

SHORTEST_GAP = 0.1
"""Seconds between two messages: at most ten a second (RFC 4286, section 3.1.6)."""


class RouterDiscovery:
    """Decides when to advertise the router of one link.

    ``interval`` is the time in whole seconds between two advertisements; None advertises
    nothing. ``random`` returns numbers in [0, 1).
    """

    def __init__(self, family: Family, random: Callable[[], float]) -> None:
        self.interval: int | None = None
        self._family = family
        self._random = random
        self._due: float | None = None
        self._initial = 0
        self._is_answer = False
        self._last = -math.inf

    def next_deadline(self) -> float | None:
        """When ``advance`` must be called next; None while nothing is advertised."""
        return self._due

    def configure(self, interval: int | None, now: float, *, at_once: bool = False) -> list[Send]:
        """Use another interval; from None it begins to advertise, to None it ends.

        With ``at_once`` the first advertisement is due now, and not after a random time.
        """
        before, self.interval = self.interval, interval
        if interval is None:
            return [] if before is None else self._end()
        if before is None:
            self._initial = MAX_INITIAL_ADVERTISEMENTS
            self._due = now if at_once else now + self._initial_delay()
        elif before != interval and not self._initial:
            self._due = max(now, self._last + self._delay(interval))
        return []

    def stop(self) -> list[Send]:
        """Advertise nothing any more, and tell that the router ends (section 5.3)."""
        return [] if self.interval is None else self._end()

    def solicit(self, now: float) -> None:
        """Answer a solicitation, unless an answer or a first advertisement is pending (3.4)."""
        if self._due is None or self._initial or self._is_answer:
            return
        self._is_answer = True
        when = now + self._random() * MAX_RESPONSE_DELAY
        self._due = min(self._due, max(when, self._last + SHORTEST_GAP))

    def advance(self, settings: QuerierSettings, now: float) -> list[Send]:
        """Send an advertisement if it is due, with the ``settings`` of the link's querier."""
        interval = self.interval
        if interval is None or self._due is None or self._due > now:
            return []
        self._last, self._is_answer = now, False
        self._initial = max(0, self._initial - 1)
        delay = self._initial_delay() if self._initial else self._delay(interval)
        self._due = now + max(delay, SHORTEST_GAP)
        robustness = 0 if self._is_igmpv1(settings) else settings.robustness
        packet = RouterAdvertisement(interval, int(settings.query_interval), robustness)
        return [self._send(packet)]

    def _is_igmpv1(self, settings: QuerierSettings) -> bool:
        """IGMPv1 has no robustness (section 3.2.5)."""
        return self._family is IPV4 and settings.version == 1

    def _end(self) -> list[Send]:
        self.interval = self._due = None
        self._initial, self._is_answer = 0, False
        return [self._send(RouterTermination())]

    def _initial_delay(self) -> float:
        return self._random() * MAX_INITIAL_ADVERTISEMENT_INTERVAL

    def _delay(self, interval: int) -> float:
        return interval * (1.0 + JITTER * (2.0 * self._random() - 1.0))

    def _send(self, packet: Discovery) -> Send:
        return Send(destination(self._family, packet), packet)
