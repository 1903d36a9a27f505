"""ProxyInstance: what happens on a downstream is told upstream and planned, in the same turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import InstanceConfig, InterfaceSettings
from mcproxy.instance.context import InstanceContext
from mcproxy.instance.downstream import Downstream
from mcproxy.instance.instance import ProxyInstance
from mcproxy.instance.policy import forwards_per_source
from mcproxy.instance.upstream import Upstream
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import LinkChanged, PacketReceived, WrongInterface
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.wire.packets import Packet, Query, Record, RecordType, Report
from mcproxy.timer import Timer

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
        self.full = False
        self.kernel = self
        self.table = 0

    # Sender
    def send(self, family: Any, link: Link, sends: Iterable[Any]) -> None:
        self.sent += [(link.name, packet) for _, packet in sends]

    # Receiver
    def register(self, family: Any, table: int, link: Link, listener: Any) -> None:
        self.heard[link.name] = link.addresses(family)

    def unregister(self, family: Any, table: int, link: Link, listener: Any) -> None:
        self.heard.pop(link.name, None)

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

    def set_threshold(self, name: str, ttl: int) -> None:
        self.thresholds[name] = ttl

    def release(self, name: str, owner: Any) -> None:
        self.vifs.pop(name, None)

    def changed(self, groups: Iterable[bytes]) -> None:
        self.changed_groups += groups

    # ReportGroups
    def join(self, family: Any, index: int) -> Any:
        self.joined.append(index)
        return self

    def renew(self) -> None:
        self.renewed += 1

    def close(self) -> None:
        self.joined.pop()


def link(name: str, index: int, address: str | None, up: bool = True) -> Link:
    addresses = ((packed(address), 24),) if address else ()
    return Link(name, index, up, 1500, addresses)


UP = link("up", 1, "10.0.1.1")
D1 = link("d1", 2, "10.0.2.1")
D2 = link("d2", 3, "10.0.3.1")


class InstanceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.neighbours = Recorder()
        self.towards: dict[bytes, int] = {}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1", "d2", "lan*")))

    def make(self, config: InstanceConfig) -> ProxyInstance:
        n: Any = self.neighbours
        timer = Timer(self.clock)
        upstreams = tuple(
            Upstream(name, IPV4, 0, config.igmp_version, timer, n, n) for name in config.upstreams
        )
        per_source = forwards_per_source(config)
        modules = InstanceContext(timer, n, n, n, upstreams, per_source, self.towards.get, n.join)
        instance = ProxyInstance(config, IPV4, modules)
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

    def test_a_join_goes_upstream_at_once_and_once(self) -> None:
        """DB-04, FWD-01, FWD-06."""
        self.links(UP, D1, D2)
        self.says("d1", TO_EX, G1)
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G1),))])
        self.assertEqual(self.neighbours.changed_groups, [G1])
        self.says("d2", TO_EX, G1)
        self.assertEqual(self.sent("up"), [])
        self.assertEqual(self.instance.plan(G1), (Route(ANY, "up", frozenset(["up", "d1", "d2"])),))

    def test_a_refresh_tells_nobody(self) -> None:
        """DB-04, DB-09."""
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.clock.advance(2)
        self.neighbours.sent.clear()
        self.neighbours.changed_groups.clear()
        self.says("d1", RecordType.MODE_IS_EXCLUDE, G1)
        self.assertEqual((self.neighbours.sent, self.neighbours.changed_groups), ([], []))

    def test_a_group_ends_when_nobody_claims_it(self) -> None:
        """TX-04, DB-03, FWD-06."""
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.clock.pump([0.5] * 6)
        self.neighbours.sent.clear()
        self.says("d1", TO_IN, G1)
        self.clock.pump([0.1] * 19)
        self.assertEqual(len(self.sent("d1")), 2)
        self.assertIn(G1, self.instance.upstreams["up"].host.groups)
        self.clock.advance(0.1)
        self.assertEqual(self.sent("up"), [Report((Record(TO_IN, G1),))])
        self.assertEqual(self.instance.plan(G1), ())

    def test_queries_of_the_upstream_are_answered(self) -> None:
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.clock.pump([0.5] * 4)
        self.neighbours.sent.clear()
        self.instance.upstreams["up"].receive(
            PacketReceived("up", packed("10.0.1.254"), Query(3, ANY, 2.0))
        )
        self.clock.pump([0.5] * 4)
        answer = Report((Record(RecordType.MODE_IS_EXCLUDE, G1),))
        self.assertEqual(self.sent("up"), [answer])

    def test_reports_on_the_upstream_are_not_ours(self) -> None:
        """PX-02, V-10."""
        self.links(UP, D1)
        self.says("up", TO_EX, G1)
        self.assertEqual(self.instance.upstreams["up"].host.groups, {})

    def test_a_downstream_waits_for_its_address(self) -> None:
        """GQ-06."""
        self.links(UP)
        self.instance.receive(LinkChanged(None, link("d1", 2, None)))
        self.assertNotIn("d1", self.neighbours.vifs)
        self.instance.receive(LinkChanged(link("d1", 2, None), D1))
        self.assertEqual(len(self.sent("d1")), 1)
        self.assertEqual(self.neighbours.joined, [2])
        self.assertEqual(self.instance.plan(ANY), (Route(ANY, "up", frozenset(["up", "d1"])),))

    def test_a_downstream_without_its_address_for_a_while_loses_nothing(self) -> None:
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.clock.pump([0.5] * 6)
        self.neighbours.sent.clear()
        bare = link("d1", 2, None)
        self.instance.receive(LinkChanged(D1, bare))
        self.assertEqual(self.instance.plan(G1), (Route(ANY, "up", frozenset(["up", "d1"])),))
        self.assertEqual(self.neighbours.sent, [])
        self.instance.receive(LinkChanged(bare, link("d1", 2, "10.0.2.9")))
        [query] = self.sent("d1")
        self.assertIsInstance(query, Query)
        self.assertEqual(self.neighbours.heard["d1"], {packed("10.0.2.9")})

    def test_downstream_joins_its_groups_again_at_each_change_of_its_link(self) -> None:
        """The kernel drops memberships where the MTU was too small for the family."""
        self.links(UP, D1, D2)
        self.assertEqual(self.neighbours.renewed, 0)
        self.links(replace(D1, mtu=1200))
        self.links(replace(D1, mtu=1500))
        self.assertEqual(self.neighbours.renewed, 2)
        self.links(link("up", 1, "10.0.1.2"))
        self.assertEqual(self.neighbours.renewed, 2)

    def test_downstreams_join_their_groups_again_after_lost_link_events(self) -> None:
        self.links(UP, D1, D2)
        self.instance.renew_groups()
        self.assertEqual(self.neighbours.renewed, 2)

    def test_a_pattern_takes_links_in_and_lets_them_go(self) -> None:
        """PX-08, V-2."""
        self.links(UP)
        lan = link("lan7", 9, "10.0.9.1")
        self.instance.receive(LinkChanged(None, lan))
        self.says("lan7", TO_EX, G1)
        self.neighbours.sent.clear()
        self.instance.receive(LinkChanged(lan, None))
        self.assertEqual(self.sent("up"), [Report((Record(TO_IN, G1),))])
        self.assertEqual((self.neighbours.vifs, self.neighbours.joined), ({"up": 1}, []))
        self.instance.receive(LinkChanged(None, link("wan7", 10, "10.0.10.1")))
        self.assertNotIn("wan7", self.neighbours.vifs)

    def test_an_upstream_that_returns_is_joined_again(self) -> None:
        """HR-07."""
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.instance.receive(LinkChanged(UP, link("up", 1, "10.0.1.1", up=False)))
        self.neighbours.sent.clear()
        self.says("d1", TO_EX, G2)
        self.assertEqual(self.sent("up"), [])
        self.assertEqual(self.instance.plan(ANY), ())
        self.instance.receive(LinkChanged(None, link("up", 8, "10.0.1.7")))
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G1), Record(TO_EX, G2)))])
        self.assertEqual(self.neighbours.vifs["up"], 8)

    def test_the_first_upstream_takes_back_after_the_hold_time(self) -> None:
        """MU-08: it is joined, and the second left a little later; then nothing is due."""
        self.instance = self.make(InstanceConfig("a", ("up", "up2"), ("d1",)))
        second, down = link("up2", 4, "10.0.4.1"), link("up", 1, "10.0.1.1", up=False)
        self.links(UP, second, D1)
        self.says("d1", TO_EX, G1)
        self.links(down)
        self.clock.pump([0.5] * 8)
        self.links(UP)
        self.clock.pump([0.5] * 19)
        self.assertEqual(self.sent("up"), [])
        self.clock.advance(0.5)
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G1),))])
        self.assertEqual(self.neighbours.changed_groups, [ANY, ANY, G1])
        self.clock.pump([0.1] * 19)
        self.assertEqual(self.sent("up2"), [])
        self.clock.advance(0.1)
        self.assertEqual(self.sent("up2"), [Report((Record(TO_IN, G1),))])

    def test_nothing_is_held_after_the_end(self) -> None:
        """MU-08."""
        self.instance = self.make(InstanceConfig("a", ("up", "up2"), ("d1",)))
        down = link("up", 1, "10.0.1.1", up=False)
        self.links(UP, link("up2", 4, "10.0.4.1"), D1)
        self.links(down, UP)
        self.instance.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_new_upstream_address_joins_anew(self) -> None:
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.neighbours.sent.clear()
        self.instance.receive(LinkChanged(UP, link("up", 1, "10.0.1.99")))
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G1),))])

    def test_another_mtu_tells_nobody(self) -> None:
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.neighbours.sent.clear()
        self.instance.receive(LinkChanged(UP, Link("up", 1, True, 600, UP.ipv4)))
        self.assertEqual((self.sent("up"), self.instance.upstreams["up"].host.mtu), ([], 600))

    def test_a_source_is_where_the_route_leads_or_else_upstream(self) -> None:
        """FWD-14."""
        self.towards = {S1: 3}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1", "d2")))
        self.links(UP, D1, D2)
        self.says("d1", ALLOW, SSM, S1, S2)
        self.assertEqual(
            self.instance.plan(SSM),
            (Route(S1, "d2", frozenset(["up", "d1"])), Route(S2, "up", frozenset(["d1"]))),
        )

    def test_data_on_another_interface_moves_its_source(self) -> None:
        """FWD-14."""
        self.links(UP, D1, D2)
        self.says("d1", ALLOW, SSM, S1)
        self.neighbours.changed_groups.clear()
        self.instance.receive(WrongInterface("d2", S1, SSM))
        self.assertEqual(self.neighbours.changed_groups, [SSM])
        self.assertEqual(self.instance.plan(SSM), (Route(S1, "d2", frozenset(["up", "d1"])),))

    def test_a_source_that_moves_is_followed_in_each_of_its_groups(self) -> None:
        """FWD-14: the second group's entry is wrong too, though its source is known by then."""
        self.links(UP, D1, D2)
        for group in (SSM, G1):
            self.says("d1", ALLOW, group, S1)
        self.neighbours.changed_groups.clear()
        for group in (SSM, G1):
            self.instance.receive(WrongInterface("d2", S1, group))
        self.assertEqual(self.neighbours.changed_groups, [SSM, G1])

    def test_data_from_a_link_of_another_querier_moves_nothing(self) -> None:
        """FWD-03: its packets are the other one's to forward."""
        self.towards = {S1: 3}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1", "d2")))
        self.links(UP, D1, D2)
        self.instance.receive(PacketReceived("d2", packed("10.0.3.0"), Query(3, ANY, 10.0)))
        self.says("d1", ALLOW, SSM, S1)
        self.neighbours.changed_groups.clear()
        self.instance.receive(WrongInterface("d2", S1, SSM))
        self.assertEqual(self.neighbours.changed_groups, [])
        self.assertEqual(self.instance.plan(SSM), (Route(S1, "up", frozenset(["d1"])),))

    def test_nothing_goes_where_another_is_the_querier(self) -> None:
        """FWD-03, FWD-06, DB-07: the group is still asked for."""
        self.links(UP, D1, D2)
        self.says("d1", TO_EX, G1)
        self.says("d2", TO_EX, G1)
        self.neighbours.changed_groups.clear()
        self.instance.receive(PacketReceived("d2", packed("10.0.3.0"), Query(3, ANY, 10.0)))
        self.assertEqual(self.neighbours.changed_groups, [ANY, G1])
        self.assertEqual(self.instance.plan(G1), (Route(ANY, "up", frozenset(["up", "d1"])),))
        self.assertEqual(self.instance.plan(ANY), (Route(ANY, "up", frozenset(["up", "d1"])),))
        self.clock.pump([1] * 256)
        self.assertEqual(
            self.instance.plan(ANY), (Route(ANY, "up", frozenset(["up", "d1", "d2"])),)
        )

    def warnings(self) -> list[str]:
        """The interfaces of the warnings from now on."""
        told: list[str] = []
        warn = lambda *_, **fields: told.append(fields["interface"])  # noqa: E731
        log = {"warn": warn, "info": lambda *_, **__: None}
        for speaker in (Downstream, self.instance, self.instance.upstreams["up"]):
            self.patch(speaker, "log", type("Log", (), log))
        return told

    def test_a_router_of_another_version_is_warned_of_now_and_then(self) -> None:
        """VM-01, VM-02: and we go on in our own version."""
        told = self.warnings()
        self.links(UP, D1)
        for _ in range(3):
            self.instance.receive(PacketReceived("d1", packed("10.0.2.254"), Query(2, ANY, 10.0)))
        self.assertEqual(told, ["d1"])
        self.clock.advance(601)
        self.assertEqual({query.version for query in self.queries("d1")}, {3})
        self.instance.receive(PacketReceived("d1", packed("10.0.2.254"), Query(2, ANY, 10.0)))
        self.assertEqual(told, ["d1", "d1"])

    def queries(self, where: str) -> list[Query]:
        return [packet for packet in self.sent(where) if isinstance(packet, Query)]

    def test_a_router_of_a_newer_version_is_warned_of(self) -> None:
        """VM-03, VM-01."""
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1",), igmp_version=2))
        told = self.warnings()
        self.links(UP, D1)
        self.instance.receive(PacketReceived("d1", packed("10.0.2.254"), Query(3, ANY, 10.0)))
        self.assertEqual(told, ["d1"])
        self.clock.advance(125)
        self.assertEqual({query.version for query in self.queries("d1")}, {2})

    def test_another_version_upstream_is_told_once_each_way(self) -> None:
        """PSSM-01, SEC-05: a source-specific group is not asked for until the old one is gone."""
        told = self.warnings()
        self.links(UP, D1)
        self.says("d1", ALLOW, SSM, S1)
        self.clock.pump([0.5] * 4)
        self.neighbours.sent.clear()
        for _ in range(2):
            self.instance.upstreams["up"].receive(PacketReceived("up", HOST, Query(2, ANY, 10.0)))
        self.clock.pump([1] * 11)
        self.assertEqual((told, self.sent("up")), (["up"], []))
        self.clock.pump([1] * 260)
        self.assertEqual(told, ["up", "up"])

    def test_groups_beyond_the_limit_are_warned_of_now_and_then(self) -> None:
        """LIM-01, V-14."""
        settings = {"d1": InterfaceSettings(max_groups=1)}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1",), interface=settings))
        told = self.warnings()
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.assertEqual(told, [])
        for _ in range(3):
            self.says("d1", TO_EX, G2)
        self.assertEqual((told, list(self.instance.upstreams["up"].host.groups)), (["d1"], [G1]))
        self.clock.advance(601)
        self.says("d1", TO_EX, G1)
        self.says("d1", TO_EX, G2)
        self.assertEqual(told, ["d1", "d1"])

    def test_queries_downstream_are_no_business_of_the_host(self) -> None:
        """PX-03: nobody answers them, and no version is taken from them."""
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.clock.pump([0.5] * 4)
        self.neighbours.sent.clear()
        for query in (Query(3, ANY, 1.0), Query(1, ANY, 1.0)):
            self.instance.receive(PacketReceived("d1", packed("10.0.2.0"), query))
        self.clock.pump([0.5] * 4)
        self.assertEqual(
            (self.neighbours.sent, self.instance.upstreams["up"].host.version), ([], 3)
        )

    def test_queries_upstream_are_no_business_of_a_router(self) -> None:
        """PX-02: there is no election, and no querier of ours."""
        self.links(UP, D1)
        self.instance.upstreams["up"].receive(
            PacketReceived("up", packed("10.0.1.0"), Query(3, ANY, 10.0))
        )
        self.assertTrue(self.instance.downstreams["d1"].querier.is_querier)
        self.clock.pump([1] * 300)
        self.assertEqual(self.queries("up"), [])

    def test_an_upstream_that_is_shared_is_left_by_the_last(self) -> None:
        """To the router upstream two instances are one host."""
        other = ProxyInstance(InstanceConfig("b", ("up",), ("e1",)), IPV4, self.instance._modules)
        other.startService()
        self.links(UP, D1)
        for change in (LinkChanged(None, UP), LinkChanged(None, link("e1", 5, "10.0.5.1"))):
            other.receive(change)
        self.neighbours.sent.clear()
        self.says("d1", TO_EX, G1)
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G1),))])
        join = Report((Record(TO_EX, G1), Record(TO_EX, G2)))
        other.receive(PacketReceived("e1", HOST, join))
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G2),))])
        self.instance.stopService()
        self.assertEqual(self.sent("up"), [])
        other.stopService()
        left = Report((Record(TO_IN, G1), Record(TO_IN, G2)))
        self.assertEqual(self.sent("up"), [left])
        self.assertEqual(self.neighbours.heard, {})

    def test_a_full_table_leaves_the_interface_out(self) -> None:
        self.links(UP)
        self.neighbours.full = True
        self.instance.receive(LinkChanged(None, D1))
        self.assertEqual((self.instance.downstreams, self.neighbours.joined), ({}, []))

    def test_stop_leaves_and_lets_go_of_all(self) -> None:
        """HS-11."""
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.says("d1", ALLOW, SSM, S1)
        self.neighbours.sent.clear()
        self.instance.stopService()
        left = Report((Record(TO_IN, G1), Record(BLOCK, SSM, frozenset([S1]))))
        self.assertEqual(self.sent("up"), [left])
        n = self.neighbours
        self.assertEqual((n.vifs, n.heard, n.joined), ({}, {}, []))
        self.assertIsNone(n.owner)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_settings_of_an_interface_are_its_queriers(self) -> None:
        own = InterfaceSettings(query_interval=20.0, robustness_variable=3, ttl_threshold=9)
        settings = {"d1": own}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1",), interface=settings))
        self.instance.receive(LinkChanged(None, D1))
        (query,) = self.sent("d1")
        self.assertIsInstance(query, Query)
        self.assertEqual((query.interval, query.robustness), (20, 3))  # type: ignore[union-attr]
        self.assertEqual(self.neighbours.thresholds, {"d1": 9})
