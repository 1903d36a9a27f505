"""Static groups, boundaries, SSM maps and TTL thresholds."""

from __future__ import annotations

import json

from mcproxy.protocol.family import IPV4

from .messages import ALLOW, TO_EX, record, records
from .site import DOWN1, INSTANCE, RATE, IPv4TestCase, IPv6TestCase, Scenarios


class PolicyScenarios(Scenarios):
    def instance_with(self, **keys: object) -> str:
        """The configuration of the usual instance with further keys."""
        lines = (f"{name.replace('_', '-')} = {json.dumps(value)}" for name, value in keys.items())
        return "\n".join((INSTANCE, *lines))

    def test_static_group_of_a_link_is_joined_and_forwarded_without_hosts(self) -> None:
        """DB-05: it is joined and forwarded although no host wants it; hosts may join it too."""
        upstream, link = self.server.capture(), self.other.capture(data=True)
        table = f"[instance.tv.interface.down2]\nstatic-group = {json.dumps(self.group)}"
        self.start(f"{INSTANCE}\n{table}")
        self.stream()
        self.await_reported(upstream, record(TO_EX, self.group))
        self.await_sources_on(link, [self.source])
        member = self.other.join(self.group)
        self.await_packets(member)
        member.leave()
        self.await_sent(300)
        self.await_sources_on(link, [self.source])
        self.assert_no_loss_on_link(link, self.source)

    def test_static_group_of_the_instance_is_joined_and_forwarded_where_wanted(self) -> None:
        """DB-05: the proxy receives it, and forwards it to links with members."""
        upstream, link = self.server.capture(), self.other.capture(data=True)
        self.start(self.instance_with(static_group=[f"{self.ssm} | {self.source}"]))
        self.await_reported(upstream, record(ALLOW, self.ssm, self.source))
        self.three_streams(self.ssm)
        self.assertEqual(self.sources_on(link), set())
        self.other.join(self.ssm, include=[self.source])
        self.await_sources_on(link, [self.source])
        self.await_sent(2 * RATE)
        self.assertEqual(len(records(upstream, self.ssm)), 2)  # with one repetition

    def test_groups_within_the_boundary_stay_among_downstreams(self) -> None:
        """ADR-06: they are forwarded between downstreams, but not upstream."""
        upstream, data = self.server.capture(), self.server.capture(data=True)
        self.start(self.instance_with(boundary=[self.group]))
        self.source = self.plan.at(DOWN1, 2)
        inside = self.other.join(self.group)
        outside = self.other.join(self.groups[1])
        for group in (self.group, self.groups[1]):
            self.stream(group, self.source, self.home)
        self.stream(self.group, self.sources[0])
        self.await_packets(inside, 100)
        self.await_packets(outside, 100)
        self.assert_no_new_loss(inside, self.source)
        self.assertEqual(inside.of(self.sources[0]).packets, 0)
        self.assertEqual(records(upstream, self.group), [])
        self.assertEqual(records(upstream, self.groups[1])[0], record(TO_EX, self.groups[1]))
        groups = {datum.group for datum in data.data() if datum.source == self.source}
        self.assertEqual(groups, {self.groups[1]})

    def test_ssm_map_provides_the_source_for_hosts_that_name_none(self) -> None:
        """SSM-01, SSM-04: they receive the group from the source in the map."""
        mapped = f"{self.ssm} | {self.source}"
        upstream, link = self.server.capture(), self.home.capture(data=True)
        settings = "\n[instance.tv.interface.down1]\nimmediate-leave = true"
        self.start(self.instance_with(ssm_map=[mapped]) + settings, last_member_query_interval=0.5)
        for node in (self.home, self.guest):
            if self.family is IPV4:
                node.sysctl("ipv4/conf/eth0/force_igmp_version", 2)
            else:
                node.sysctl("ipv6/conf/eth0/force_mld_version", 1)
        self.three_streams(self.ssm)
        first = self.home.join(self.ssm)
        self.await_packets(first, 100)
        self.assertEqual(records(upstream, self.ssm)[0], record(ALLOW, self.ssm, self.source))
        self.assertEqual(self.sources_on(link), {self.source})
        first.leave()
        self.await_sources_on(link, [])
        first, second = self.home.join(self.ssm), self.guest.join(self.ssm)
        self.await_packets(first, 100)
        self.await_packets(second, 100)
        first.leave()
        self.await_sent(600)
        self.assert_no_loss(second)


class IPv4PolicyTests(PolicyScenarios, IPv4TestCase):
    """With IGMP."""

    def test_data_below_the_ttl_threshold_is_not_forwarded(self) -> None:
        """FWD-08: until a reload lowers the threshold."""
        table = "[instance.tv.interface.down2]\nttl-threshold = 9"
        self.start(f"{INSTANCE}\n{table}")
        members = [node.join(self.group) for node in (self.home, self.other)]
        near, far = (
            self.server.stream(self.group, ttl=ttl, source=source)
            for ttl, source in ((9, self.sources[0]), (10, self.sources[1]))
        )
        self.streams += (near, far)
        self.await_packets(members[0], 100)
        self.await_packets(members[1], 100)
        self.assertEqual(members[1].of(near.source).packets, 0)
        for source in (near.source, far.source):
            self.assertGreater(members[0].of(source).packets, 0)


class IPv6PolicyTests(PolicyScenarios, IPv6TestCase):
    """With MLD."""
