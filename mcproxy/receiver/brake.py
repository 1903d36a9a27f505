"""Brakes: the kernel drops the packets of hosts and links that have flooded their queue.

To read a packet and drop it takes time too. So who has filled its part of the queue is refused
by the socket filter, and accepted again once its waiting packets are worked off. That may be a
host, the strangers on a link, or a link.

A host that goes on flooding is refused longer each time. Otherwise it would fill the queue again
and again, and the socket, too, where the packets of others wait behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, NamedTuple, Protocol

from ..protocol.family import Address
from .fair_queue import STRANGERS, FairQueue, Sender
from .known_hosts import KnownHosts

MOST_HOSTS = 16
"""Hosts that are refused one by one; when there are more, the others of their links are too."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""Seconds for which a host is refused in addition when it floods again; twice as long each time."""

PAUSE_MEMORY = 1.0
"""Seconds after its release within which a flood of a host counts as the same one."""

_MOST_NAMED = 2000
"""Known hosts that a filter names: the kernel takes 4,096 instructions."""


class Filtered(Protocol):
    """A socket with a filter."""

    def accept_from(
        self,
        indexes: Iterable[int],
        refused: Iterable[tuple[int, Address]] = (),
        only: Iterable[tuple[int, Address]] = (),
    ) -> None:
        """Receive from these interfaces only, without ``refused`` hosts; OSError.

        From the interfaces in ``only``, receive from these hosts alone.
        """


class _Pause(NamedTuple):
    """The last pause of a host, in seconds, and when it was accepted again; None before that."""

    seconds: float
    released: float | None


class Brakes:
    """The filter of one socket: its ``interfaces`` by index, and whom it refuses now.

    ``pause`` has a host released after a time in seconds: it calls ``end_pause``.
    """

    def __init__(
        self,
        table: Filtered,
        interfaces: Collection[int],
        queue: FairQueue[Any],
        known: KnownHosts,
        clock: Callable[[], float],
        pause: Callable[[float, Sender], object],
    ) -> None:
        self._table = table
        self._interfaces = interfaces
        self._queue = queue
        self._known = known
        self._links: set[int] = set()
        self._hosts: set[Sender] = set()
        self._clock = clock
        self._pause = pause
        self._pauses: dict[Sender, _Pause] = {}
        self._resting: set[Sender] = set()

    def __bool__(self) -> bool:
        return bool(self._links or self._hosts)

    def apply(self) -> None:
        """Attach the filter; OSError, or ValueError when it is too long."""
        here, links = self._interfaces, self._links
        for gone in [one for one in self._hosts if one.interface not in here]:
            self._hosts.remove(gone)
            self._pauses.pop(gone, None)
        links.intersection_update([*here, *(index + STRANGERS for index in here)])
        accepted = [i for i in here if i not in links and i + STRANGERS not in links]
        only = [
            (index, _packed(host))
            for index in here
            if index not in links and index + STRANGERS in links
            for host in self._known.of(index)
        ]
        refused = [(one.interface, _packed(one.host)) for one in self._hosts]
        self._table.accept_from(accepted, refused, only[:_MOST_NAMED])

    def refuse(self, sender: Sender) -> bool:
        """Refuse a host whose part of the queue is full; whether the filter must be applied.

        Where many hosts have filled it, they may be forged: then the link is refused, or the
        strangers on it.
        """
        if sender in self._hosts or sender.link in self._links:
            return False
        if self._queue.is_crowded(sender) or len(self._hosts) >= MOST_HOSTS:
            self._links.add(sender.link)
        else:
            self._hosts.add(sender)
            self._pauses[sender] = _Pause(self._next_pause(sender), None)
        return True

    def _next_pause(self, sender: Sender) -> float:
        """The seconds of the pause that follows the flood of a host; none after its first one."""
        now = self._clock()
        for one in [
            one
            for one, last in self._pauses.items()
            if last.released is not None and now > last.released + PAUSE_MEMORY
        ]:
            del self._pauses[one]
        last = self._pauses.get(sender)
        return 0.0 if last is None else min(max(FIRST_PAUSE, 2 * last.seconds), LONGEST_PAUSE)

    def release(self, sender: Sender) -> bool:
        """After work for a host: whether it is accepted again, and the filter must be applied."""
        if sender in self._hosts and not self._queue.is_waiting(sender):
            seconds = self._pauses[sender].seconds
            if not seconds:
                return self.end_pause(sender)
            if sender not in self._resting:  # packets that were in the socket may still come
                self._resting.add(sender)
                self._pause(seconds, sender)
        if sender.link in self._links and not self._queue.is_half_full(sender.link):
            self._links.remove(sender.link)
            return True
        return False

    def end_pause(self, sender: Sender) -> bool:
        """Accept a host again; whether the filter must be applied."""
        self._resting.discard(sender)
        if sender not in self._hosts:
            return False
        self._hosts.remove(sender)
        self._pauses[sender] = self._pauses[sender]._replace(released=self._clock())
        return True


def _packed(host: str) -> Address:
    """The packed form of an address as the socket tells it, perhaps with a scope."""
    address = host.partition("%")[0]
    return inet_pton(AF_INET6 if ":" in address else AF_INET, address)
