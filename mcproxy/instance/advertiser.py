"""Advertiser: advertises the router of a downstream link to snooping switches (RFC 4286)."""

from __future__ import annotations

import random
from collections.abc import Callable

from ..protocol.router.discovery import RouterDiscovery
from ..protocol.router.querier import Querier
from ..protocol.wire.packets import Packet, RouterSolicitation, Send
from ..timer import Timer


class Advertiser:
    """Passes packets and time to the RouterDiscovery of a link; ``send`` sends on the link.

    ``interval`` is the time in seconds between advertisements; None is off.
    """

    def __init__(self, querier: Querier, timer: Timer, send: Callable[[list[Send]], None]) -> None:
        self._querier = querier
        self._timer = timer
        self._send = send
        self._discovery = RouterDiscovery(querier.family, random.random)
        self._reminder = timer.reminder(self._due)

    @property
    def interval(self) -> int | None:
        """The interval in use."""
        return self._discovery.interval

    def configure(self, interval: int | None, *, at_once: bool = False) -> None:
        """Use this interval from now on; ``at_once`` is for a link that was advertised before."""
        self._send(self._discovery.configure(interval, self._timer.now(), at_once=at_once))
        self._reminder.set(self._discovery.next_deadline())

    def receive(self, packet: Packet) -> None:
        """Answer a solicitation; what other routers advertise is ignored."""
        if isinstance(packet, RouterSolicitation):
            self._discovery.solicit(self._timer.now())
            self._reminder.set(self._discovery.next_deadline())

    def close(self, *, is_gone: bool) -> None:
        """End, and tell the link, unless it is gone."""
        sends = self._discovery.stop()
        self._reminder.cancel()
        if not is_gone:
            self._send(sends)

    def _due(self, now: float) -> None:
        self._send(self._discovery.advance(self._querier.settings, now))
        self._reminder.set(self._discovery.next_deadline())
