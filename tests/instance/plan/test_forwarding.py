"""How an instance forwards, as it follows from the configuration."""

from __future__ import annotations

import gc
from weakref import ref

import attrs
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import FilterConfig, InstanceConfig
from mcproxy.config.native.toml import parse
from mcproxy.instance.plan.forwarding import ForwardingPlan, per_source_instances, plan_forwarding
from mcproxy.protocol.family import IPV4, IPV6, Family, packed
from mcproxy.protocol.policy.counted import CountedFilter
from mcproxy.protocol.policy.directional_filters import DirectionalFilter
from mcproxy.protocol.policy.filters import AddressRange, FilterRule
from mcproxy.protocol.upstreams.selection import Join

FILE = """
[instance.tv]
upstream = "up"
downstream = ["d1", "d2"]
"""
FILTERS = (
    'interface = "d1"\nrole = "downstream"\ndirection = "in"\nallow = ["239.7.7.0/24"]',
    'interface = "d2"\nrole = "downstream"\ndirection = "out"\nallow = ["239.7.7.0/24"]',
    'interface = "d2"\nrole = "downstream"\ndirection = "in"\ndeny = ["239.7.7.0/24"]',
)
FILTERED = FILE + "".join(f"[[instance.tv.filter]]\n{one}\n" for one in FILTERS)
PLAIN = InstanceConfig("a", ("up",), ("d1",))


def forwards_per_source(config: InstanceConfig) -> bool:
    return per_source_instances([config]) == {config.name}


def planned(text: str, family: Family = IPV4) -> ForwardingPlan:
    return plan_forwarding(parse(text).instances[0], family, True)


class FilterTests(SynchronousTestCase):
    def test_filter_is_found_by_role_direction_and_name_before_pattern(self) -> None:
        """Each in its family."""
        one, other = (AddressRange(*[packed(f"239.1.1.{n}")] * 2) for n in (1, 2))
        filters = (
            FilterConfig("*", "downstream", "out", True, (FilterRule(one),)),
            FilterConfig("d2", "downstream", "out", False, (FilterRule(one),)),
            FilterConfig(
                "up", "upstream", "in", True, (FilterRule(other, None, "d1"), FilterRule(one))
            ),
        )
        config = InstanceConfig("a", ("up",), ("d1", "d2"), filters=filters)
        policy = plan_forwarding(config, IPV4, True).policy.policy()
        source = packed("192.0.2.1")

        def passing(filter_: DirectionalFilter) -> list[bool]:
            return [filter_.passes(packed(f"239.1.1.{n}"), source) for n in (1, 2)]

        self.assertEqual(passing(policy.downstream("d1").outward), [True, False])
        self.assertEqual(passing(policy.downstream("d2").outward), [False, True])
        self.assertEqual(passing(policy.downstream("d1").inward), [True, True])
        self.assertEqual(passing(policy.downstream("").outward), [True, True])
        self.assertEqual(passing(policy.upstream("up").inward), [True, False])
        self.assertEqual(passing(policy.upstream("up").outward), [True, True])
        self.assertTrue(forwards_per_source(config))
        ipv6 = plan_forwarding(config, IPV6, True).policy.policy().downstream("d1").outward
        self.assertFalse(ipv6.passes(packed("ff15::1"), packed("2001:db8::1")))

    def test_equal_rules_are_laid_out_once_while_they_are_in_use(self) -> None:
        """At several places, in all instances and after a change."""

        def laid_out(family: Family) -> list[DirectionalFilter]:
            found = planned(FILTERED, family).policy.policy().downstream
            there = [found("d1").inward, found("d2").outward, found("d2").inward]
            return [one.filter for one in there if isinstance(one, CountedFilter)]

        before, after, other = laid_out(IPV4), laid_out(IPV4), laid_out(IPV6)
        self.assertIs(before[0], before[1])
        for one, again in zip(before, after, strict=True):
            self.assertIs(one, again)
        self.assertEqual(len({*map(id, before), *map(id, other)}), 4)
        left = ref(before[0])
        del before, after, one, again
        gc.collect()
        self.assertIsNone(left())


class ValueTests(SynchronousTestCase):
    """Two plans are equal where nothing is different."""

    def test_plans_of_equal_text_are_equal(self) -> None:
        for text in (FILE, FILTERED, FILE + 'boundary = ["239.0.0.0/8"]\n'):
            self.assertEqual(planned(text), planned(text))

    def test_other_filter_makes_another_plan(self) -> None:
        before = planned(FILTERED)
        for old, new in (("239.7.7.0", "239.7.8.0"), ('= "d1"', '= "d*"'), ("deny", "allow")):
            self.assertNotEqual(planned(FILTERED.replace(old, new, 1)), before)

    def test_filter_of_the_other_family_makes_no_other_plan(self) -> None:
        one, other = (f'{FILE}boundary = ["{text}"]\n' for text in ("ff15::/16", "ff18::/16"))
        self.assertEqual(planned(one), planned(other))
        self.assertNotEqual(planned(one, IPV6), planned(other, IPV6))

    def test_setting_without_effect_makes_no_other_plan(self) -> None:
        """mutex-time counts only where upstream-join is mutex."""
        self.assertEqual(planned(FILE), planned(FILE + "mutex-time = 7\n"))
        mutex = FILE + 'upstream-join = "mutex"\n'
        self.assertNotEqual(planned(mutex), planned(mutex + "mutex-time = 7\n"))
        self.assertEqual(planned(mutex).selection.join, Join.MUTEX)


class PerSourceTests(SynchronousTestCase):
    def test_instance_whose_groups_cannot_tell_enough_forwards_per_source(self) -> None:
        """Several upstreams or none, peers, boundaries, and on request."""
        self.assertFalse(forwards_per_source(PLAIN))
        for change in (
            {"upstreams": ("up", "up2")},
            {"upstreams": ()},
            {"downstream": ("up", "d1")},
            {"forwarding": "per-source"},
            {"boundary": ("239.255.0.0/16",)},
        ):
            self.assertTrue(forwards_per_source(attrs.evolve(PLAIN, **change)), change)

    def test_instance_that_sends_nothing_up_forwards_by_groups(self) -> None:
        """Unless another instance sends data to the same upstream: they share entries."""
        one = InstanceConfig("one", ("a",), ("d1",), upstream_data="none")
        two = InstanceConfig("two", ("a",), ("d2",), upstream_data="none")
        three = InstanceConfig("three", ("a",), ("d3",))
        four = InstanceConfig("four", ("a",), ("d4",), table=7)
        self.assertEqual(per_source_instances([one, two, four]), set())
        self.assertEqual(per_source_instances([one, two, three]), {"one", "two", "three"})
        self.assertFalse(plan_forwarding(one, IPV4, False).sends_up)
        self.assertTrue(plan_forwarding(three, IPV4, False).sends_up)

    def test_instances_that_share_an_upstream_forward_alike(self) -> None:
        """Whoever shares one with such an instance is, too, and so on; not on another table."""
        one = InstanceConfig("one", ("a", "b"), ("d1",))
        two = InstanceConfig("two", ("b",), ("d2",))
        three = InstanceConfig("three", ("b",), ("d3",), table=7)
        four = InstanceConfig("four", ("c",), ("d4",))
        found = per_source_instances([four, three, two, one])
        self.assertEqual(found, {"one", "two"})
