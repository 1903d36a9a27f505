"""A short run of the fuzz program, and that it reaches what it is meant to reach."""

from __future__ import annotations

from mcproxy.protocol.wire.packets import DropReason

from ..fuzz import fuzz
from .support import FamilyTests, both_families


@both_families
class FuzzTests(FamilyTests):
    """Any datagrams at all."""

    def test_some(self) -> None:
        """SEC-07: they are taken, or dropped for a reason; no other exception, no growth."""
        told: list[int] = []
        counts = fuzz(self.family, 10_000, seed=1, tell=told.append)
        self.assertEqual(sum(counts.values()), 10_000)
        self.assertEqual(told, list(range(1000, 10_001, 1000)))
        for kind in ("Report", "OldReport", "Leave", "Query"):
            self.assertGreater(counts[kind], 200)
        for reason in (DropReason.TRUNCATED, DropReason.LENGTH, DropReason.TYPE, DropReason.GROUP):
            self.assertGreater(counts[reason.value], 0, reason)

    def test_same_run(self) -> None:
        """What was found can be found again."""
        first, second, other = (fuzz(self.family, 500, seed) for seed in (1, 1, 2))
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)
