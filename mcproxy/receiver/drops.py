"""What was received and not acted upon: counters by interface and reason, and events."""

from __future__ import annotations

from collections import Counter

from ..events.bus import Events
from ..events.membership import Dropped, FloodDropped, QueryDropped, QueueOverflow
from ..protocol.wire.packets import DropReason, WireError


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
        self._counters["", "receive-error"] += 1

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
        self._counters[interface, "flood"] += 1
        self._events.tell(FloodDropped(interface=interface, host=host, protocol=self._protocol))

    def count_upcall(self) -> None:
        """An upcall was dropped: the sources of its link have their share of the queue waiting."""
        self._counters["", "upcall-flood"] += 1

    def note_lost(self, lost: int) -> None:
        """The kernel has dropped so many packets on this socket until now, modulo 2**32."""
        count = (lost - self._lost) & 0xFFFFFFFF
        if not count:
            return
        self._lost = lost
        self._counters["", "receive-queue"] += count
        self._events.tell(QueueOverflow(protocol=self._protocol, count=count))
