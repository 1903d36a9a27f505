"""Settings: several instances, own kernel tables, immediate leave, limits."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until
from mcproxy.linux.mroute.dump import InstalledRoute, dump_routes
from mcproxy.linux.policy_rules import list_rules

from .messages import TO_EX, TO_IN, record, records
from .site import SLACK, UP2, IPv4TestCase, IPv6TestCase, Scenarios, addresses

ONE_UPSTREAM_EACH = """
[instance.one]
upstream = "up"
downstream = "down1"
[instance.two]
upstream = "up2"
downstream = "down2"
"""
SHARED_UPSTREAM = ONE_UPSTREAM_EACH.replace("up2", "up")


class InstanceScenarios(Scenarios):
    """A second provider has its own server with another address."""

    def setUp(self) -> None:
        super().setUp()
        self.second = self.lab.node("second")
        near, far = addresses(UP2, 2), addresses(UP2, 1)
        self.lab.link(self.second, "eth0", self.proxy, "up2", near, far)
        self.providers = [self.server.capture(), self.second.capture()]

    def start_both_streams(self) -> None:
        """Start a stream to the same group from each provider."""
        self.stream()
        self.stream(node=self.second, source=self.plan.at(UP2, 2))

    def check_instances_are_independent(self) -> None:
        """Check that joins, leaves and data of the two instances are independent."""
        self.start_both_streams()
        links = [self.home.capture(data=True), self.other.capture(data=True)]
        one = self.home.join(self.group)
        self.await_packets(one)
        self.assertEqual(records(self.providers[1], self.group), [])
        two = self.other.join(self.group)
        self.await_sources_on(links[0], [self.source])
        self.await_sources_on(links[1], [self.plan.at(UP2, 2)])
        for provider in self.providers:
            self.await_reported(provider, record(TO_EX, self.group))
        one.leave()
        self.await_reported(self.providers[0], record(TO_IN, self.group))
        self.await_sources_on(links[0], [])
        self.assert_no_loss(two, self.plan.at(UP2, 2))
        self.assertNotIn(record(TO_IN, self.group), records(self.providers[1], self.group))

    def test_instances_with_an_upstream_each_forward_independently(self) -> None:
        self.start(ONE_UPSTREAM_EACH)
        self.check_instances_are_independent()

    def test_instance_on_its_own_table_forwards(self) -> None:
        self.start(ONE_UPSTREAM_EACH + "table = 77\n")
        self.check_instances_are_independent()
        [_, entry] = self.routes_in(77)
        self.assertEqual(entry.parent, self.proxy.index("up2"))
        self.daemon.terminate()
        self.assertEqual((self.routes(), self.routes_in(77)), ([], []))
        self.assertEqual(self.rules(), [])

    def test_instance_on_its_own_table_starts_again_after_a_kill(self) -> None:
        for _ in range(2):
            self.start(ONE_UPSTREAM_EACH + "table = 77\n")
            wait_until(lambda: self.rules() == ["down2", "up2"], message="rules")
            self.daemon.kill()
        self.start(ONE_UPSTREAM_EACH + "table = 77\n")
        self.check_instances_are_independent()
        self.assertEqual(self.rules(), ["down2", "up2"])

    def routes_in(self, table: int) -> list[InstalledRoute]:
        """The entries of a kernel table, (*,*) first."""
        return sorted(self.proxy.namespace.call(dump_routes, self.family, table))

    def rules(self) -> list[str]:
        """The interfaces with a policy rule to table 77."""
        rules = self.proxy.namespace.call(list_rules, self.family)
        return sorted(rule.interface for rule in rules if rule.table == 77)

    def test_instances_share_an_upstream(self) -> None:
        self.start(SHARED_UPSTREAM)
        self.stream()
        one, two = self.home.join(self.group), self.other.join(self.group)
        self.await_packets(one)
        self.await_packets(two)
        link = self.home.capture(data=True)
        one.leave()
        self.await_sources_on(link, [])
        self.assert_no_loss(two)
        self.assertNotIn(record(TO_IN, self.group), records(self.providers[0], self.group))
        two.leave()
        self.await_reported(self.providers[0], record(TO_IN, self.group))


class SettingScenarios(Scenarios):
    def test_immediate_leave_stops_the_stream_of_the_last_host_at_once(self) -> None:
        """SQ-13."""
        self.start(immediate_leave=True, last_member_query_interval=2)
        self.stream()
        upstream, link = self.server.capture(), self.home.capture(data=True)
        first, second = self.home.join(self.group), self.guest.join(self.group)
        self.await_packets(first)
        self.await_packets(second)
        first.leave()
        self.await_sent(100)
        self.assert_no_loss(second)
        self.assertEqual(self.sources_on(link), {self.source})  # the bridge delivers to both
        self.assertNotIn(record(TO_IN, self.group), records(upstream, self.group))
        second.leave()
        left = self.await_reported(upstream, record(TO_IN, self.group))
        self.assertLess(left - second.joined, SLACK)
        self.await_sources_on(link, [], timeout=1)

    def test_immediate_leave_stops_a_source_at_once(self) -> None:
        """SQ-13."""
        self.start(immediate_leave=True, last_member_query_interval=2)
        self.three_streams(self.ssm)
        a, b, c = self.sources
        link = self.home.capture(data=True)
        first = self.home.join(self.ssm, include=[a, b])
        second = self.guest.join(self.ssm, include=[b, c])
        self.await_sources_on(link, [a, b, c])
        first.leave()
        self.await_sources_on(link, [b, c], timeout=1)
        self.assert_no_loss(second, b, c)

    def test_zapping_host_loses_no_packet_of_other_hosts(self) -> None:
        self.start(immediate_leave=True)
        upstream, link = self.server.capture(), self.home.capture(data=True)
        for channel in self.groups:
            self.stream(channel)
        for round_ in range(3):
            for channel in self.groups:
                member = self.home.join(channel)
                self.await_packets(member, 1)
                if channel != self.groups[-1] or round_ < 2:
                    member.leave()
        self.await_sent()
        link.clear()
        self.await_packets(member)
        self.assertEqual({datum.group for datum in link.data()}, {self.groups[-1]})
        self.assertEqual(
            [records(upstream, c)[-1].type for c in self.groups], [TO_IN] * 8 + [TO_EX]
        )
        self.assertEqual(len(self.routes()), 2)

    def test_robustness_of_1_is_warned_of_at_the_start(self) -> None:
        """TM-05."""
        self.start(robustness_variable=1)
        self.await_log("defaults.robustness-variable (line ", "a single lost packet can end")

    def test_join_beyond_max_groups_is_refused(self) -> None:
        """V-14."""
        self.start(max_groups=2)
        upstream = self.server.capture()
        members = [self.home.join(group) for group in self.groups[:2]]
        for group in self.groups[:4]:
            self.stream(group)
        for member in members:
            self.await_packets(member)
        refused = self.home.join(self.groups[2])
        self.await_packets(self.other.join(self.groups[3]))  # another link has room
        self.assertEqual((refused.total(), records(upstream, self.groups[2])), (0, []))
        members.pop().leave()
        self.await_reported(upstream, record(TO_IN, self.groups[1]))
        refused.leave()
        refused.exclude()
        self.await_packets(refused)
        self.assert_no_loss(members[0])


class IPv4InstanceTests(InstanceScenarios, IPv4TestCase):
    pass


class IPv6InstanceTests(InstanceScenarios, IPv6TestCase):
    pass


class IPv4SettingTests(SettingScenarios, IPv4TestCase):
    pass


class IPv6SettingTests(SettingScenarios, IPv6TestCase):
    pass
