"""Source forwarding on a fake table: what its tests have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.links import LinkSet
from mcproxy.instance.plan.forwarding import LOOK_INTERVAL
from mcproxy.instance.source_forwarding import SourceForwarding
from mcproxy.linux.mroute.dump import InstalledRoute
from mcproxy.linux.mroute.socket import Counters
from mcproxy.messages import CacheMiss, WrongInterface
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.forwarding.moves import LOOK_TIME
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.policy.directional_filters import FilterPolicy
from mcproxy.protocol.sources import ANY_SOURCE, SourceFilter
from mcproxy.protocol.upstreams.selection import Join, Selection
from mcproxy.timer import Timer

from ..events.log_lines import LogLines

ANY = IPV4.unspecified
G = packed("239.1.1.1")
S1, S2, S3 = (packed(f"192.0.2.{n}") for n in (1, 2, 3))
LINKS = {"d1": 11, "d2": 12}


def links(downstreams: Mapping[str, int], *upstreams: str) -> LinkSet:
    """The usable links, on all of which we are the querier."""
    made = LinkSet()
    for name, index in downstreams.items():
        made = made.with_downstream(name, index, is_querier=True)
    for index, name in enumerate(upstreams):
        made = made.with_upstream(name, index)
    return made


class FakeTable:
    """Notes what is to be planned anew, and has counters."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.counts: dict[bytes, int] = {}
        self.wrong: dict[bytes, int] = {}
        self.here: Counter[bytes] = Counter()
        self.elsewhere: Counter[bytes] = Counter()
        self.forwarded: set[bytes] = set()
        self.asked = 0
        self.broken = False
        self.error: Exception = OSError("no answer")
        self.answers: list[Callable[[], None]] | None = None

    def changed(self, groups: Iterable[bytes]) -> None:
        self.told += groups

    def source_changed(self, group: bytes, source: bytes) -> None:
        self.told.append((group, source))

    def entry_counters(self, source: bytes, group: bytes) -> Counters | None:
        if source not in self.here:
            return None
        return Counters(self.here[source] + self.elsewhere[source], 0, self.elsewhere[source])

    def counters(self) -> Deferred[list[InstalledRoute]]:
        """Answer at once, or when the test calls the answer in ``answers``, if that is a list."""
        self.asked += 1
        answer: Deferred[list[InstalledRoute]] = Deferred()
        if self.answers is None:
            self.answer(answer)
        else:
            self.answers.append(lambda: self.answer(answer))
        return answer

    def answer(self, answer: Deferred[list[InstalledRoute]]) -> None:
        if self.broken:
            answer.errback(self.error)
        else:
            answer.callback(
                [
                    InstalledRoute(
                        s, G, 1, (2,) if s in self.forwarded else (), n, 0, self.wrong.get(s, 0)
                    )
                    for s, n in self.counts.items()
                ]
            )


class SourceForwardingTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.table = Clock(), FakeTable()
        self.log = LogLines(self.clock)
        self.asked: list[bytes] = []
        self.routes: dict[bytes, int] = {}
        self.make(Join.FIRST, LOOK_INTERVAL)

    def make(self, join: Join, look_interval: float, **limit: int) -> None:
        self.selection = Selection(FilterPolicy(), join)
        self.selection.usable = ("up1", "up2")
        table: Any = self.table
        self.forwarding = SourceForwarding(
            "tv", IPV4, FilterPolicy(), self.selection, look_interval, self.routes.get,
            Timer(self.clock), self.log.events, table, self.asked.extend, **limit,
        )  # fmt: skip
        self.forwarding.links_changed(links(LINKS, "up1", "up2"))
        self.table.told.clear()

    def miss(self, source: bytes, interface: str = "up1") -> None:
        self.forwarding.receive(CacheMiss(interface, source, G))

    def wrong_interface(
        self, interface: str, source: bytes, here: int = 0, elsewhere: int = 10
    ) -> None:
        """An upcall, and the packets that the entry gets on its iif and elsewhere after it."""
        self.table.here[source] += 0
        self.forwarding.receive(WrongInterface(interface, source, G))
        self.table.here[source] += here
        self.table.elsewhere[source] += elsewhere
        self.clock.advance(LOOK_TIME)

    def told(self) -> list[object]:
        told = list(self.table.told)
        self.table.told.clear()
        return told

    def plan(self, wishes: Mapping[str, SourceFilter] | None = None) -> dict[bytes, Route]:
        wanted = {"d1": ANY_SOURCE} if wishes is None else wishes
        return {route.source: route for route in self.forwarding.plan(G, wanted, None)}
