"""Kernel hosts of every version at once, behind a snooping switch that asks nothing itself."""

from __future__ import annotations

import time

from pyroute2 import IPRoute

from mcproxy.lab.host import Member
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire.packets import OldReport

from .messages import TO_EX, TO_IN, messages_on, record, records, reporters, timed_records
from .site import (
    DOWN1,
    LAST_MEMBER_TIME,
    RATE,
    SLACK,
    IPv4TestCase,
    IPv6TestCase,
    Scenarios,
    addresses,
)

QUERY_INTERVAL = 3.0
MEMBERSHIP_INTERVAL = 2 * QUERY_INTERVAL + 0.3


class MixedHostScenarios(Scenarios):
    """A host of each version, and one more of the current."""

    immediate = False
    """Whether hosts are tracked, and streams cut at once where that is safe."""

    def setUp(self) -> None:
        super().setUp()
        with self.lan.namespace, IPRoute() as ip:
            ip.link("set", index=self.lan.index("br0"), kind="bridge", br_mcast_snooping=1)
        newest = [self.add_host("third", 4)] if self.family is IPV4 else []
        hosts = [self.home, self.guest, *newest]
        self.hosts = dict(enumerate(hosts, 1))
        for version, host in self.hosts.items():
            self.force_version(host, version)
        self.second = self.add_host("fourth", 5)
        self.link = self.lan.capture("proxy", data=True)
        self.upstream = self.server.capture()
        self.start(query_interval=QUERY_INTERVAL, immediate_leave=self.immediate)

    def add_host(self, name: str, number: int) -> Node:
        """One host more on the link."""
        node = self.lab.node(name)
        self.lab.link(self.lan, name, node, "eth0", (), addresses(DOWN1, number))
        return node

    def force_version(self, node: Node, version: int) -> None:
        """Hold the kernel of a host to a version."""
        if self.family is IPV4:
            node.sysctl("ipv4/conf/eth0/force_igmp_version", version)
        else:
            node.sysctl("ipv6/conf/eth0/force_mld_version", version)

    def join(self, *hosts: Node) -> list[Member]:
        """Let hosts join, and wait until each of them has reported it and has the stream.

        One after another: a report may suppress that of a host of an older version.
        """
        members: list[Member] = []
        for host in hosts:
            members.append(host.join(self.group))
            wait_until(lambda: len(reporters(self.link, self.group, outgoing=True)) == len(members))
        for member in members:
            self.await_packets(member)
        return members

    def leave_one_by_one(self, leaving: list[Member], staying: list[Member]) -> None:
        """What anybody else still wants goes on, and nothing is told upstream."""
        self.upstream.clear()
        while leaving:
            leaving.pop(0).leave()
            self.await_sent(int(2 * LAST_MEMBER_TIME * RATE))
            for member in leaving + staying:
                self.await_packets(member)
                self.assert_no_loss(member)
        self.assertEqual([r for r in records(self.upstream, self.group) if r.type is TO_IN], [])

    def assert_stream_stops_between(self, earliest: float, latest: float) -> None:
        """The link gets the stream until some time between these, and none of it after."""
        self.await_reported(self.upstream, record(TO_IN, self.group), timeout=15)
        time.sleep(0.1)
        last = max(datum.time for datum in self.link.data())
        self.assertLess(last, latest)
        self.assertGreater(last, earliest)
        self.await_sources_on(self.link, [])

    def test_leave_of_newer_hosts_keeps_the_stream_for_the_older_host(self) -> None:
        """GC-01..03, T-150: what they say does not cut off a host of the version before."""
        older = self.family.current_version - 1
        self.stream()
        old, *new = self.join(self.hosts[older], self.hosts[older + 1], self.second)
        self.leave_one_by_one(new, [old])
        old.leave()
        self.assert_stream_stops_between(old.joined, old.joined + LAST_MEMBER_TIME + SLACK)

    def test_leave_of_the_older_host_keeps_the_stream_for_newer_hosts(self) -> None:
        """GC-01, OLD-02, OLD-03: its leave asks the others, which answer."""
        older = self.family.current_version - 1
        self.stream()
        old, first, last = self.join(self.hosts[older], self.hosts[older + 1], self.second)
        self.leave_one_by_one([old, first], [last])
        last.leave()
        self.assert_stream_stops_between(last.joined, last.joined + LAST_MEMBER_TIME + SLACK)


class VersionScenarios(MixedHostScenarios):
    def test_hosts_of_all_versions_lead_to_one_report_upstream(self) -> None:
        """T-150: the hosts speak what they are to, and upstream there is one report."""
        self.stream()
        self.join(*self.hosts.values(), self.second)
        self.assertEqual(set(records(self.upstream, self.group)), {record(TO_EX, self.group)})
        older = {
            one.packet.version
            for one in messages_on(self.link, outgoing=True)
            if isinstance(one.packet, OldReport) and one.packet.group == packed(self.group)
        }
        self.assertEqual(older, set(self.hosts) - {self.family.current_version})


class IPv4MixedHostTests(VersionScenarios, IPv4TestCase):
    def test_membership_of_an_igmpv1_host_ends_only_by_timeout(self) -> None:
        """GC-02, T-064: nobody's leave counts while it may be there."""
        self.stream()
        oldest, *newer = self.join(*self.hosts.values(), self.second)
        self.leave_one_by_one(newer, [oldest])
        oldest.leave()
        self.await_reported(self.upstream, record(TO_IN, self.group), timeout=15)
        reports = timed_records(self.link, self.group, outgoing=True)
        end = max(when for when, one in reports if one.type is not TO_IN) + MEMBERSHIP_INTERVAL
        self.assert_stream_stops_between(end - SLACK, end + SLACK)


class IPv6MixedHostTests(VersionScenarios, IPv6TestCase):
    pass


class IPv4ImmediateLeaveTests(MixedHostScenarios, IPv4TestCase):
    immediate = True


class IPv6ImmediateLeaveTests(MixedHostScenarios, IPv6TestCase):
    immediate = True
