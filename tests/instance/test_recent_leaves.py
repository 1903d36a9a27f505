"""RecentLeaves: when groups ended on a link."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.recent_leaves import Ended, RecentLeaves
from mcproxy.protocol.family import packed

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
