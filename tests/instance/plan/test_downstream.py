"""The settings of downstreams, as they follow from the configuration."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import InterfaceSettings
from mcproxy.config.native.toml import parse
from mcproxy.instance.plan.downstream import DownstreamPlan, DownstreamPlans, plan_downstreams
from mcproxy.protocol.family import IPV4, IPV6, packed

FILE = """
[instance.tv]
upstream = "up"
downstream = ["d1", "d2", "lan*"]

[instance.tv.interface.d1]
static-group = ["239.1.1.1", "ff15::7"]
allowed-queriers = ["192.0.2.9", "fe80::9"]
check-subnet = true
query-address = "192.0.2.7"
explicit-tracking = true
max-group-sources = 5
max-report-rate = 100
ttl-threshold = 9

[instance.tv.interface."lan1*"]
query-interval = 20

[instance.tv.interface."lan*"]
query-interval = 30

[instance.radio]
upstream = "up"
downstream = ["lan2"]
"""


def planned(text: str = FILE) -> DownstreamPlans:
    return plan_downstreams(parse(text).instances[0], IPV4, 3)


VERSIONS = """
[instance.tv]
upstream = "up"
downstream = ["d1", "d2"]

[instance.tv.interface.d1]
igmp-version = 2
mld-version = 1
"""


class DownstreamPlanTests(SynchronousTestCase):
    def settings(self, name: str) -> DownstreamPlan:
        found = planned().settings(name)
        assert found is not None
        return found

    def test_version_of_an_interface_replaces_that_of_the_instance(self) -> None:
        config = parse(VERSIONS).instances[0]
        for family, current, own in ((IPV4, 3, 2), (IPV6, 2, 1)):
            plans = plan_downstreams(config, family, current)
            found = [plans.settings(name) for name in ("d1", "d2")]
            self.assertEqual([one and one.querier.version for one in found], [own, current])

    def test_querier_has_each_setting_of_its_interface(self) -> None:
        made = self.settings("d1")
        querier = made.querier
        self.assertEqual(querier.allowed_queriers, {packed("192.0.2.9"), packed("fe80::9")})
        self.assertEqual((querier.explicit_tracking, querier.max_group_sources), (True, 5))
        self.assertEqual((querier.max_report_rate, querier.version), (100, 3))
        self.assertEqual(list(querier.static), [packed("239.1.1.1")])
        self.assertEqual((made.check_subnet, made.ttl_threshold), (True, 9))
        self.assertEqual(made.query_address, packed("192.0.2.7"))
        ipv6 = plan_downstreams(parse(FILE).instances[0], IPV6, 2).settings("d1")
        assert ipv6 is not None
        self.assertIsNone(ipv6.query_address)
        changed = {field.name for field in attrs.fields(InterfaceSettings)}
        told_otherwise = {"query_max_response_time", "robustness_variable", "static_group"}
        outside = {
            "check_subnet",
            "ttl_threshold",
            "require_router_alert",
            "query_address",
            "igmp_version",
            "mld_version",
            "minimum_igmp_version",
            "minimum_mld_version",
            "router_discovery",
            "router_discovery_interval",
        }
        self.assertEqual(
            [n for n in changed - told_otherwise - outside if not hasattr(querier, n)], []
        )

    def test_oldest_version_of_hosts_is_that_of_the_family(self) -> None:
        """VM-06."""
        text = FILE.replace(
            "ttl-threshold = 9", "minimum-igmp-version = 3\nminimum-mld-version = 2"
        )
        for family, version in ((IPV4, 3), (IPV6, 2)):
            made = plan_downstreams(parse(text).instances[0], family, version).settings("d1")
            assert made is not None
            self.assertEqual(made.querier.oldest_host_version, version)

    def test_name_comes_before_patterns_and_the_first_pattern_counts(self) -> None:
        intervals = [self.settings(n).querier.query_interval for n in ("d2", "lan12", "lan7")]
        self.assertEqual(intervals, [125, 20, 30])

    def test_interface_of_nobody_of_another_instance_or_upstream_is_no_downstream(self) -> None:
        downstreams = planned(
            FILE.replace('"up"\ndownstream = ["d1"', '"lan9"\ndownstream = ["d1"')
        )
        for name in ("eth7", "lan2", "lan9", "lo"):
            self.assertIsNone(downstreams.settings(name), name)

    def test_peer_never_elects_another_querier(self) -> None:
        """RFC 7287: an upstream that is a downstream too."""
        alone = FILE[: FILE.index("[instance.radio]")]
        downstreams = planned(alone.replace('["d1", "d2"', '["up", "d1", "d2"'))
        found = [downstreams.settings(name) for name in ("up", "d2")]
        self.assertEqual([one and one.querier.elects for one in found], [False, True])

    def test_plans_of_equal_text_are_equal(self) -> None:
        self.assertEqual(planned(), planned())
        self.assertNotEqual(planned(), planned(FILE.replace("= 20", "= 21")))

    def test_interface_that_no_pattern_matches_makes_no_other_plan_elsewhere(self) -> None:
        self.assertEqual(planned(), planned(FILE.replace('["lan2"]', '["lan2", "eth7"]')))
        self.assertNotEqual(planned(), planned(FILE.replace('["lan2"]', '["lan2", "lan3"]')))

    def test_group_of_the_other_family_is_left_to_it(self) -> None:
        made = plan_downstreams(parse(FILE).instances[0], IPV6, 2).settings("d1")
        assert made is not None
        self.assertEqual(list(made.querier.static), [packed("ff15::7")])
