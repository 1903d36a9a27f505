"""ProxyInstance: what the log says of routers and hosts that do not fit."""

from __future__ import annotations

from mcproxy.config.model import InstanceConfig, InterfaceSettings
from mcproxy.messages import PacketReceived
from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.packets import Query

from .support import ALLOW, ANY, D1, G1, G2, S1, SSM, TO_EX, UP, InstanceTestCase


class WarningTests(InstanceTestCase):
    def test_query_of_an_older_version_is_warned_of_now_and_then(self) -> None:
        """VM-01, VM-02: and we go on in our own version."""
        self.links(UP, D1)
        for _ in range(3):
            self.instance.receive(PacketReceived("d1", packed("10.0.2.254"), Query(2, ANY, 10.0)))
        self.assertEqual(self.log.interfaces, ["d1"])
        self.clock.advance(601)
        self.assertEqual({query.version for query in self.queries("d1")}, {3})
        self.instance.receive(PacketReceived("d1", packed("10.0.2.254"), Query(2, ANY, 10.0)))
        self.assertEqual(self.log.interfaces, ["d1", "d1"])

    def test_query_of_a_newer_version_is_warned_of(self) -> None:
        """VM-03, VM-01."""
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1",), igmp_version=2))
        self.links(UP, D1)
        self.instance.receive(PacketReceived("d1", packed("10.0.2.254"), Query(3, ANY, 10.0)))
        self.assertEqual(self.log.interfaces, ["d1"])
        self.clock.advance(125)
        self.assertEqual({query.version for query in self.queries("d1")}, {2})

    def test_upstream_of_an_older_version_is_warned_of_once_each_way(self) -> None:
        """PSSM-01, SEC-05: a source-specific group is not asked for until the old one is gone."""
        self.links(UP, D1)
        self.says("d1", ALLOW, SSM, S1)
        self.clock.pump([0.5] * 4)
        self.neighbours.sent.clear()
        query = PacketReceived("up", packed("10.0.1.254"), Query(2, ANY, 10.0))
        for _ in range(2):
            self.instance.upstreams["up"].receive(query)
        self.clock.pump([1] * 11)
        self.assertEqual((self.log.interfaces, self.sent("up")), (["up"], []))
        self.clock.pump([1] * 350)
        self.assertEqual(self.log.interfaces, ["up", "up"])

    def test_groups_beyond_the_limit_are_warned_of_now_and_then(self) -> None:
        """LIM-01, V-14."""
        settings = {"d1": InterfaceSettings(max_groups=1)}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1",), interface=settings))
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.assertEqual(self.log.interfaces, [])
        for _ in range(3):
            self.says("d1", TO_EX, G2)
        self.assertEqual(
            (self.log.interfaces, list(self.instance.upstreams["up"].host.groups)), (["d1"], [G1])
        )
        self.clock.advance(601)
        self.says("d1", TO_EX, G1)
        self.says("d1", TO_EX, G2)
        self.assertEqual(self.log.interfaces, ["d1", "d1"])
