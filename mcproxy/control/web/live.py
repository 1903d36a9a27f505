"""LiveFeed: what all open pages show, read and compared once for all of them.

::

    first page opens -> cycle: read the counters, make the rows, send what changed -> wait -> ...
    last page closes -> nothing runs, nothing is kept

A cycle makes rows in short turns; the reactor does other work in between. A long cycle has pauses
between its turns, so that a daemon with very many flows spends a fifth of its time here. When
something happens, the next cycle begins earlier, and uses the last reading of the counters if that
is not old: a new flow is seen at once, and its data a moment later.

A page that does not keep up gets nothing until it has read what was sent, and then all rows anew:
no changes wait for it in memory. The messages are server-sent events:

==========  ==================================================================================
``begin``   forget all rows; they follow
``rows``    rows of a ``table`` that are new or changed (``put``), and keys of others (``drop``)
``events``  a list of events, as /events has them
``cycle``   the rows belong together now: ``time``, ``counts`` of all rows, ``error`` if any
``alive``   nothing: the daemon still runs
==========  ==================================================================================
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from ..row_filter import RowFilter
from ..views.flows import without_entry
from ..views.status import status
from . import rows
from .live_events import LiveEvents
from .live_reader import LiveReader
from .live_table import LiveTable, encoded, message
from .turns import Keyed, Turn

if TYPE_CHECKING:
    from ...proxy import Proxy
    from ...routing.readings import Reading

INTERVAL = 1.0
"""Seconds between two readings of the counters, at least."""

HASTE = 0.1
"""Seconds from the end of a cycle to the next one, at least, when something happened."""

ALIVE_INTERVAL = 2.0
"""Seconds between messages that say that the daemon runs."""

MOST_FLOWS = 2000
"""Flows that pages get: those with faults, then those with the highest rates, then new ones."""

MOST_HOSTS = MOST_INTERFACES = MOST_INSTANCES = 1000
"""Rows of other tables that pages get."""


class LiveFeed:
    """Serves the pages; ``open`` begins a stream for one."""

    log = Logger()

    def __init__(
        self, proxy: Proxy, reactor: Any, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._proxy = proxy
        self._reactor = reactor
        self._wall_clock = wall_clock
        self._readers: list[LiveReader] = []
        self._starting: list[LiveReader] = []
        self._events = LiveEvents(proxy.events, reactor, self._happened, wall_clock)
        self._reset()
        self._cycle: Deferred[None] | None = None
        self._next: Any = None
        self._alive: Any = None

    def _reset(self) -> None:
        names = ("daemon", "instances", "interfaces", "hosts", "flows")
        self._tables = {name: LiveTable(name) for name in names}
        self._moments = rows.Moments()
        self._last_cycle = b""
        self._counts: dict[str, int] = {}
        self._reading: Reading | None = None
        self._next_reading = 0.0
        self._is_urgent = False

    def open(self, write: Callable[[bytes], object]) -> LiveReader:
        """A new reader, whose messages are given to ``write``."""
        reader = LiveReader(write, self._snapshot, self._remove)
        self._readers.append(reader)
        if len(self._readers) == 1:
            self._events.start()
            self._schedule(0)
            self._alive = self._reactor.callLater(ALIVE_INTERVAL, self._say_alive)
        elif self._last_cycle:
            self._start_later(reader)
        return reader

    # -- readers

    def _remove(self, reader: LiveReader) -> None:
        if reader not in self._readers:
            return
        self._readers.remove(reader)
        if self._readers:
            return
        self._events.stop()
        for call in (self._next, self._alive):
            if call is not None and call.active():
                call.cancel()
        self._next = self._alive = None
        if self._cycle is not None:
            self._cycle.cancel()
        self._reset()

    def _snapshot(self) -> bytes:
        parts = [table.snapshot() for table in self._tables.values()]
        begin = message("begin", b"{}")
        return b"".join((begin, *parts, self._events.snapshot(), self._last_cycle))

    def _send(self, text: bytes) -> None:
        for reader in tuple(self._readers):
            reader.send(text)

    def _say_alive(self) -> None:
        self._send(message("alive", b"{}"))
        self._alive = self._reactor.callLater(ALIVE_INTERVAL, self._say_alive)

    def _happened(self, text: bytes) -> None:
        """Send what happened, and show soon what has changed by it."""
        self._send(text)
        self._is_urgent = True
        if self._next is not None:
            left = self._next.getTime() - self._reactor.seconds()
            self._next.reset(min(left, HASTE))

    # -- cycles

    def _schedule(self, delay: float) -> None:
        self._next = self._reactor.callLater(delay, self._begin)

    def _begin(self) -> None:
        self._next = None
        self._cycle = Deferred.fromCoroutine(self._make())
        self._cycle.addErrback(self._failed)
        self._cycle.addCallback(self._ended)

    def _failed(self, failure: Any) -> None:
        if not self._readers or failure.check(CancelledError):
            return
        self.log.failure("internal error: the web page gets no new data", failure)
        error = f"internal error: {failure.value!r}; see the daemon's log"
        self._finish([], error)

    def _ended(self, _: None) -> None:
        self._cycle = None
        if self._readers and self._next is None:
            left = 0.0 if self._is_urgent else self._next_reading - self._reactor.seconds()
            self._schedule(max(left, HASTE))

    async def _make(self) -> None:
        """One cycle."""
        error, self._is_urgent = None, False
        now = self._reactor.seconds()
        if self._reading is None or now >= self._next_reading:
            self._next_reading = now + INTERVAL  # also if this one fails
            try:
                sampler = self._proxy.routing.sampler
                self._reading = await sampler.read(without_entry(self._proxy))
            except OSError as failure:
                error = f"the kernel's counters cannot be read: {failure}"
            self._next_reading = self._reactor.seconds() + INTERVAL
        turn = Turn(self._reactor)
        changes = [message async for message in self._changes(self._reading, turn)]
        self._finish(changes, error)

    def _finish(self, changes: list[bytes], error: str | None) -> None:
        cycle = {"time": round(self._wall_clock(), 3), "counts": self._counts, "error": error}
        self._last_cycle = message("cycle", encoded(cycle))
        text = b"".join((*changes, self._last_cycle))
        for reader in tuple(self._readers):
            self._start_later(reader) if reader.has_nothing else reader.send(text)

    def _start_later(self, reader: LiveReader) -> None:
        """Send all rows to a reader, to each in a turn of its own: it takes a millisecond.

        Not within this call either: the connection of a new reader is not ready yet.
        """
        if reader in self._starting:
            return
        self._starting.append(reader)
        if len(self._starting) == 1:
            self._reactor.callLater(0, self._start_next)

    def _start_next(self) -> None:
        if self._starting:
            self._starting.pop(0).start()
        if self._starting:
            self._reactor.callLater(0, self._start_next)

    async def _changes(self, reading: Reading | None, turn: Turn) -> AsyncIterator[bytes]:
        """The messages about what has changed in each table."""
        proxy, now = self._proxy, self._wall_clock()
        state = status(proxy, RowFilter.parse("", ()))
        parts: list[tuple[str, Iterable[Keyed | None], int]] = [
            ("daemon", rows.daemon_rows(state), 1),
            ("instances", rows.instance_rows(state), MOST_INSTANCES),
            ("interfaces", rows.interface_rows(proxy), MOST_INTERFACES),
            ("hosts", rows.host_rows(proxy), MOST_HOSTS),
        ]
        if reading is not None:
            made = rows.flow_rows(proxy, reading, self._moments, now)
            parts.append(("flows", made, MOST_FLOWS))
        for name, keyed, most in parts:
            texts, self._counts[name] = await turn.encode(keyed, most, rows.importance)
            yield self._tables[name].replace(texts)
        self._moments.forget_unused()
