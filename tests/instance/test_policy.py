"""What a configuration says about groups and upstreams, in the terms of the core."""

from __future__ import annotations

import gc
from weakref import ref

import attrs
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import FilterConfig, InstanceConfig, InterfaceSettings
from mcproxy.config.native.toml import parse
from mcproxy.instance.policy import (
    forwards_per_source,
    instance_policy,
    per_source_instances,
    querier_settings,
    ssm_policy,
    static_groups,
)
from mcproxy.protocol.family import IPV4, IPV6, Family, packed
from mcproxy.protocol.policy.directional_filters import DirectionalFilter as Gate
from mcproxy.protocol.policy.filters import AddressRange, FilterRule
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter

FILE = """
[instance.tv]
upstream = "up"
downstream = ["d1", "d2"]
boundary = ["239.255.0.0/16", "ff15::/16"]
static-group = "239.1.1.1"
ssm-range = ["232.0.0.0/8", "239.232.0.0/16", "ff3e::/32"]
ssm-map = ["232.1.0.0/16 | 192.0.2.1", "232.1.1.1 | 192.0.2.2", "ff3e::/96 | 2001:db8::1"]
version-fallback = false

[instance.tv.interface.d1]
static-group = ["239.1.1.1", "232.1.1.1 | 192.0.2.1", "232.1.1.1 | 192.0.2.2", "ff15::7"]
allowed-queriers = ["192.0.2.9", "fe80::9"]
check-subnet = true
explicit-tracking = true
max-group-sources = 5
max-report-rate = 100
"""


class PolicyTests(SynchronousTestCase):
    def setUp(self) -> None:
        [self.config] = parse(FILE).instances

    def test_the_boundary(self) -> None:
        """ADR-06: prefixes of both families, each for its own."""
        within = instance_policy(self.config, IPV4).within_boundary
        groups = ("239.255.0.0", "239.255.255.255", "239.254.255.255", "240.0.0.0")
        self.assertEqual([within(packed(g)) for g in groups], [True, True, False, False])
        within = instance_policy(self.config, IPV6).within_boundary
        groups = ("ff15::1", "ff15:ffff::1", "ff16::", "ff14:ffff::")
        self.assertEqual([within(packed(g)) for g in groups], [True, True, False, False])

    def test_source_specific_groups(self) -> None:
        """SSM-01: a list of our own."""
        is_ssm = ssm_policy(self.config, IPV4).is_ssm
        groups = ("232.0.0.1", "239.232.255.1", "239.231.1.1")
        self.assertEqual([is_ssm(packed(group)) for group in groups], [True, True, False])
        is_ssm = ssm_policy(self.config, IPV6).is_ssm
        groups = ("ff3e::1", "ff3e:0:1::", "ff3e:1::", "ff35::1")
        self.assertEqual([is_ssm(packed(group)) for group in groups], [True, True, False, False])

    def test_the_usual_source_specific_groups(self) -> None:
        """SSM-01: those of RFC 4607."""
        config = InstanceConfig("a", ("up",), ("d1",))
        self.assertIs(ssm_policy(config, IPV4).is_ssm, IPV4.is_ssm)
        self.assertEqual(ssm_policy(config, IPV4).sources_of(packed("232.1.1.1")), frozenset())

    def test_mapped_sources(self) -> None:
        """All that are said of a group, of its own family."""
        sources_of = ssm_policy(self.config, IPV4).sources_of
        first, second = packed("192.0.2.1"), packed("192.0.2.2")
        self.assertEqual(sources_of(packed("232.1.2.3")), frozenset([first]))
        self.assertEqual(sources_of(packed("232.1.1.1")), frozenset([first, second]))
        self.assertEqual(sources_of(packed("232.2.1.1")), frozenset())
        sources_of = ssm_policy(self.config, IPV6).sources_of
        self.assertEqual(sources_of(packed("ff3e::1")), frozenset([packed("2001:db8::1")]))

    def test_static_groups(self) -> None:
        """DB-05: of any source, or of those that are named."""
        settings = self.config.downstream_settings("d1")
        assert settings is not None
        named = SourceFilter(INCLUDE, frozenset([packed("192.0.2.1"), packed("192.0.2.2")]))
        self.assertEqual(
            static_groups(settings.static_group, IPV4),
            {packed("239.1.1.1"): ANY_SOURCE, packed("232.1.1.1"): named},
        )
        self.assertEqual(
            static_groups(settings.static_group, IPV6), {packed("ff15::7"): ANY_SOURCE}
        )
        self.assertEqual(
            static_groups(("232.1.1.1 | 192.0.2.1", "232.1.1.1"), IPV4),
            {packed("232.1.1.1"): ANY_SOURCE},
        )

    def test_settings_of_a_querier(self) -> None:
        """Each of the configuration's is there."""
        made = querier_settings(self.config, "d1", IPV4)
        self.assertEqual(made.allowed_queriers, {packed("192.0.2.9"), packed("fe80::9")})
        self.assertEqual((made.explicit_tracking, made.max_group_sources), (True, 5))
        self.assertEqual((made.max_report_rate, made.version), (100, 3))
        changed = {field.name for field in attrs.fields(InterfaceSettings)}
        told_otherwise = {"query_max_response_time", "robustness_variable", "static_group"}
        outside = {"check_subnet", "ttl_threshold"}
        self.assertEqual(
            [n for n in changed - told_otherwise - outside if not hasattr(made, n)], []
        )

    def test_filters(self) -> None:
        """Each holds for its role and direction, by name before by pattern, in its family."""
        one, other = (AddressRange(*[packed(f"239.1.1.{n}")] * 2) for n in (1, 2))
        filters = (
            FilterConfig("*", "downstream", "out", True, (FilterRule(one),)),
            FilterConfig("d2", "downstream", "out", False, (FilterRule(one),)),
            FilterConfig(
                "up", "upstream", "in", True, (FilterRule(other, None, "d1"), FilterRule(one))
            ),
        )
        config = InstanceConfig("a", ("up",), ("d1", "d2"), filters=filters)
        policy, source = instance_policy(config, IPV4), packed("192.0.2.1")

        def passing(gate: Gate) -> list[bool]:
            return [gate.passes(packed(f"239.1.1.{n}"), source) for n in (1, 2)]

        self.assertEqual(passing(policy.downstream("d1").outward), [True, False])
        self.assertEqual(passing(policy.downstream("d2").outward), [False, True])
        self.assertEqual(passing(policy.downstream("d1").inward), [True, True])
        self.assertEqual(passing(policy.downstream("").outward), [True, True])
        self.assertEqual(passing(policy.upstream("up").inward), [True, False])
        self.assertEqual(passing(policy.upstream("up").outward), [True, True])
        self.assertTrue(forwards_per_source(config))
        ipv6 = instance_policy(config, IPV6).downstream("d1").outward
        self.assertFalse(ipv6.passes(packed("ff15::1"), packed("2001:db8::1")))

    def test_the_same_rules_are_laid_out_once(self) -> None:
        """At several places, in all instances and after a change, and while they are in use."""
        filters = (
            'interface = "d1"\nrole = "downstream"\ndirection = "in"\nallow = "239.7.7.0/24"',
            'interface = "d2"\nrole = "downstream"\ndirection = "out"\nallow = "239.7.7.0/24"',
            'interface = "d2"\nrole = "downstream"\ndirection = "in"\ndeny = "239.7.7.0/24"',
        )
        text = FILE + "".join(f"[[instance.tv.filter]]\n{one}\n" for one in filters)
        text = text.replace('"239.7.7.0/24"', '["239.7.7.0/24"]')

        def laid_out(family: Family) -> list[Gate]:
            gates = instance_policy(parse(text).instances[0], family).downstream
            return [gates("d1").inward, gates("d2").outward, gates("d2").inward]

        before, after, other = laid_out(IPV4), laid_out(IPV4), laid_out(IPV6)
        self.assertIs(before[0], before[1])
        for one, again in zip(before, after, strict=True):
            self.assertIs(one, again)
        self.assertEqual(len({*map(id, before), *map(id, other)}), 4)
        left = ref(before[0])
        del before, after, one, again
        gc.collect()
        self.assertIsNone(left())

    def test_who_is_looked_at_source_by_source(self) -> None:
        """Several upstreams or none, peers, boundaries, and on request."""
        plain = InstanceConfig("a", ("up",), ("d1",))
        self.assertFalse(forwards_per_source(plain))
        for change in (
            {"upstreams": ("up", "up2")},
            {"upstreams": ()},
            {"downstream": ("up", "d1")},
            {"forwarding": "per-source"},
            {"boundary": ("239.255.0.0/16",)},
        ):
            self.assertTrue(forwards_per_source(attrs.evolve(plain, **change)), change)

    def test_a_shared_upstream(self) -> None:
        """Whoever shares one with such an instance is, too, and so on; not on another table."""
        one = InstanceConfig("one", ("a", "b"), ("d1",))
        two = InstanceConfig("two", ("b",), ("d2",))
        three = InstanceConfig("three", ("b",), ("d3",), table=7)
        four = InstanceConfig("four", ("c",), ("d4",))
        found = per_source_instances([four, three, two, one])
        self.assertEqual(found, {"one", "two"})


class BadPolicyTests(SynchronousTestCase):
    """What cannot be meant is told with its line, and what to do."""

    def refused(self, line: str, where: str = "instance.a") -> str:
        text = f'[instance.a]\nupstream = "up"\ndownstream = "d1"\n[{where}]\n{line}\n'
        if where == "instance.a":
            text = f'[instance.a]\nupstream = "up"\ndownstream = "d1"\n{line}\n'
        with self.assertRaises(Exception) as caught:
            parse(text)
        return str(caught.exception)

    def test_mistakes(self) -> None:
        settings = "instance.a.interface.d1"
        for line, where, told in (
            ('boundary = ["10.0.0.0/8"]', "instance.a", "is not a multicast group"),
            ('boundary = ["239.1.1.1/8"]', "instance.a", "write 239.0.0.0/8"),
            ('boundary = ["nonsense"]', "instance.a", "is not an address"),
            ("boundary = 7", "instance.a", "neither text nor a list"),
            ('static-group = "239.0.0.0/8"', "instance.a", "contains several groups"),
            ('static-group = "224.0.0.5"', settings, "link-local scope"),
            ('static-group = "ff02::5"', settings, "link-local scope"),
            ('static-group = "232.1.1.1 | ff15::1"', settings, "not the address of a host"),
            ('static-group = "232.1.1.1 | 2001:db8::1"', settings, "mixes IPv4 and IPv6"),
            ('ssm-map = ["232.0.0.0/8"]', "instance.a", "has no source"),
            ('allowed-queriers = ["239.1.1.1"]', settings, "not the address of a host"),
            ('allowed-queriers = ["x"]', settings, "is not an address"),
        ):
            message = self.refused(line, where)
            key = line.partition(" ")[0]
            self.assertIn(told, message)
            self.assertIn(f"{where}.{key} (line ", message)
