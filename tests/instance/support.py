"""A proxy instance among neighbours that note what it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import Configuration, InstanceConfig
from mcproxy.instance.context import InstanceContext
from mcproxy.instance.instance import ProxyInstance
from mcproxy.instance.plan.plan import compile_plan
from mcproxy.instance.upstream import Upstream
from mcproxy.linux.mroute.socket import Counters
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import LinkChanged, PacketReceived
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, SourceFilter
from mcproxy.protocol.wire.packets import Packet, Query, Record, RecordType, Report
from mcproxy.timer import Timer

from ..events.log_lines import LogLines

ANY = IPV4.unspecified
G1, G2, SSM = packed("239.1.1.1"), packed("239.1.1.2"), packed("232.1.1.1")
S1, S2 = packed("198.51.100.1"), packed("198.51.100.2")
HOST = packed("10.0.2.9")
TO_EX, TO_IN = RecordType.CHANGE_TO_EXCLUDE_MODE, RecordType.CHANGE_TO_INCLUDE_MODE
ALLOW, BLOCK = RecordType.ALLOW_NEW_SOURCES, RecordType.BLOCK_OLD_SOURCES


class Recorder:
    """The neighbours of an instance: what they are told goes into lists."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Packet]] = []
        self.changed_groups: list[bytes] = []
        self.vifs: dict[str, int] = {}
        self.heard: dict[str, frozenset[bytes]] = {}
        self.joined: list[int] = []
        self.thresholds: dict[str, int] = {}
        self.renewed = 0
        self.full = self.has_retired = False
        self.counted = 0
        self.programs = LocalPrograms()
        self.kernel = self
        self.table = 0

    # Sender
    def send(self, family: Any, link: Link, sends: Iterable[Any]) -> None:
        self.sent += [(link.name, packet) for _, packet in sends]

    # Receiver
    def register(
        self, family: Any, table: int, link: Link, listener: Any, strict: bool = False
    ) -> None:
        self.heard[link.name] = link.addresses(family)

    def unregister(self, family: Any, table: int, link: Link, listener: Any) -> None:
        self.heard.pop(link.name, None)

    def follow_programs(self, family: Any, link: Link, heard: Any) -> Any:
        return self.programs.open(link.index, heard)

    # Routing's table
    def attach(self, owner: Any) -> None:
        self.owner = owner

    def detach(self, owner: Any) -> None:
        self.owner = None
        self.vifs.clear()

    def acquire(self, name: str, index: int, owner: Any) -> bool:
        if not self.full:
            self.vifs[name] = index
        return not self.full

    @property
    def is_full(self) -> bool:
        return self.full and not self.has_retired

    def set_threshold(self, name: str, ttl: int) -> None:
        self.thresholds[name] = ttl

    def release(self, name: str, owner: Any) -> None:
        self.vifs.pop(name, None)

    def changed(self, groups: Iterable[bytes]) -> None:
        self.changed_groups += groups

    def all_changed(self, whose: object, groups: Iterator[bytes]) -> None:
        self.changed_groups += groups

    def source_changed(self, group: bytes, source: bytes) -> None:
        self.changed_groups.append(group)

    def entry_counters(self, source: bytes, group: bytes) -> Counters:
        """The iif of each entry is silent, and data comes in elsewhere."""
        self.counted += 1
        return Counters(self.counted, 0, self.counted)

    # ReportGroups
    def join(self, family: Any, index: int) -> Any:
        self.joined.append(index)
        return self

    def renew(self) -> None:
        self.renewed += 1

    def close(self) -> None:
        self.joined.pop()


class LocalPrograms:
    """The local programs of a machine; ``heard`` is called with what the kernel reports."""

    def __init__(self) -> None:
        self.filters: dict[bytes, SourceFilter] = {}
        self.followed: list[int] = []
        self.heard: Any = None
        self.error: OSError | None = None
        self.open_error: OSError | None = None

    def open(self, index: int, heard: Any) -> Any:
        if self.open_error is not None:
            raise self.open_error
        self.followed.append(index)
        self.heard = heard
        return self

    def read(self) -> dict[bytes, SourceFilter]:
        if self.error is not None:
            raise self.error
        return dict(self.filters)

    def close(self) -> None:
        self.followed.pop()


def report(kind: RecordType, group: bytes, *sources: bytes) -> Report:
    return Report((Record(kind, group, frozenset(sources)),))


def including(*sources: bytes) -> SourceFilter:
    return SourceFilter(INCLUDE, frozenset(sources))


def excluding(*sources: bytes) -> SourceFilter:
    return SourceFilter(EXCLUDE, frozenset(sources))


def link(name: str, index: int, address: str | None, up: bool = True) -> Link:
    addresses = ((packed(address), 24),) if address else ()
    return Link(name, index, up, 1500, addresses)


UP = link("up", 1, "10.0.1.1")
D1 = link("d1", 2, "10.0.2.1")
D2 = link("d2", 3, "10.0.3.1")


class InstanceTestCase(SynchronousTestCase):
    """An instance with upstream ``up`` and downstreams d1, d2 and lan*."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.neighbours = Recorder()
        self.programs = self.neighbours.programs
        self.towards: dict[bytes, int] = {}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1", "d2", "lan*")))

    def make(self, config: InstanceConfig) -> ProxyInstance:
        n: Any = self.neighbours
        timer = Timer(self.clock)
        self.log = LogLines(self.clock)
        events = self.log.events
        plan = compile_plan(Configuration((config,)))
        upstreams = [
            Upstream(one, timer, events, n, n) for one in plan.upstreams if one.family is IPV4
        ]
        self.context = InstanceContext(timer, events, n, n, n, self.towards.get, n.join)
        instance = ProxyInstance(plan.instances[0], self.context, upstreams)
        instance.startService()
        return instance

    def links(self, *links: Link) -> None:
        for one in links:
            self.instance.receive(LinkChanged(None, one))
        self.neighbours.sent.clear()
        self.neighbours.changed_groups.clear()

    def says(self, where: str, kind: RecordType, group: bytes, *sources: bytes) -> None:
        record = Record(kind, group, frozenset(sources))
        listener = self.instance.upstreams["up"] if where == "up" else self.instance
        listener.receive(PacketReceived(where, HOST, Report((record,))))

    def sent(self, where: str) -> list[Packet]:
        packets = [packet for name, packet in self.neighbours.sent if name == where]
        self.neighbours.sent.clear()
        return packets

    def queries(self, where: str) -> list[Query]:
        return [packet for packet in self.sent(where) if isinstance(packet, Query)]
