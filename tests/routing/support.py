"""A kernel table as plain values, an owner, and a table between them."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute.dump import InstalledRoute
from mcproxy.linux.mroute.socket import Counters
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.routing import audit
from mcproxy.routing.table import ForwardingTable

from ..events.log_lines import LogLines

ANY = IPV4.unspecified
G1, G2 = packed("239.1.1.1"), packed("239.1.1.2")
S1 = packed("192.0.2.1")


class FakeKernel:
    """A kernel table as plain values; operations are tuples, run by ``apply``.

    ``refuse`` has beginnings of the operations that fail.
    """

    def __init__(self) -> None:
        self.family = IPV4
        self.table = 0
        self.vifs: dict[int, int] = {}
        self.entries: dict[tuple[bytes, bytes, int], bytes] = {}
        self.refuse: set[tuple[Any, ...]] = set()
        self.applied: list[list[Any]] = []
        self.closed = False
        self.gone: set[int] = set()

    def delete_link(self, index: int) -> None:
        """The link goes, and its vif with it; the entries keep the number."""
        self.gone.add(index)
        self.vifs = {number: one for number, one in self.vifs.items() if one != index}

    def vif_addition(self, number: int, index: int) -> Any:
        return ("vif", number, index)

    def vif_removal(self, number: int) -> Any:
        return ("no vif", number)

    def route_tail(self, parent: int, outgoing: Iterable[int], levels: dict[int, int]) -> bytes:
        return bytes([parent, *(n + 32 * (levels.get(n, 1) - 1) for n in sorted(outgoing))])

    def addition(self, source: bytes, group: bytes, tail: bytes) -> Any:
        return ("add", source, group, tail)

    def removal(self, source: bytes, group: bytes, tail: bytes) -> Any:
        return ("remove", source, group, tail)

    def read_entry(self, operation: Any) -> Any:
        return operation[1:]

    def read_tail(self, tail: bytes) -> tuple[int, list[int]]:
        return tail[0], [n & 31 for n in tail[1:]]

    def apply(self, operations: list[Any]) -> list[tuple[int, OSError]]:
        self.applied.append(list(operations))
        failures = []
        for position, operation in enumerate(operations):
            if self._is_refused(operation):
                failures.append((position, OSError(errno.ENOMEM, "no room")))
                continue
            match operation:
                case ("vif", number, index):
                    self.vifs[number] = index
                case ("no vif", number):
                    self.vifs.pop(number, None)
                case ("add", source, group, tail):
                    self.entries[self._key(source, group, tail)] = tail
                case ("remove", source, group, tail):
                    del self.entries[self._key(source, group, tail)]
        return failures

    def _is_refused(self, operation: Any) -> bool:
        return any(operation[: len(start)] == start for start in self.refuse)

    @staticmethod
    def _key(source: bytes, group: bytes, tail: bytes) -> tuple[bytes, bytes, int]:
        return source, group, -1 if any(source) else tail[0]

    def restore_vif(self, number: int, index: int) -> bool:
        if number in self.vifs:
            return False
        if self._is_refused(("vif", number)) or index in self.gone:
            raise OSError(errno.EADDRNOTAVAIL, "no such interface")
        self.vifs[number] = index
        return True

    def _oifs(self, tail: bytes) -> tuple[int, ...]:
        return tuple(self.vifs[n & 31] for n in tail[1:] if n & 31 in self.vifs)

    def counters(self, source: bytes, group: bytes) -> Counters | None:
        known = any(entry[:2] == (source, group) for entry in self.entries)
        return Counters(3, 300, 1) if known else None

    def close(self) -> None:
        self.closed = True

    def dump(self) -> list[InstalledRoute]:
        return [
            InstalledRoute(source, group, self.vifs.get(tail[0], 0), self._oifs(tail), 0, 0)
            for (source, group, _), tail in self.entries.items()
        ]


class FakeOwner:
    """Wants what the test puts into ``wanted``."""

    def __init__(self) -> None:
        self.wanted: dict[bytes, tuple[Route, ...]] = {}

    def plan(self, group: bytes, source: bytes | None = None) -> tuple[Route, ...]:
        routes = self.wanted.get(group, ())
        return tuple(route for route in routes if source in (None, route.source))

    def planned_sources(self, group: bytes) -> Iterable[bytes] | None:
        sources = {route.source for route in self.wanted.get(group, ())}
        return None if ANY in sources else sources

    def planned_groups(self) -> Iterable[bytes]:
        return self.wanted


def any_source(upstream: str, *members: str) -> Route:
    return Route(ANY, upstream, frozenset([upstream, *members]))


class QuietWork:
    """Quiet work of ``case``, which counts what is submitted and who asks for the end."""

    def __init__(self, case: RoutingTestCase) -> None:
        self._case = case

    def submit(self, function: Any, *arguments: Any) -> Deferred[Any]:
        self._case.quiet += 1
        return self._case.submit(function, *arguments)

    def has_ended(self) -> bool:
        self._case.asked += 1
        return False


class RoutingTestCase(SynchronousTestCase):
    """A table with an owner and vifs 0 to 2: up, d1, d2."""

    def setUp(self) -> None:
        self.kernel = FakeKernel()
        self.held: list[Deferred[Any]] | None = None
        self.quiet = self.asked = 0
        self.patch(audit, "dump_routes", lambda *_: self.kernel.dump())
        self.clock = Clock()
        self.events_log = LogLines(self.clock)
        self.table = ForwardingTable(
            self.kernel,  # type: ignore[arg-type]
            self,
            self.clock,
            self.events_log.events,
        )
        self.owner = FakeOwner()
        self.table.attach(self.owner)
        for name, index in (("up", 10), ("d1", 11), ("d2", 12)):
            self.assertTrue(self.table.acquire(name, index, self.owner))

    def submit(self, function: Any, *arguments: Any) -> Deferred[Any]:
        """The routing thread: at once, or when the test lets it go on."""
        if self.held is None:
            return self.run_now(function, *arguments)
        waiting: Deferred[Any] = Deferred()
        waiting.addCallback(lambda _: function(*arguments))
        self.held.append(waiting)
        return waiting

    def quiet_work(self) -> QuietWork:
        """Work whose end is told as early as that of ``submit``."""
        return QuietWork(self)

    def run_now(self, function: Any, *arguments: Any) -> Deferred[Any]:
        return execute(function, *arguments)

    def let_go_on(self) -> None:
        """Run what waits for the routing thread, and what follows from it."""
        while self.held:
            self.held.pop(0).callback(None)

    def want(self, group: bytes, *routes: Route) -> None:
        self.owner.wanted[group] = routes
        self.table.changed([group])
