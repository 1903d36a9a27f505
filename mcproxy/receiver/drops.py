"""What was received and not acted upon: counters by interface and reason, and lines in the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from twisted.logger import Logger

from ..protocol.wire.packets import DropReason, WireError

WARNING_INTERVAL = 600.0
"""Seconds between two warnings of one kind about one interface."""


class Drops:
    """Counts and logs the dropped messages of one multicast routing socket.

    ``counters`` counts by interface and reason; the interface is empty where it is not known.
    ``lost`` is how many packets the kernel had dropped on the socket before.
    """

    log = Logger()

    def __init__(
        self, protocol: str, counters: Counter[tuple[str, str]], clock: Callable[[], float]
    ) -> None:
        self._protocol = protocol
        self._counters = counters
        self._clock = clock
        self._lost = 0
        self._warned: dict[tuple[str, str], float] = {}

    def start_at(self, lost: int) -> None:
        """Do not count what the kernel had dropped before."""
        self._lost = lost

    def count_failure(self) -> None:
        """A read failed."""
        self._counters["", "receive-error"] += 1

    def count_refused(self, interface: str, host: str, error: WireError) -> None:
        """A message of ``host`` breaks a rule; only some of many are logged.

        Dropped queries are warned about, because their sender may be the querier of the link
        (RFC 9777, section 5.1.14).
        """
        key = interface, error.reason.value
        self._counters[key] += 1
        count = self._counters[key]
        if count & (count - 1) == 0:  # the 1st, 2nd, 4th, 8th, ...
            self.log.debug(
                "{protocol} message from {host} dropped: {reason}; {count} so far for this reason",
                protocol=self._protocol,
                host=host,
                reason=str(error),
                count=count,
                interface=interface,
            )
        if error.reason is DropReason.QUERY_SOURCE and self._may_warn(interface, key[1]):
            self.log.warn(
                "a query of {host} on {interface} was dropped because its source is not a "
                "link-local address; it is not answered, and {host} cannot become the querier; set "
                "that router to send its {protocol} queries from a link-local address",
                protocol=self._protocol,
                host=host,
                interface=interface,
            )

    def count_excess(self, interface: str, host: str) -> None:
        """A message of a host was dropped that has its share of the queue waiting."""
        self._counters[interface, "flood"] += 1
        if self._may_warn(interface, "flood"):
            self.log.warn(
                "{host} sends more {protocol} messages than can be processed; those beyond its "
                "share are dropped, other hosts are served (see max-host-report-rate)",
                host=host,
                protocol=self._protocol,
                interface=interface,
            )

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
        if self._may_warn("", "receive-queue"):
            self.log.warn(
                "the kernel dropped {count} {protocol} messages that came faster than they were "
                "read, or were damaged; joins and leaves among them take effect later, when hosts "
                "repeat them or answer the next query",
                count=count,
                protocol=self._protocol,
            )

    def _may_warn(self, interface: str, kind: str) -> bool:
        now = self._clock()
        if now < self._warned.get((interface, kind), now):
            return False
        self._warned[interface, kind] = now + WARNING_INTERVAL
        return True
