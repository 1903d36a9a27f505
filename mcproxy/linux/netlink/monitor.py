"""The links of this machine and their addresses, kept as the kernel reports them.

A monitor asks for everything once and receives changes from then on. When the kernel dropped
events it asks again, and whatever the answers do not list is gone.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterable
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

from ..buffers import enlarge_receive_buffer
from .events import Decoder, DumpEnd, request_addresses, request_link, request_links
from .frame import open_netlink
from .links import Link, LinkTable

__all__ = ["InterfaceMonitor", "Link", "make_link_socket"]

_GROUPS = (1, 5, 9)  # LINK, IPV4_IFADDR, IPV6_IFADDR
_RECEIVE_BUFFER = 1 << 20
_MOST_DRAINED = 100_000
_MOST_DUMPS = 5


def make_link_socket() -> socket.socket:
    """The non-blocking socket for an InterfaceMonitor's port; OSError."""
    sock = open_netlink(_GROUPS)
    enlarge_receive_buffer(sock, _RECEIVE_BUFFER)
    return sock


class InterfaceMonitor:
    """A DatagramPort's protocol that keeps ``links``, by name, as the kernel has them.

    ``changed(before, after)`` is called for each difference, with None for "no such link"; a
    renamed link is one that goes and one that comes. ``ready()`` is called once, after the
    links that exist at the start. ``events_lost()`` is called when the kernel dropped events
    and all links are known again: one may have changed meanwhile and changed back.
    """

    log = Logger()

    def __init__(
        self,
        changed: Callable[[Link | None, Link | None], None],
        ready: Callable[[], None],
        events_lost: Callable[[], None],
    ) -> None:
        self.links: dict[str, Link] = {}
        self._changed = changed
        self._ready: Callable[[], None] | None = ready
        self._events_lost = events_lost
        self._table = LinkTable()
        # Made now, before there are threads: another thread that imports pyroute2 too, for
        # policy rules, might find it half imported.
        self._decoder = Decoder()
        self._transport: Any = None
        self._sequence = 0
        self._requests: list[Callable[[int], bytes]] = []
        self._dumping = False
        self._dumps = 0
        self._has_lost_events = False

    def set_asked(self, names: Iterable[str]) -> None:
        """Give links the alternative names that are among ``names``, instead of their own."""
        self._table.set_asked(frozenset(names))
        if self._transport is not None and not self._dumping:
            self._publish()

    def makeConnection(self, transport: Any) -> None:
        """Ask for all links and addresses; OSError when that cannot be sent."""
        self._transport = transport
        self._dump()

    def connectionLost(self, reason: Failure) -> None:
        """Keep the links as they were reported last."""
        self._transport = None

    def receiveFailed(self, error: OSError) -> None:
        """Ask for everything again when the kernel dropped events."""
        if error.errno in (errno.ENOBUFS, errno.EMSGSIZE) and self._transport is not None:
            self._dumps = 0
            self._has_lost_events = True
            # A full buffer has no room for the answers, and its events are older than these.
            _drain(self._transport.socket)
            self._dump()

    def datagramReceived(self, data: bytes, ancillary: Any, address: Any) -> None:
        """Take in the events in ``data`` and report the differences."""
        for event in self._decoder.decode(data):
            if not isinstance(event, DumpEnd):
                self._table.take(event)
            elif event.sequence == self._sequence and self._dumping:
                self._answered(event.error, event.interrupted)
        if not self._dumping:
            self._publish()
        self._ask_for_incomplete()

    # -- asking for everything

    def _dump(self) -> None:
        self._dumps += 1
        self._dumping = True
        self._table.begin_dump()
        self._requests = [request_links, request_addresses]
        self._ask()

    def _ask(self) -> None:
        """Send the next request; the kernel carries out one dump at a time."""
        self._sequence += 1
        self._transport.send(self._requests.pop(0)(self._sequence), (0, 0))

    def _ask_for_incomplete(self) -> None:
        """Ask for links of which no message has told all that is needed."""
        for index in list(self._table.incomplete):
            self._transport.send(request_link(index), (0, 0))
            self._table.incomplete.discard(index)

    def _answered(self, error: int, interrupted: bool) -> None:
        if (error or interrupted) and self._dumps < _MOST_DUMPS:
            self._dump()
        elif error:
            self.log.error(
                "cannot list the network interfaces: {reason}; those not reported yet stay unused",
                reason=os.strerror(error),
            )
            self._dumping = False
        elif self._requests:
            self._ask()
        else:
            self._dumping = False
            self._table.end_dump()

    # -- reporting

    def _publish(self) -> None:
        names = self._table.take_touched()
        differences = [(self.links.get(name), self._table.link(name)) for name in names]
        # Removed links first, so that no two links have one index at a time.
        differences.sort(key=lambda pair: (pair[1] is not None, pair[1].index if pair[1] else 0))
        self._tell([pair for pair in differences if pair[0] != pair[1]])
        if self._ready is not None:
            ready, self._ready = self._ready, None
            ready()
        if self._has_lost_events:
            self._has_lost_events = False
            self._events_lost()

    def _tell(self, differences: Iterable[tuple[Link | None, Link | None]]) -> None:
        for before, after in differences:
            if after is not None:
                self.links[after.name] = after
            elif before is not None:
                del self.links[before.name]
            try:
                self._changed(before, after)
            except Exception:
                self.log.failure("internal error: a link change could not be handled")


def _drain(sock: socket.socket) -> None:
    """Discard what waits to be read."""
    for _ in range(_MOST_DRAINED):
        try:
            sock.recv(1)
        except BlockingIOError:
            return
        except OSError:
            continue  # the kernel reports once more that it dropped events
