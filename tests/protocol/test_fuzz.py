"""A short run of the fuzz program."""

from __future__ import annotations

from mcproxy.protocol.wire.packets import DropReason

from ..fuzz import fuzz
from .families import FamilyTests, both_families


@both_families
class FuzzTests(FamilyTests):
    """Random datagrams."""

    def test_random_datagrams_are_processed_or_dropped_with_a_reason(self) -> None:
        """SEC-07: no other exception occurs."""
        done: list[int] = []
        counts = fuzz(self.family, 10_000, seed=1, progress=done.append)
        self.assertEqual(sum(counts.values()), 10_000)
        self.assertEqual(done, list(range(1000, 10_001, 1000)))
        for kind in ("Report", "OldReport", "Leave", "Query"):
            self.assertGreater(counts[kind], 200)
        for reason in (DropReason.TRUNCATED, DropReason.LENGTH, DropReason.TYPE, DropReason.GROUP):
            self.assertGreater(counts[reason.value], 0, reason)

    def test_same_seed_gives_the_same_run(self) -> None:
        """A failure can be reproduced."""
        first, second, other = (fuzz(self.family, 500, seed) for seed in (1, 1, 2))
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)
