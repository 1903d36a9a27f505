"""Filter rules, compared with a walk over all rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.family import IPV4, Address
from mcproxy.protocol.policy import filters
from mcproxy.protocol.policy.directional_filters import DirectionalFilter
from mcproxy.protocol.policy.filters import MAX_LISTED, AddressRange, CompiledFilter, FilterRule
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter

from ..families import FamilyTests, both_families, examples

NAMES = ("eth1", "eth2")
Numbers = tuple[int, int] | None
Lines = list[tuple[Numbers, Numbers, str | None]]

ranges = st.none() | st.tuples(st.integers(0, 40), st.integers(0, 40)).map(
    lambda pair: (min(pair), max(pair))
)

tables: st.SearchStrategy[Lines] = st.lists(
    st.tuples(ranges, ranges, st.none() | st.sampled_from(NAMES)), max_size=40
)

number_sets = st.frozensets(st.integers(0, 40), max_size=4)


def holds(line: tuple[Numbers, Numbers, str | None], group: int, source: int, name: str) -> bool:
    """Return whether a rule matches."""
    groups, sources, came_from = line
    fits = [r is None or r[0] <= n <= r[1] for r, n in ((groups, group), (sources, source))]
    return all(fits) and came_from in (None, name)


@both_families
class FilterTests(FamilyTests):
    """Which sources pass, and what remains of a subscription."""

    def group_at(self, number: int) -> Address:
        """Return a group by number."""
        return bytes([239 if self.family is IPV4 else 0xFF, 0x15]) + number.to_bytes(
            self.family.address_size - 2
        )

    def source_at(self, number: int) -> Address:
        """Return a source by number."""
        return bytes([0x20]) + number.to_bytes(self.family.address_size - 1)

    def rule(self, groups: Numbers, sources: Numbers = None, name: str | None = None) -> FilterRule:
        """Return a rule of ranges."""
        return FilterRule(
            None if groups is None else AddressRange(*map(self.group_at, groups)),
            None if sources is None else AddressRange(*map(self.source_at, sources)),
            name,
        )

    def make(self, lines: Lines, allow: bool = True) -> CompiledFilter:
        """Return a filter of rules."""
        return CompiledFilter(self.family, [self.rule(*line) for line in lines], allow)

    def numbered(self, mode: FilterMode, numbers: frozenset[int]) -> SourceFilter:
        """Return a subscription."""
        return SourceFilter(mode, frozenset(map(self.source_at, numbers)))

    @examples(3)
    @given(tables, st.booleans(), st.integers(0, 41), st.integers(0, 41))
    def test_filter_passes_what_a_walk_over_the_rules_passes(
        self, lines: Lines, allow: bool, group: int, source: int
    ) -> None:
        """Any matching rule is enough; bounds belong to their ranges."""
        made = self.make(lines, allow)
        for name in (*NAMES, "eth3"):
            expected = any(holds(line, group, source, name) for line in lines) is allow
            passes = made.passes(self.group_at(group), self.source_at(source), name)
            self.assertIs(passes, expected)
        plain = any(holds(line, group, source, "") for line in lines) is allow
        self.assertIs(made.passes(self.group_at(group), self.source_at(source)), plain)

    @examples(3)
    @given(
        tables,
        st.booleans(),
        st.integers(0, 41),
        st.sampled_from([INCLUDE, EXCLUDE]),
        number_sets,
        st.sampled_from([*NAMES, None]),
    )
    def test_subscription_is_divided_into_what_passes_and_what_does_not(
        self,
        lines: Lines,
        allow: bool,
        number: int,
        mode: FilterMode,
        numbers: frozenset[int],
        name: str | None,
    ) -> None:
        """Together they are all, and they do not overlap."""
        made, group = self.make(lines, allow), self.group_at(number)
        wanted = self.numbered(mode, numbers)
        passing = made.restrict(group, wanted, name)
        rest = made.rest(group, wanted, name)
        for one in map(self.source_at, range(43)):
            passes = made.passes(group, one, name)
            self.assertIs(passing.wants(one), wanted.wants(one) and passes)
            self.assertIs(rest.wants(one), wanted.wants(one) and not passes)

    def test_filter_without_rules_matches_nothing(self) -> None:
        """ "Allow" passes nothing then, and "deny" everything."""
        group, one = self.group_at(1), self.source_at(1)
        self.assertFalse(self.make([]).passes(group, one))
        self.assertEqual(self.make([]).restrict(group, ANY_SOURCE), NOTHING)
        self.assertTrue(self.make([], allow=False).passes(group, one))
        self.assertEqual(self.make([], allow=False).restrict(group, ANY_SOURCE), ANY_SOURCE)

    def test_rules_of_the_other_family_are_ignored(self) -> None:
        """A rule without ranges matches everything."""
        other = AddressRange(
            b"\1" * (20 - self.family.address_size), b"\2" * (20 - self.family.address_size)
        )
        made = CompiledFilter(
            self.family, [FilterRule(group=other), FilterRule(source=other)], True
        )
        self.assertFalse(made.passes(self.group_at(1), self.source_at(1)))
        made = CompiledFilter(self.family, [FilterRule()], True)
        self.assertTrue(made.passes(self.group_at(1), self.source_at(1)))
        self.assertEqual(made.restrict(self.group_at(1), ANY_SOURCE), ANY_SOURCE)
        self.assertEqual(made.rest(self.group_at(1), ANY_SOURCE), NOTHING)

    def test_filter_of_all_possible_sources_passes_any_source(self) -> None:
        """It need not list loopback, multicast and the like."""
        if self.family is IPV4:
            pairs = (("01000000", "7effffff"), ("80000000", "dfffffff"))
        else:
            low, middle = "00" * 14 + "0100", "fe7f" + "ff" * 14
            pairs = ((low, middle), ("fec0" + "00" * 14, "feff" + "ff" * 14))
        rules = [FilterRule(None, AddressRange(*map(bytes.fromhex, pair))) for pair in pairs]
        made = CompiledFilter(self.family, rules, True)
        self.assertEqual(made.restrict(self.group_at(1), ANY_SOURCE), ANY_SOURCE)
        for rule in rules:
            assert rule.source is not None
            self.assertTrue(all(map(self.family.is_source, rule.source)))

    def test_filter_with_too_many_sources_leaves_an_any_source_subscription_unchanged(self) -> None:
        """Data is filtered then; no list longer than MAX_LISTED is made."""
        for most, exact in ((MAX_LISTED - 1, True), (MAX_LISTED, False)):
            made = self.make([((1, 1), (0, most), None)])
            left = made.restrict(self.group_at(1), ANY_SOURCE)
            self.assertEqual(left != ANY_SOURCE, exact)
            left = made.rest(self.group_at(1), ANY_SOURCE)
            self.assertEqual(left != ANY_SOURCE, exact)
        including = self.numbered(INCLUDE, frozenset([1, 200]))
        left = made.restrict(self.group_at(1), including)
        self.assertEqual(left, self.numbered(INCLUDE, frozenset([1])))

    def test_cache_of_results_is_bounded(self) -> None:
        """Many groups, one after another, again and again."""
        self.patch(filters, "MOST_KEPT", 20)
        made = self.make([((n, n), (n, n + n % 3), None) for n in range(100)])
        for number in [*range(100), *range(100), 0, 0]:
            left = made.restrict(self.group_at(number), ANY_SOURCE)
            some = frozenset(range(number, number + number % 3 + 1))
            self.assertEqual(left, self.numbered(INCLUDE, some))
            kept = [extent.listed or () for extent in made._cache.values()]
            self.assertLessEqual(len(kept) + sum(map(len, kept)), 20)

    def test_filter_can_be_used_as_a_directional_filter(self) -> None:
        """As the upstream selection uses it."""
        made: DirectionalFilter = self.make([])
        self.assertFalse(made.passes(self.group_at(1), self.source_at(1)))
