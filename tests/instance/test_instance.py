"""ProxyInstance: a join or leave on a downstream goes upstream in the same turn."""

from __future__ import annotations

from mcproxy.config.model import Configuration, InstanceConfig
from mcproxy.instance.instance import ProxyInstance
from mcproxy.instance.plan.plan import compile_plan
from mcproxy.messages import LinkChanged, PacketReceived
from mcproxy.protocol.family import packed
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.wire.packets import Query, Record, RecordType, Report

from .support import (
    ALLOW,
    ANY,
    BLOCK,
    D1,
    D2,
    G1,
    G2,
    HOST,
    S1,
    SSM,
    TO_EX,
    TO_IN,
    UP,
    InstanceTestCase,
    link,
)


class MembershipTests(InstanceTestCase):
    def test_join_of_two_downstreams_goes_upstream_at_once_and_once(self) -> None:
        """DB-04, FWD-01, FWD-06."""
        self.links(UP, D1, D2)
        self.says("d1", TO_EX, G1)
        self.assertEqual(self.sent("up"), [Report((Record(TO_EX, G1),))])
        self.assertEqual(self.neighbours.changed_groups, [G1])
        self.says("d2", TO_EX, G1)
        self.assertEqual(self.sent("up"), [])
        self.assertEqual(self.instance.plan(G1), (Route(ANY, "up", frozenset(["up", "d1", "d2"])),))

    def test_report_that_repeats_a_join_changes_nothing(self) -> None:
        """DB-04, DB-09."""
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.clock.advance(2)
        self.neighbours.sent.clear()
        self.neighbours.changed_groups.clear()
        self.says("d1", RecordType.MODE_IS_EXCLUDE, G1)
        self.assertEqual((self.neighbours.sent, self.neighbours.changed_groups), ([], []))

    def test_leave_that_no_host_answers_ends_the_group_upstream(self) -> None:
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

    def test_query_on_the_upstream_is_answered(self) -> None:
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

    def test_report_on_the_upstream_is_ignored(self) -> None:
        """PX-02, V-10."""
        self.links(UP, D1)
        self.says("up", TO_EX, G1)
        self.assertEqual(self.instance.upstreams["up"].host.groups, {})

    def test_query_on_a_downstream_is_not_answered_by_the_host(self) -> None:
        """PX-03: nobody answers them, and no version is taken from them."""
        self.links(UP, D1)
        self.says("d1", TO_EX, G1)
        self.clock.pump([0.5] * 4)
        self.instance.receive(PacketReceived("d1", packed("10.0.2.0"), Query(3, ANY, 1.0)))
        self.assertEqual(
            self.neighbours.sent[-1], ("d1", Report((Record(RecordType.MODE_IS_EXCLUDE, G1),)))
        )  # the handover
        self.neighbours.sent.clear()
        for query in (Query(3, ANY, 1.0), Query(1, ANY, 1.0)):
            self.instance.receive(PacketReceived("d1", packed("10.0.2.0"), query))
        self.clock.pump([0.5] * 4)
        self.assertEqual(
            (self.neighbours.sent, self.instance.upstreams["up"].host.version), ([], 3)
        )

    def test_query_on_the_upstream_starts_no_election(self) -> None:
        """PX-02: there is no election, and no querier of ours."""
        self.links(UP, D1)
        self.instance.upstreams["up"].receive(
            PacketReceived("up", packed("10.0.1.0"), Query(3, ANY, 10.0))
        )
        self.assertTrue(self.instance.downstreams["d1"].querier.is_querier)
        self.clock.pump([1] * 300)
        self.assertEqual(self.queries("up"), [])

    def test_shared_upstream_is_left_by_the_last_instance(self) -> None:
        """To the router upstream two instances are one host."""
        plan = compile_plan(Configuration((InstanceConfig("b", ("up",), ("e1",)),)))
        shared = self.instance.upstreams.values()
        other = ProxyInstance(plan.instances[0], self.context, shared)
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

    def test_stopped_instance_leaves_all_groups_and_releases_all_links(self) -> None:
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
