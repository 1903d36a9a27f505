"""Groups and channels of a configuration in the terms of the core."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import InstanceConfig
from mcproxy.config.native.toml import parse
from mcproxy.instance.plan.group_ranges import is_among, ssm_policy, static_groups
from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter

FILE = """
[instance.tv]
upstream = "up"
downstream = ["d1", "d2"]
ssm-range = ["232.0.0.0/8", "239.232.0.0/16", "ff3e::/32"]
ssm-map = ["232.1.0.0/16 | 192.0.2.1", "232.1.1.1 | 192.0.2.2", "ff3e::/96 | 2001:db8::1"]
"""


class GroupRangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        [self.config] = parse(FILE).instances

    def test_prefixes_are_each_for_their_own_family(self) -> None:
        """ADR-06: as those of a boundary."""
        texts = ("239.255.0.0/16", "ff15::/16")
        within = is_among(texts, IPV4)
        groups = ("239.255.0.0", "239.255.255.255", "239.254.255.255", "240.0.0.0")
        self.assertEqual([within(packed(g)) for g in groups], [True, True, False, False])
        within = is_among(texts, IPV6)
        groups = ("ff15::1", "ff15:ffff::1", "ff16::", "ff14:ffff::")
        self.assertEqual([within(packed(g)) for g in groups], [True, True, False, False])

    def test_equal_ranges_in_any_order_are_equal(self) -> None:
        one = is_among(("239.1.0.0/16", "239.2.0.0/16", "ff15::/16"), IPV4)
        self.assertEqual(one, is_among(("239.2.0.0/16", "239.1.0.0/16"), IPV4))
        self.assertEqual(hash(one), hash(is_among(("239.2.0.0/16", "239.1.0.0/16"), IPV4)))
        self.assertNotEqual(one, is_among(("239.2.0.0/16",), IPV4))
        self.assertNotEqual(one, is_among(("239.1.0.0/16", "239.2.0.0/16"), IPV6))

    def test_configured_range_replaces_the_usual_source_specific_groups(self) -> None:
        """SSM-01: a list of our own."""
        is_ssm = ssm_policy(self.config, IPV4).is_ssm
        groups = ("232.0.0.1", "239.232.255.1", "239.231.1.1")
        self.assertEqual([is_ssm(packed(group)) for group in groups], [True, True, False])
        is_ssm = ssm_policy(self.config, IPV6).is_ssm
        groups = ("ff3e::1", "ff3e:0:1::", "ff3e:1::", "ff35::1")
        self.assertEqual([is_ssm(packed(group)) for group in groups], [True, True, False, False])

    def test_without_a_range_the_source_specific_groups_are_the_usual_ones(self) -> None:
        """SSM-01: those of RFC 4607."""
        config = InstanceConfig("a", ("up",), ("d1",))
        self.assertIs(ssm_policy(config, IPV4).is_ssm, IPV4.is_ssm)
        self.assertEqual(ssm_policy(config, IPV4).sources_of(packed("232.1.1.1")), frozenset())

    def test_mapped_group_has_the_sources_of_all_its_ranges(self) -> None:
        """All that are said of a group, of its own family."""
        sources_of = ssm_policy(self.config, IPV4).sources_of
        first, second = packed("192.0.2.1"), packed("192.0.2.2")
        self.assertEqual(sources_of(packed("232.1.2.3")), frozenset([first]))
        self.assertEqual(sources_of(packed("232.1.1.1")), frozenset([first, second]))
        self.assertEqual(sources_of(packed("232.2.1.1")), frozenset())
        sources_of = ssm_policy(self.config, IPV6).sources_of
        self.assertEqual(sources_of(packed("ff3e::1")), frozenset([packed("2001:db8::1")]))

    def test_policies_of_equal_settings_are_equal(self) -> None:
        [again] = parse(FILE).instances
        [other] = parse(FILE.replace("192.0.2.2", "192.0.2.3")).instances
        self.assertEqual(ssm_policy(self.config, IPV4), ssm_policy(again, IPV4))
        self.assertNotEqual(ssm_policy(self.config, IPV4), ssm_policy(other, IPV4))
        self.assertEqual(ssm_policy(self.config, IPV6), ssm_policy(other, IPV6))

    def test_static_group_is_of_any_source_or_of_the_named_ones(self) -> None:
        """DB-05."""
        channels = (
            "239.1.1.1",
            "232.1.1.1 | 192.0.2.1",
            "232.1.1.1 | 192.0.2.2",
            "ff15::7",
        )
        named = SourceFilter(INCLUDE, frozenset([packed("192.0.2.1"), packed("192.0.2.2")]))
        self.assertEqual(
            static_groups(channels, IPV4),
            {packed("239.1.1.1"): ANY_SOURCE, packed("232.1.1.1"): named},
        )
        self.assertEqual(static_groups(channels, IPV6), {packed("ff15::7"): ANY_SOURCE})
        self.assertEqual(
            static_groups(("232.1.1.1 | 192.0.2.1", "232.1.1.1"), IPV4),
            {packed("232.1.1.1"): ANY_SOURCE},
        )
