"""A configuration compiled into a plan, and what contradicts itself in it."""

from __future__ import annotations

from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.edit import add_instance
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.model import Configuration
from mcproxy.config.native.toml import parse
from mcproxy.instance.plan.conflicts import _USUAL_SSM
from mcproxy.instance.plan.plan import Plan, TablePlan, compile_plan
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6

TEXT = """
[instance.a]
upstream = "eth0"
downstream = ["eth1"]
{a}
[instance.b]
upstream = ["eth0", "eth9"]
downstream = ["eth2"]
{b}
"""
HINT = "give both the same value or another upstream"


def text(a: str = "", b: str = "") -> str:
    return TEXT.format(a=a, b=b)


def planned(a: str = "", b: str = "") -> Plan:
    return compile_plan(parse(text(a, b)))


class PlanTests(SynchronousTestCase):
    def test_plan_names_each_table_and_upstream_once(self) -> None:
        plan = planned("mld-version = 0", "table = 0")
        self.assertEqual(plan.tables, (TablePlan(IPV4, 0), TablePlan(IPV6, 0)))
        self.assertEqual(
            [str(one) for one in plan.upstreams],
            ["upstream eth0 (ipv4)", "upstream eth9 (ipv4)", "upstream eth0 (ipv6)",
             "upstream eth9 (ipv6)"],
        )  # fmt: skip
        self.assertEqual([one.name for one in plan.instances], ["a/ipv4", "b/ipv4", "b/ipv6"])
        self.assertEqual([one.version for one in plan.instances], [3, 3, 2])

    def test_instances_that_share_an_upstream_forward_alike_in_that_family(self) -> None:
        per_source = [one.forwarding.per_source for one in planned(b="mld-version = 0").instances]
        self.assertEqual(per_source, [True, False, True])

    def test_plans_of_equal_text_are_equal(self) -> None:
        lines = (
            "",
            'ssm-range = ["239.0.0.0/8", "ff3e::/32"]',
            'ssm-map = ["232.1.0.0/16 | 192.0.2.1"]',
            'static-group = ["239.1.1.1", "232.1.1.1 | 192.0.2.1"]',
            'boundary = ["239.255.0.0/16"]',
            "ssm-fallback = true",
            "report-interval = 60",
            'report-interval = "never"',
            "interface.eth0.require-router-alert = true",
            "interface.eth0.igmp-version = 2",
            "interface.eth0.mld-version = 1",
        )
        for line in lines:
            self.assertEqual(planned(line, line), planned(line, line), line)
        plans = [planned(line, line) for line in lines]
        for number, plan in enumerate(plans):
            self.assertFalse(any(plan == other for other in plans[:number]), lines[number])

    def test_version_of_an_upstream_counts_before_that_of_the_instance(self) -> None:
        own = "igmp-version = 2\ninterface.eth0.igmp-version = 3\ninterface.eth0.mld-version = 1"
        found = {str(one): one.version for one in planned(own, own).upstreams}
        self.assertEqual(
            found,
            {
                "upstream eth0 (ipv4)": 3,
                "upstream eth0 (ipv6)": 1,
                "upstream eth9 (ipv4)": 2,
                "upstream eth9 (ipv6)": 2,
            },
        )

    def test_version_of_an_upstream_does_not_enable_a_family(self) -> None:
        own = "mld-version = 0\ninterface.eth0.mld-version = 1"
        self.assertEqual({one.family for one in planned(own, own).upstreams}, {IPV4})

    def test_version_in_the_defaults_is_for_downstreams_only(self) -> None:
        plan = planned(b="[defaults]\nigmp-version = 2")
        self.assertEqual([one.version for one in plan.upstreams if one.family is IPV4], [3, 3])
        settings = plan.instances[0].downstreams.settings("eth1")
        assert settings is not None
        self.assertEqual(settings.querier.version, 2)

    def test_services_are_part_of_the_plan(self) -> None:
        plain = planned()
        self.assertEqual(plain, planned(b="[control]"))
        self.assertNotEqual(plain, planned(b='[control]\nmode = "0660"'))

    def test_plan_without_a_family_has_nothing_of_it(self) -> None:
        plan = planned()
        self.assertEqual(plan.without([IPV6]), planned("mld-version = 0", "mld-version = 0"))
        self.assertIs(plan.without([]), plan)


class ConflictTests(SynchronousTestCase):
    """Settings of a whole upstream, which instances that share it must agree on."""

    def refused(self, a: str = "", b: str = "") -> str:
        return str(self.assertRaises(ConfigurationError, planned, a, b))

    def test_other_igmp_version_on_a_shared_upstream_is_a_mistake(self) -> None:
        self.assertEqual(
            self.refused("igmp-version = 3", "igmp-version = 2"),
            "<text>: instance.b.igmp-version (line 9): instance b speaks IGMPv2 on upstream eth0, "
            "but instance a speaks IGMPv3 there (instance.a.igmp-version, line 5); " + HINT,
        )

    def test_other_version_of_the_shared_upstream_itself_is_a_mistake(self) -> None:
        own = "interface.eth0.igmp-version = {}"
        self.assertEqual(
            self.refused(own.format(1), own.format(2)),
            "<text>: instance.b.interface.eth0.igmp-version (line 9): instance b speaks IGMPv2 on "
            "upstream eth0, but instance a speaks IGMPv1 there "
            "(instance.a.interface.eth0.igmp-version, line 5); " + HINT,
        )
        self.assertEqual(
            self.refused(b="interface.eth0.mld-version = 1"),
            "<text>: instance.b.interface.eth0.mld-version (line 9): instance b speaks MLDv1 on "
            "upstream eth0, but instance a speaks MLDv2 there (instance.a.mld-version, line 2); "
            + HINT,
        )

    def test_default_version_is_named_with_the_line_of_its_instance(self) -> None:
        self.assertEqual(
            self.refused(a="mld-version = 1"),
            "<text>: instance.b.mld-version (line 6): instance b speaks MLDv2 on upstream eth0, "
            "but instance a speaks MLDv1 there (instance.a.mld-version, line 5); " + HINT,
        )
        self.assertIn("(instance.a.mld-version, line 2)", self.refused(b="mld-version = 1"))

    def test_other_version_fallback_on_a_shared_upstream_is_a_mistake(self) -> None:
        self.assertEqual(
            self.refused(b="version-fallback = false"),
            "<text>: instance.b.version-fallback (line 9): instance b ignores older queriers on "
            "upstream eth0, but instance a follows older queriers there "
            "(instance.a.version-fallback, line 2); " + HINT,
        )

    def test_other_ssm_range_on_a_shared_upstream_is_a_mistake(self) -> None:
        self.assertEqual(
            self.refused(b='ssm-range = ["239.0.0.0/8"]').splitlines()[0],
            "<text>: instance.b.ssm-range (line 9): instance b has ssm-range 239.0.0.0/8 on "
            "upstream eth0, but instance a has the default ssm-range there "
            "(instance.a.ssm-range, line 2); " + HINT,
        )

    def test_other_ssm_fallback_and_report_interval_on_a_shared_upstream_are_mistakes(self) -> None:
        lines = self.refused("ssm-fallback = true", "report-interval = 60").splitlines()
        self.assertEqual(
            [line.partition(": ")[2].partition("(instance.a")[0] for line in lines],
            [
                "instance.b.ssm-fallback (line 6): instance b leaves out source-specific groups "
                "under older queriers on upstream eth0, but instance a reports source-specific "
                "groups under older queriers there ",
                "instance.b.report-interval (line 9): instance b has report-interval 60 on "
                'upstream eth0, but instance a has report-interval "auto" there ',
            ],
        )

    def test_each_setting_is_a_mistake_of_its_own(self) -> None:
        lines = self.refused(b="igmp-version = 2\nmld-version = 1").splitlines()
        self.assertEqual([line.split(" ")[1] for line in lines], [
            "instance.b.igmp-version", "instance.b.mld-version",
        ])  # fmt: skip

    def accepted(self, a: str = "", b: str = "") -> None:
        names = {one.instance for one in planned(a, b).instances}
        self.assertEqual(names, {"a", "b"})

    def test_equal_versions_of_an_upstream_from_different_keys_are_no_mistake(self) -> None:
        self.accepted("igmp-version = 2", "interface.eth0.igmp-version = 2")
        self.accepted("interface.eth0.mld-version = 2", "interface.eth9.mld-version = 1")

    def test_equal_ssm_ranges_in_other_words_are_no_mistake(self) -> None:
        only = "mld-version = 0\n"
        usual = 'ssm-range = ["232.128.0.0/9", "232.0.0.0/9", "ff3e::/32"]'
        self.accepted(only + usual, only)
        whole, halves = "239.0.0.0/8", '239.128.0.0/9", "239.0.0.0/9'
        self.accepted(*(f'{only}ssm-range = ["{one}"]' for one in (whole, halves)))

    def test_ssm_range_is_no_mistake_where_no_older_version_is_spoken(self) -> None:
        never = "version-fallback = false"
        self.accepted(never, f'{never}\nssm-range = ["239.0.0.0/8"]')

    def test_fallback_is_no_mistake_where_an_older_version_is_configured(self) -> None:
        old = "igmp-version = 2\nmld-version = 1"
        self.accepted(old, f"{old}\nversion-fallback = false")

    def test_family_that_one_instance_leaves_alone_is_no_mistake(self) -> None:
        self.accepted("igmp-version = 0", "igmp-version = 2")
        self.accepted("igmp-version = 3\nmld-version = 0", "igmp-version = 0\nmld-version = 1")

    def test_mistake_in_a_changed_configuration_names_no_lines(self) -> None:
        before = parse(text())
        table = {"upstream": ["eth0"], "downstream": ["eth3"], "igmp-version": 2}
        after = add_instance(before, "c", table)
        self.assertEqual(
            str(self.assertRaises(ConfigurationError, compile_plan, after)),
            "instance.c.igmp-version: instance c speaks IGMPv2 on upstream eth0, but instance a "
            "speaks IGMPv3 there (instance.a.igmp-version); " + HINT,
        )

    def test_usual_ssm_ranges_are_those_of_the_family(self) -> None:
        for family in FAMILIES:
            for usual in _USUAL_SSM[family]:
                inside = ip_network(usual)
                for group in (inside.network_address, inside.broadcast_address):
                    self.assertTrue(family.is_ssm(group.packed))
                for beyond in (inside.network_address - 1, inside.broadcast_address + 1):
                    among = any(beyond in other for other in _USUAL_SSM[family])
                    self.assertEqual(family.is_ssm(beyond.packed), among)

    def test_empty_configuration_has_an_empty_plan(self) -> None:
        plan = compile_plan(Configuration(()))
        self.assertEqual((plan.tables, plan.upstreams, plan.instances), ((), (), ()))
