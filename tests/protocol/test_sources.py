"""Source filters and how they merge, against sets of what passes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, SourceFilter, merge

from .support import examples

UNIVERSE = [bytes([10, 0, 0, number]) for number in range(1, 7)]
ANY_OTHER = bytes([10, 9, 9, 9])
"""Stands for all the sources that no filter names."""

filters = st.builds(
    SourceFilter, st.sampled_from([INCLUDE, EXCLUDE]), st.frozensets(st.sampled_from(UNIVERSE))
)


def named(letters: str) -> frozenset[bytes]:
    """Sources a, b, c and so on."""
    return frozenset(UNIVERSE[ord(letter) - ord("a")] for letter in letters)


def inc(letters: str) -> SourceFilter:
    """INCLUDE of some sources."""
    return SourceFilter(INCLUDE, named(letters))


def exc(letters: str) -> SourceFilter:
    """EXCLUDE of some sources."""
    return SourceFilter(EXCLUDE, named(letters))


def passing(*merged: SourceFilter) -> set[bytes]:
    """The model: each source that some filter lets pass, by the definition of the modes."""
    return {
        source
        for source in (*UNIVERSE, ANY_OTHER)
        for mode, listed in merged
        if (mode is INCLUDE and source in listed) or (mode is EXCLUDE and source not in listed)
    }


class MergeTests(SynchronousTestCase):
    """DB-01, DB-02: the filter of several."""

    def test_vectors(self) -> None:
        """T-134, E.2: the worked examples."""
        self.assertEqual(merge([exc("abcd"), exc("bcde"), inc("def")]), exc("bc"))
        self.assertEqual(merge([inc("abc"), inc("bcd"), inc("e")]), inc("abcde"))
        self.assertEqual(merge([exc("a"), inc("a")]), exc(""))
        self.assertEqual(merge([exc("a")]), exc("a"))
        self.assertEqual(merge([exc("a"), exc("")]), exc(""))

    def test_none(self) -> None:
        """DB-03: nobody wants anything."""
        self.assertIs(merge([]), NOTHING)
        self.assertIs(merge([inc(""), inc("")]), NOTHING)

    def test_common_results_are_shared(self) -> None:
        """Most groups have one of two filters, which need no memory of their own."""
        self.assertIs(merge([exc("a"), inc("a")]), ANY_SOURCE)
        self.assertIs(merge([inc("")]), NOTHING)

    @given(st.lists(filters, max_size=5))
    @examples(10)
    def test_passes_what_any_passes(self, several: list[SourceFilter]) -> None:
        """The union of what passes, and nothing else."""
        self.assertEqual(passing(merge(several)), passing(*several))

    @given(st.lists(filters, max_size=5))
    @examples(5)
    def test_wants(self, several: list[SourceFilter]) -> None:
        """One filter's own answer is the model's."""
        for one in several:
            wanted = {source for source in (*UNIVERSE, ANY_OTHER) if one.wants(source)}
            self.assertEqual(wanted, passing(one))

    @given(filters, filters, filters)
    @examples(5)
    def test_algebra(self, a: SourceFilter, b: SourceFilter, c: SourceFilter) -> None:
        """Order and grouping do not matter, nor does saying it twice, nor wanting nothing."""
        self.assertEqual(merge([a, b]), merge([b, a]))
        self.assertEqual(merge([merge([a, b]), c]), merge([a, merge([b, c])]))
        self.assertEqual(merge([a, a]), a)
        self.assertEqual(merge([a, NOTHING]), a)
        self.assertEqual(merge([a, ANY_SOURCE]), ANY_SOURCE)

    @given(filters, filters)
    def test_one_filter_for_each_wish(self, a: SourceFilter, b: SourceFilter) -> None:
        """Filters are equal just when the same passes, so that no change means no report."""
        self.assertEqual(a == b, passing(a) == passing(b))
