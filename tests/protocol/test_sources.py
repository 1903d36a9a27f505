"""Source filters and how they merge, compared with sets of what passes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, SourceFilter, merge

from .families import FamilyTests, both_families, examples, source

UNIVERSE = [bytes([10, 0, 0, number]) for number in range(1, 7)]
ANY_OTHER = bytes([10, 9, 9, 9])
"""One source that stands for all that no filter lists."""

filters = st.builds(
    SourceFilter, st.sampled_from([INCLUDE, EXCLUDE]), st.frozensets(st.sampled_from(UNIVERSE))
)


def named(letters: str) -> frozenset[bytes]:
    """Return the sources a, b, c and so on."""
    return frozenset(UNIVERSE[ord(letter) - ord("a")] for letter in letters)


def inc(letters: str) -> SourceFilter:
    """Return INCLUDE of some sources."""
    return SourceFilter(INCLUDE, named(letters))


def exc(letters: str) -> SourceFilter:
    """Return EXCLUDE of some sources."""
    return SourceFilter(EXCLUDE, named(letters))


def passing(*merged: SourceFilter) -> set[bytes]:
    """The model: return each source that some filter passes, by the definition of the modes."""
    return {
        source
        for source in (*UNIVERSE, ANY_OTHER)
        for mode, listed in merged
        if (mode is INCLUDE and source in listed) or (mode is EXCLUDE and source not in listed)
    }


class MergeTests(SynchronousTestCase):
    """DB-01, DB-02: the merge of several filters."""

    def test_merge_gives_the_results_of_the_worked_examples(self) -> None:
        """E.2: those of the RFC."""
        self.assertEqual(merge([exc("abcd"), exc("bcde"), inc("def")]), exc("bc"))
        self.assertEqual(merge([inc("abc"), inc("bcd"), inc("e")]), inc("abcde"))
        self.assertEqual(merge([exc("a"), inc("a")]), exc(""))
        self.assertEqual(merge([exc("a")]), exc("a"))
        self.assertEqual(merge([exc("a"), exc("")]), exc(""))

    def test_merge_of_nothing_is_nothing(self) -> None:
        """DB-03: nobody wants anything."""
        self.assertIs(merge([]), NOTHING)
        self.assertIs(merge([inc(""), inc("")]), NOTHING)

    def test_common_merge_results_are_shared_objects(self) -> None:
        """Most groups have one of two filters; these take no memory of their own."""
        self.assertIs(merge([exc("a"), inc("a")]), ANY_SOURCE)
        self.assertIs(merge([inc("")]), NOTHING)

    @given(st.lists(filters, max_size=5))
    @examples(10)
    def test_merge_passes_what_any_filter_passes(self, several: list[SourceFilter]) -> None:
        """The union, and nothing else."""
        self.assertEqual(passing(merge(several)), passing(*several))

    @given(st.lists(filters, max_size=5))
    @examples(5)
    def test_wanted_sources_of_a_filter_match_the_model(self, several: list[SourceFilter]) -> None:
        """One filter by itself."""
        for one in several:
            wanted = {source for source in (*UNIVERSE, ANY_OTHER) if one.wants(source)}
            self.assertEqual(wanted, passing(one))

    @given(filters, filters, filters)
    @examples(5)
    def test_merge_is_commutative_associative_and_idempotent(
        self, a: SourceFilter, b: SourceFilter, c: SourceFilter
    ) -> None:
        """NOTHING is neutral, and ANY_SOURCE absorbs."""
        self.assertEqual(merge([a, b]), merge([b, a]))
        self.assertEqual(merge([merge([a, b]), c]), merge([a, merge([b, c])]))
        self.assertEqual(merge([a, a]), a)
        self.assertEqual(merge([a, NOTHING]), a)
        self.assertEqual(merge([a, ANY_SOURCE]), ANY_SOURCE)

    @given(filters, filters)
    def test_filters_are_equal_when_they_pass_the_same(
        self, a: SourceFilter, b: SourceFilter
    ) -> None:
        """Otherwise equal wishes would cause a report."""
        self.assertEqual(a == b, passing(a) == passing(b))


@both_families
class ExcludeFilterTests(FamilyTests):
    """EXCLUDE filters of both families."""

    def test_exclude_filter_does_not_want_its_sources(self) -> None:
        """The listed source is not wanted."""
        self.assertFalse(SourceFilter(EXCLUDE, self.sources(1)).wants(source(self.family, 1)))
