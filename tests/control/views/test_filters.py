"""The view of filters: what each denied, and by which rule."""

from __future__ import annotations

from mcproxy.config.model import FilterConfig, InstanceConfig
from mcproxy.config.rules import read_rule
from mcproxy.control.views import filters, groups
from mcproxy.protocol.family import IPV4
from mcproxy.protocol.policy.counted import MOST_CELLS, CountedFilter
from mcproxy.protocol.policy.filters import CompiledFilter, FilterRule
from mcproxy.protocol.sources import ANY_SOURCE

from ...instance.support import ALLOW, G1, G2, HOST, S1, S2, TO_EX, including
from .support import ViewTestCase

RULES = ("239.1.1.1", "239.1.1.2 | 198.51.100.1")


def rules(*texts: str) -> tuple[FilterRule, ...]:
    return tuple(map(read_rule, texts))


class FilterViewTests(ViewTestCase):
    def use(self, allow: bool, *texts: str) -> None:
        one = FilterConfig("up", "upstream", "in", allow, rules(*texts), "tv")
        self.configure(InstanceConfig("a", ("up",), ("d1", "d2"), filters=(one,)))

    def test_denied_join_is_counted_by_its_rule(self) -> None:
        self.use(False, *RULES)
        self.join("d1", HOST, TO_EX, G1)
        self.join("d1", HOST, ALLOW, G2, S1, S2)
        [row] = self.rows(filters.rows)
        self.assertEqual((row["role"], row["direction"]), ("upstream", "in"))
        self.assertEqual((row["filter"], row["action"], row["rules"]), ("tv", "deny", 2))
        found = {one["rule"]: one for one in row["rule"]}
        self.assertEqual(set(found), set(RULES))
        self.assertEqual(found["239.1.1.1"]["source-address"], "*")
        self.assertEqual(found[RULES[1]]["source-address"], "198.51.100.1")
        self.assertEqual(row["denied"], sum(one["denied"] for one in row["rule"]))

    def test_join_that_no_rule_allows_is_counted_without_a_rule(self) -> None:
        self.use(True, "239.1.1.1")
        self.join("d1", HOST, TO_EX, G1)
        self.assertEqual(self.rows(filters.rows)[0]["rule"], [])
        self.join("d1", HOST, TO_EX, G2)
        [denied] = self.rows(filters.rows)[0]["rule"]
        self.assertEqual((denied["rule"], denied["group-address"]), ("*", "239.1.1.2"))

    def test_look_at_groups_counts_no_denial(self) -> None:
        self.use(False, "239.1.1.1")
        self.join("d1", HOST, TO_EX, G1)
        before = self.rows(filters.rows)[0]["denied"]
        self.assertEqual(self.rows(groups.rows)[0]["refused"]["by"], "filter")
        self.assertEqual(self.rows(filters.rows)[0]["denied"], before)

    def test_boundary_counts_the_groups_that_stay_within(self) -> None:
        config = InstanceConfig("a", ("up",), ("d1",), boundary=("239.1.1.1/32",))
        self.configure(config)
        self.join("d1", HOST, TO_EX, G1)
        self.join("d1", HOST, TO_EX, G2)
        [row] = self.rows(filters.rows)
        self.assertEqual((row["role"], row["interface"]), ("boundary", ""))
        self.assertEqual([one["rule"] for one in row["rule"]], ["239.1.1.1"])


class CountedFilterTests(ViewTestCase):
    def test_partly_denied_join_of_any_source_is_no_denial(self) -> None:
        one = CountedFilter(CompiledFilter(IPV4, rules("239.1.1.1 | 198.51.100.1"), False))
        self.assertNotEqual(one.restrict(G1, ANY_SOURCE), ANY_SOURCE)
        self.assertEqual(one.denials.total, 0)
        one.restrict(G1, including(S1, S2))
        self.assertEqual(one.denials.total, 1)

    def test_question_for_the_rest_is_no_denial(self) -> None:
        one = CountedFilter(CompiledFilter(IPV4, rules("239.1.1.1"), False))
        self.assertEqual(one.rest(G1, ANY_SOURCE), ANY_SOURCE)
        self.assertEqual(one.denials.total, 0)

    def test_memory_for_denials_is_bounded(self) -> None:
        many = [f"239.2.{number // 256}.{number % 256}" for number in range(0, 1000, 2)]
        one = CountedFilter(CompiledFilter(IPV4, rules(*many), False))
        for rule in one.filter.rules:
            assert rule.group is not None
            self.assertFalse(one.passes(rule.group.first, S1))
        self.assertEqual((one.denials.total, len(one.denials.by_cell)), (500, MOST_CELLS))
