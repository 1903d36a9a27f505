"""ProxyInstance: links that come, change and go."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.config.model import InstanceConfig, InterfaceSettings
from mcproxy.instance.attached_links import AttachedLinks
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import LinkChanged
from mcproxy.protocol.family import packed
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.wire.packets import Query, Record, Report

from .support import ANY, D1, D2, G1, G2, TO_EX, TO_IN, UP, InstanceTestCase, link


class LinkTests(InstanceTestCase):
    def test_downstream_without_address_is_used_once_it_has_one(self) -> None:
        """GQ-06."""
        self.links(UP)
        self.instance.receive(LinkChanged(None, link("d1", 2, None)))
        self.assertNotIn("d1", self.neighbours.vifs)
        self.instance.receive(LinkChanged(link("d1", 2, None), D1))
        self.assertEqual(len(self.sent("d1")), 1)
        self.assertEqual(self.neighbours.joined, [2])
        self.assertEqual(self.instance.plan(ANY), (Route(ANY, "up", frozenset(["up", "d1"])),))

    def test_downstream_that_loses_its_address_keeps_its_memberships(self) -> None:
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

    def test_link_that_matches_a_pattern_is_used_until_it_goes(self) -> None:
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

    def test_upstream_that_returns_is_joined_again(self) -> None:
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

    def test_first_upstream_is_preferred_again_after_the_hold_time(self) -> None:
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

    def test_stopped_instance_has_no_hold_timer(self) -> None:
        """MU-08."""
        self.instance = self.make(InstanceConfig("a", ("up", "up2"), ("d1",)))
        down = link("up", 1, "10.0.1.1", up=False)
        self.links(UP, link("up2", 4, "10.0.4.1"), D1)
        self.links(down, UP)
        self.instance.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_upstream_with_a_new_address_is_joined_again(self) -> None:
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.neighbours.sent.clear()
        self.instance.receive(LinkChanged(UP, link("up", 1, "10.0.1.99")))
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G1),))])

    def test_upstream_that_lost_its_carrier_in_between_is_joined_again(self) -> None:
        """HR-07: a loss that is too short for an event of its own is seen by its count."""
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.neighbours.sent.clear()
        self.instance.receive(LinkChanged(UP, replace(UP, carrier_losses=2)))
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G1),))])

    def test_upstream_with_another_mtu_is_not_joined_again(self) -> None:
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.neighbours.sent.clear()
        self.instance.receive(LinkChanged(UP, Link("up", 1, True, 600, UP.ipv4)))
        self.assertEqual((self.sent("up"), self.instance.upstreams["up"].host.mtu), ([], 600))

    def test_link_that_a_full_table_refuses_is_not_used(self) -> None:
        self.links(UP)
        self.neighbours.full = True
        self.instance.receive(LinkChanged(None, D1))
        self.assertEqual((self.instance.downstreams, self.neighbours.joined), ({}, []))

    def test_missing_room_is_logged_once_and_only_where_it_lasts(self) -> None:
        told: list[str] = []
        self.links(UP)
        self.patch(
            AttachedLinks, "log", type("Log", (), {"error": lambda *a, **k: told.append(a)})()
        )
        self.neighbours.full = self.neighbours.has_retired = True
        self.instance.receive(LinkChanged(None, D1))
        self.assertEqual((told, self.instance.links.usable.refused), ([], frozenset(["d1"])))
        self.neighbours.has_retired = False
        for _ in range(2):
            self.instance.retry_refused({"up": UP, "d1": D1})
        self.assertEqual(len(told), 1)

    def test_querier_of_a_link_uses_the_settings_of_the_interface(self) -> None:
        own = InterfaceSettings(query_interval=20.0, robustness_variable=3, ttl_threshold=9)
        settings = {"d1": own}
        self.instance = self.make(InstanceConfig("a", ("up",), ("d1",), interface=settings))
        self.instance.receive(LinkChanged(None, D1))
        (query,) = self.sent("d1")
        self.assertIsInstance(query, Query)
        self.assertEqual((query.interval, query.robustness), (20, 3))  # type: ignore[union-attr]
        self.assertEqual(self.neighbours.thresholds, {"d1": 9})
