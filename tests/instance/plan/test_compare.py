"""The steps from one plan to another."""

from __future__ import annotations

from collections.abc import Collection

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.native.toml import parse
from mcproxy.instance.plan.compare import compare
from mcproxy.instance.plan.plan import Plan, compile_plan
from mcproxy.protocol.family import IPV6

TV = """
[instance.tv]
upstream = "eth0"
downstream = ["eth1"]
mld-version = 0
"""
RADIO = """
[instance.radio]
upstream = "eth0"
downstream = ["eth2"]
mld-version = 0
"""


def planned(text: str) -> Plan:
    return compile_plan(parse(text))


def steps(before: str, after: str, links: Collection[str] = ()) -> list[str]:
    return [str(step) for step in compare(planned(before), planned(after), links)]


class StepTests(SynchronousTestCase):
    def changed(self, old: str, new: str, links: Collection[str] = ()) -> list[str]:
        """The steps when one line of ``tv`` changes."""
        return steps(TV, TV.replace(old, new), links)

    def test_equal_plans_have_no_steps(self) -> None:
        for text in (TV, TV + RADIO, TV + 'boundary = ["239.255.0.0/16"]\n'):
            self.assertEqual(steps(text, text, ["eth0", "eth1"]), [])

    def test_start_opens_tables_then_upstreams_then_instances(self) -> None:
        found = [str(step) for step in compare(Plan(), planned(TV.replace("mld", "#")))]
        self.assertEqual(
            found,
            [
                "open kernel table 0 (ipv4)",
                "open kernel table 0 (ipv6)",
                "service control: start",
                "upstream eth0 (ipv4): start",
                "upstream eth0 (ipv6): start",
                "tv/ipv4: start",
                "tv/ipv6: start",
            ],
        )

    def test_new_instance_on_a_known_upstream_starts_alone(self) -> None:
        self.assertEqual(steps(TV, TV + RADIO), ["radio/ipv4: start"])
        self.assertEqual(steps(TV + RADIO, TV), ["radio/ipv4: stop"])

    def test_instance_on_another_table_is_stopped_before_it_starts_there(self) -> None:
        self.assertEqual(
            steps(TV, TV + "table = 5\n"),
            [
                "open kernel table 5 (ipv4)",
                "tv/ipv4: stop",
                "upstream eth0 (ipv4, table 5): start",
                "tv/ipv4: start",
                "upstream eth0 (ipv4): stop",
                "close kernel table 0 (ipv4)",
            ],
        )

    def test_instance_of_another_version_starts_anew_on_the_same_upstream_host(self) -> None:
        self.assertEqual(
            steps(TV, TV + "igmp-version = 2\n"),
            [
                "tv/ipv4: stop",
                "upstream eth0 (ipv4): use new settings",
                "tv/ipv4: start",
            ],
        )

    def test_version_of_one_upstream_changes_its_host_alone(self) -> None:
        self.assertEqual(
            steps(TV, TV + "interface.eth0.igmp-version = 2\n"),
            ["upstream eth0 (ipv4): use new settings"],
        )

    def test_setting_of_a_whole_upstream_changes_its_host_alone(self) -> None:
        self.assertEqual(
            steps(TV, TV + "version-fallback = false\n"),
            ["upstream eth0 (ipv4): use new settings"],
        )

    def test_ssm_range_changes_the_upstream_and_each_downstream(self) -> None:
        self.assertEqual(
            steps(TV, TV + 'ssm-range = ["239.0.0.0/8"]\n'),
            [
                "upstream eth0 (ipv4): use new settings",
                "tv/ipv4: use new settings on downstream eth1",
            ],
        )

    def test_downstream_is_added_or_removed_by_name(self) -> None:
        self.assertEqual(
            self.changed('["eth1"]', '["eth1", "eth3"]'), ["tv/ipv4: add downstream eth3"]
        )
        self.assertEqual(
            self.changed('["eth1"]', '["eth3"]'),
            ["tv/ipv4: remove downstream eth1", "tv/ipv4: add downstream eth3"],
        )

    def test_pattern_has_a_step_for_itself_and_for_each_link(self) -> None:
        links = ["eth0", "eth1", "lan1", "lan2"]
        self.assertEqual(
            self.changed('["eth1"]', '["eth1", "lan*"]', links),
            [f"tv/ipv4: add downstream {name}" for name in ("lan*", "lan1", "lan2")],
        )
        self.assertEqual(
            self.changed('["eth1"]', '["eth1", "lan*"]'), ["tv/ipv4: add downstream lan*"]
        )

    def test_link_that_moves_is_removed_before_another_instance_adds_it(self) -> None:
        both = TV.replace('["eth1"]', '["lan*"]') + RADIO
        moved = both.replace('["eth2"]', '["eth2", "lan1"]')
        self.assertEqual(
            steps(both, moved, ["lan1", "lan2"]),
            ["tv/ipv4: remove downstream lan1", "radio/ipv4: add downstream lan1"],
        )

    def test_link_of_a_removed_instance_is_free_before_another_adds_it(self) -> None:
        self.assertEqual(
            steps(TV + RADIO, TV.replace('["eth1"]', '["eth1", "eth2"]')),
            ["radio/ipv4: stop", "tv/ipv4: add downstream eth2"],
        )

    def test_other_settings_name_their_downstream(self) -> None:
        table = "[instance.tv.interface.{}]\nquery-interval = 20\n"
        before = TV.replace('["eth1"]', '["eth1", "lan*"]')
        self.assertEqual(
            steps(before, before + table.format("eth1"), ["lan1"]),
            ["tv/ipv4: use new settings on downstream eth1"],
        )
        self.assertEqual(
            steps(before, before + table.format("'lan*'"), ["lan1"]),
            [f"tv/ipv4: use new settings on downstream {name}" for name in ("lan*", "lan1")],
        )

    def test_other_order_of_downstreams_is_one_step(self) -> None:
        before = TV.replace('["eth1"]', '["eth1", "eth3"]')
        after = TV.replace('["eth1"]', '["eth3", "eth1"]')
        self.assertEqual(steps(before, after), ["tv/ipv4: update the list of downstreams"])

    def test_second_upstream_changes_how_the_instance_forwards(self) -> None:
        second = TV.replace('"eth0"', '["eth0", "eth9"]')
        self.assertEqual(
            steps(TV, second),
            [
                "upstream eth9 (ipv4): start",
                "tv/ipv4: add upstream eth9, forward source by source",
            ],
        )
        self.assertEqual(
            steps(second, TV),
            [
                "tv/ipv4: remove upstream eth9, forward group by group",
                "upstream eth9 (ipv4): stop",
            ],
        )
        self.assertEqual(
            steps(second, TV.replace('"eth0"', '["eth9", "eth0"]')),
            ["tv/ipv4: prefer upstreams in the order eth9, eth0"],
        )

    def test_instance_that_shares_an_upstream_changes_its_forwarding_too(self) -> None:
        self.assertEqual(
            steps(TV + RADIO, TV + 'forwarding = "per-source"\n' + RADIO),
            ["tv/ipv4: forward source by source", "radio/ipv4: forward source by source"],
        )

    def test_filters_boundary_and_selection_are_named(self) -> None:
        per_source = TV + 'forwarding = "per-source"\n'
        filters = '[[instance.tv.filter]]\ninterface = "eth0"\nrole = "upstream"\n'
        for line, text in (
            ('boundary = ["239.255.0.0/16"]\n', "use a new boundary"),
            ('upstream-join = "mutex"\n', "use new settings for the selection of upstreams"),
            (filters + 'direction = "in"\ndeny = ["239.1.1.1"]\n', "use new filters"),
        ):
            self.assertEqual(steps(per_source, per_source + line), [f"tv/ipv4: {text}"])

    def test_static_groups_are_a_step_of_the_instance(self) -> None:
        self.assertEqual(
            steps(TV, TV + 'static-group = "239.1.1.1"\n'), ["tv/ipv4: join other static groups"]
        )
        self.assertEqual(steps(TV, TV + 'static-group = "ff15::1"\n'), [])

    def test_services_start_restart_and_stop(self) -> None:
        manhole = '[manhole]\nlisten = "/m"\nauthorized-keys = "/k"\n'
        self.assertEqual(steps(TV, TV + manhole), ["service manhole: start"])
        self.assertEqual(steps(TV + manhole, TV), ["service manhole: stop"])
        self.assertEqual(
            steps(TV, TV + '[control]\nmode = "0660"\n'),
            ["service control: restart with new settings"],
        )

    def test_family_that_the_kernel_lacks_has_no_steps(self) -> None:
        both = planned(TV.replace("mld-version = 0", ""))
        ours = both.without([IPV6])
        self.assertEqual(compare(ours, both.without([IPV6])), [])
