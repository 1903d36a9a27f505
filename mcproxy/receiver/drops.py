"""What was received and not acted upon: counters by interface and reason, and events."""

from __future__ import annotations

from collections import Counter
from enum import Enum

from ..events.bus import Events
from ..events.membership import Dropped, FloodDropped, QueryDropped, QueueOverflow
from ..message_counts import MessageCounts
from ..protocol.wire.packets import DropReason, WireError


class DropCause(Enum):
    """Why a message was dropped that breaks no rule. The values are names of counters."""

    FLOOD = "flood"
    """Its host, or its link, had its share of the queue waiting."""
    UPCALL_FLOOD = "upcall-flood"
    """The same for upcalls of the kernel about new sources."""
    QUEUE = "receive-queue"
    """The kernel's queue of the socket was full, or the packet was damaged."""
    FAILURE = "receive-error"
    """The socket could not be read."""


class Counts:
    """What one family has received: ``messages``, and ``dropped`` by interface and reason.

    The interface is empty where it is not known.
    """

    def __init__(self) -> None:
        self.messages: MessageCounts = Counter()
        self.dropped: Counter[tuple[str, str]] = Counter()


class Drops:
    """Counts and tells the dropped messages of one multicast routing socket.

    ``counters`` counts by interface and reason; the interface is empty where it is not known.
    ``lost`` is how many packets the kernel had dropped on the socket before.
    """

    def __init__(self, protocol: str, counters: Counter[tuple[str, str]], events: Events) -> None:
        self._protocol = protocol
        self._counters = counters
        self._events = events
        self._lost = 0

    def start_at(self, lost: int) -> None:
        """Do not count what the kernel had dropped before."""
        self._lost = lost

    def count_failure(self) -> None:
        """A read failed."""
        self._counters["", DropCause.FAILURE.value] += 1

    def count_refused(self, interface: str, host: str, error: WireError) -> None:
        """A message of ``host`` breaks a rule.

        Dropped queries are warned about, because their sender may be the querier of the link
        (RFC 9777, section 5.1.14).
        """
        self._counters[interface, error.reason.value] += 1
        kind = QueryDropped if error.reason is DropReason.QUERY_SOURCE else Dropped
        if kind in self._events.wanted:
            dropped = kind(
                interface=interface,
                host=host,
                protocol=self._protocol,
                reason=error.reason.value,
                details=str(error),
            )
            self._events.tell(dropped)

    def count_excess(self, interface: str, host: str) -> None:
        """A message of a host was dropped that has its share of the queue waiting."""
        self._counters[interface, DropCause.FLOOD.value] += 1
        self._events.tell(FloodDropped(interface=interface, host=host, protocol=self._protocol))

    def count_upcall(self) -> None:
        """An upcall was dropped: the sources of its link have their share of the queue waiting."""
        self._counters["", DropCause.UPCALL_FLOOD.value] += 1

    def note_lost(self, lost: int) -> None:
        """The kernel has dropped so many packets on this socket until now, modulo 2**32."""
        count = (lost - self._lost) & 0xFFFFFFFF
        if not count:
            return
        self._lost = lost
        self._counters["", DropCause.QUEUE.value] += count
        self._events.tell(QueueOverflow(protocol=self._protocol, count=count))
