"""RecentLeaves: when groups ended on a link."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.recent_leaves import Ended, RecentLeaves
from mcproxy.protocol.family import packed

from .support import D1, G1, TO_EX, UP, InstanceTestCase

A, B, C = (packed(f"239.1.1.{n}") for n in (1, 2, 3))
HOST = packed("10.0.0.9")


class RecentLeavesTests(SynchronousTestCase):
    def test_group_that_ended_is_known_with_time_and_host(self) -> None:
        leaves = RecentLeaves()
        leaves.note(A, HOST, 5.0)
        self.assertEqual(leaves.of(A), Ended(5.0, HOST))
        self.assertIsNone(leaves.of(B))

    def test_oldest_is_forgotten_beyond_the_limit(self) -> None:
        leaves = RecentLeaves(2)
        for when, group in enumerate((A, B, A, C)):
            leaves.note(group, None, when)
        self.assertEqual([leaves.of(one) is None for one in (A, B, C)], [False, True, False])
        self.assertEqual(leaves.of(A), Ended(2, None))


class DownstreamLeavesTests(InstanceTestCase):
    """What a downstream notes."""

    def test_group_that_expires_has_ended_and_one_that_is_joined_has_not(self) -> None:
        self.links(UP, D1)
        downstream = self.instance.downstreams["d1"]
        self.says("d1", TO_EX, G1)
        self.assertIsNone(downstream.leaves.of(G1))
        self.clock.advance(300)
        self.assertEqual(downstream.leaves.of(G1), Ended(self.clock.seconds(), None))
