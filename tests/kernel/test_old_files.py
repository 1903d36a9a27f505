"""Configuration files of mcproxy 1.1 and igmpproxy work unchanged."""

from __future__ import annotations

from mcproxy.lab.daemon import Daemon

from .messages import TO_EX, record, records
from .site import IPv4TestCase, IPv6TestCase, Scenarios

MCPROXY_1_1 = """
protocol IGMPv3; protocol MLDv2;
pinstance tv: up ==> down1 down2;
table others {{ (table {{ ({0} | {source}) }}) }};
pinstance tv upstream * in whitelist table mine {{ ({0} - {1} | *) ({ssm}|*) }};
pinstance tv upstream up in blacklist table others;
pinstance tv downstream down2 out blacklist table {{ up({1} | *) }};
pinstance tv downstream down1 in whitelist table {{}};
"""

IGMPPROXY = """
quickleave
phyint up upstream ratelimit 0 threshold 1 altnet 10.0.0.0/8 whitelist 239.1.0.1
phyint down1 downstream ratelimit 0 threshold 1
phyint down2 downstream whitelist 239.1.0.2/32
phyint eth9 disabled
"""


class Mcproxy11Scenarios(Scenarios):
    def setUp(self) -> None:
        super().setUp()
        text = MCPROXY_1_1.format(*self.groups, source=self.sources[1], ssm=self.ssm)
        self.use_daemon(Daemon(self.proxy, text)).wait_ready()

    def test_mcproxy_1_1_filter_of_an_upstream_interface_replaces_the_wildcard_filter(self) -> None:
        """The filter with the interface's name applies, not the one with ``*``."""
        self.three_streams(self.group)
        upstream = self.server.capture("eth0")
        member = self.home.join(self.group)
        self.await_packets(member, 100)
        self.assertEqual(member.of(self.sources[1]).packets, 0)
        self.assert_no_new_loss(member, self.sources[0], self.sources[2])
        self.await_reported(upstream, record(TO_EX, self.group, self.sources[1]))

    def test_mcproxy_1_1_downstream_out_filter_stops_data_and_memberships(self) -> None:
        """No data is sent to the link, and its memberships are not reported upstream."""
        group = self.groups[1]
        self.stream(group)
        upstream = self.server.capture("eth0")
        refused = self.other.join(group)
        self.await_sent(200)
        self.assertEqual(records(upstream, group), [])
        member = self.home.join(group)
        self.await_packets(member, 100)
        self.await_reported(upstream, record(TO_EX, group))
        self.assertEqual(refused.total(), 0)

    def test_mcproxy_1_1_empty_table_for_senders_refuses_all_senders(self) -> None:
        member = self.other.join(self.group)
        source = self.plan.at(2, 2)
        self.stream(self.group)
        self.stream(self.group, source, self.home)
        self.await_packets(member, 100)
        self.await_sent(100)
        self.assertEqual(member.of(source).packets, 0)


class IPv4Mcproxy11Tests(Mcproxy11Scenarios, IPv4TestCase):
    pass


class IPv6Mcproxy11Tests(Mcproxy11Scenarios, IPv6TestCase):
    pass


class IgmpproxyTests(IPv4TestCase):
    def test_igmpproxy_file_filters_groups_tracks_hosts_and_leaves_ipv6_alone(self) -> None:
        """Groups that the file does not allow are not joined; IPv6 has no vifs."""
        self.use_daemon(Daemon(self.proxy, IGMPPROXY)).wait_ready()
        self.await_log("altnet: mcproxy accepts all sources from up")
        self.assertEqual(self.vifs(), ["down1", "down2", "up"])
        self.assertEqual(self.proxy.run("cat", "/proc/net/ip6_mr_vif").count("\n"), 1)
        upstream = self.server.capture("eth0")
        self.stream(self.groups[0])
        self.stream(self.groups[1])
        wanted = self.home.join(self.groups[0])
        unwanted = [self.home.join(self.groups[1]), self.other.join(self.groups[0])]
        self.await_packets(wanted, 100)
        self.assertEqual([member.total() for member in unwanted], [0, 0])
        self.assertEqual(records(upstream, self.groups[1]), [])
