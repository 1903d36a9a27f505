"""RuleIndex, compared with a look at each rectangle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.policy.rule_index import Rectangle, RuleIndex

from ..families import examples

SIDE = 30

pairs = st.tuples(st.integers(0, SIDE - 1), st.integers(1, SIDE)).filter(lambda p: p[0] < p[1])

rectangle_lists = st.lists(st.builds(lambda xs, ys: Rectangle(*xs, *ys), pairs, pairs), max_size=80)


def rows(rectangles: list[Rectangle], x: int) -> set[int]:
    """Return each y that is covered at x."""
    return {y for left, right, *ys in rectangles if left <= x < right for y in range(*ys)}


class RuleIndexTests(SynchronousTestCase):
    """Many rectangles whose sides have few possible places."""

    @examples(3)
    @given(rectangle_lists, st.integers(-1, SIDE + 1))
    def test_index_covers_what_any_rectangle_covers(
        self, rectangles: list[Rectangle], x: int
    ) -> None:
        """Point by point, and all points of an x at once."""
        made, expected = RuleIndex(rectangles, SIDE), rows(rectangles, x)
        for y in range(SIDE + 1):
            self.assertIs(made.cover(x, y), y in expected)
        self.assertEqual(made.covered(made.cell(x)), sum(1 << y for y in expected))

    @examples(1)
    @given(rectangle_lists)
    def test_points_of_one_place_are_in_the_same_rectangles(
        self, rectangles: list[Rectangle]
    ) -> None:
        """For every x."""
        made, seen = RuleIndex(rectangles, SIDE), {}
        for x in range(-1, SIDE + 2):
            around = [one for one in rectangles if one.left <= x < one.right]
            self.assertEqual(seen.setdefault(made.cell(x), around), around)

    def test_slabs_of_many_overlapping_rectangles_are_small(self) -> None:
        """Of ten thousand, few begin or end in one slab."""
        for rectangles in (
            [Rectangle(n, 20_000 - n, n, n + 1) for n in range(10_000)],
            [Rectangle(n, n + 1, 0, 1) for n in range(10_000)],
            [Rectangle(0, n + 1, n, n + 1) for n in range(10_000)],
            [Rectangle(n % 7, 7 + n % 5, n, n + 1) for n in range(10_000)],
        ):
            slabs = RuleIndex(rectangles, 10_000)._slabs
            self.assertLess(max(len(slab.within) for slab in slabs), 150)
            self.assertLess(len(slabs), 250)
