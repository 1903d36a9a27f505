"""ProxyInstance: entries by the link that a source is behind, and by who is the querier."""

from __future__ import annotations

from mcproxy.config.model import InstanceConfig
from mcproxy.messages import PacketReceived, WrongInterface
from mcproxy.protocol.family import packed
from mcproxy.protocol.forwarding.moves import LOOK_TIME
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.wire.packets import Query

from .support import ALLOW, ANY, D1, D2, G1, S1, S2, SSM, TO_EX, UP, InstanceTestCase


class ForwardingTests(InstanceTestCase):
    def test_source_is_behind_the_link_of_its_route_or_else_upstream(self) -> None:
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
        self.clock.advance(LOOK_TIME)
        self.assertEqual(self.neighbours.changed_groups, [SSM])
        self.assertEqual(self.instance.plan(SSM), (Route(S1, "d2", frozenset(["up", "d1"])),))

    def test_source_that_moves_is_followed_in_each_of_its_groups(self) -> None:
        """FWD-14: the second group's entry is wrong too, though its source is known by then."""
        self.links(UP, D1, D2)
        for group in (SSM, G1):
            self.says("d1", ALLOW, group, S1)
        self.neighbours.changed_groups.clear()
        for group in (SSM, G1):
            self.instance.receive(WrongInterface("d2", S1, group))
            self.clock.advance(LOOK_TIME)
        self.assertEqual(self.neighbours.changed_groups, [SSM, G1])

    def test_data_from_a_link_of_another_querier_moves_no_source(self) -> None:
        """FWD-03: its packets are the other one's to forward."""
        self.towards = {S1: 3}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1", "d2")))
        self.links(UP, D1, D2)
        self.instance.receive(PacketReceived("d2", packed("10.0.3.0"), Query(3, ANY, 10.0)))
        self.says("d1", ALLOW, SSM, S1)
        self.neighbours.changed_groups.clear()
        self.instance.receive(WrongInterface("d2", S1, SSM))
        self.clock.advance(LOOK_TIME)
        self.assertEqual(self.neighbours.changed_groups, [])
        self.assertEqual(self.instance.plan(SSM), (Route(S1, "up", frozenset(["d1"])),))

    def test_link_of_another_querier_gets_no_data(self) -> None:
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
