"""Patterns: what they mean, and whether two of them may mean the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.names import is_pattern, matches, overlap

PIECES = st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]", "[b-c]", "[]a]"])
PATTERNS = st.lists(PIECES, max_size=6).map("".join)


class OverlapTests(SynchronousTestCase):
    def test_overlapping_pairs_are_found(self) -> None:
        for first, second in (
            ("eth0", "eth0"),
            ("eth*", "eth0"),
            ("*", "*"),
            ("*0", "eth*"),
            ("a*b*c", "*abc"),
            ("e?h[0-3]", "et?[3-9]"),
            ("[!a]", "[!b]"),
            ("lan*", "lan"),
        ):
            self.assertTrue(overlap(first, second), (first, second))
            self.assertTrue(overlap(second, first), (second, first))

    def test_disjoint_pairs_do_not_overlap(self) -> None:
        for first, second in (
            ("eth0", "eth1"),
            ("eth*", "lan*"),
            ("eth?", "eth"),
            ("eth[0-3]", "eth[4-9]"),
            ("*a", "*b"),
            ("a*b", "a*c"),
            ("*", "lo"),
            ("[!a]", "a"),
        ):
            self.assertFalse(overlap(first, second), (first, second))
            self.assertFalse(overlap(second, first), (second, first))

    @given(PATTERNS, PATTERNS, st.text("abc]", max_size=5))
    def test_pair_that_matches_one_name_overlaps(self, first: str, second: str, name: str) -> None:
        if (
            is_pattern(first)
            and is_pattern(second)
            and matches(name, first)
            and matches(name, second)
        ):
            self.assertTrue(overlap(first, second))

    @given(PATTERNS, PATTERNS)
    def test_overlap_does_not_depend_on_the_order(self, first: str, second: str) -> None:
        self.assertEqual(overlap(first, second), overlap(second, first))
