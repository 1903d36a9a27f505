"""Hosts of all versions on one link, behind a snooping switch that sends no queries."""

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
    """One host of each version, and a second one of the current version."""

    immediate = False
    """Whether ``immediate-leave`` is set."""

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
        """Add a host to the link."""
        node = self.lab.node(name)
        self.lab.link(self.lan, name, node, "eth0", (), addresses(DOWN1, number))
        return node

    def force_version(self, node: Node, version: int) -> None:
        """Let the kernel of a host use only this version."""
        if self.family is IPV4:
            node.sysctl("ipv4/conf/eth0/force_igmp_version", version)
        else:
            node.sysctl("ipv6/conf/eth0/force_mld_version", version)

    def join(self, *hosts: Node) -> list[Member]:
        """Let hosts join, and wait until each has sent a report and receives the stream.

        They join one after another: a report may suppress the report of an older host.
        """
        members: list[Member] = []
        for host in hosts:
            members.append(host.join(self.group))
            wait_until(lambda: len(reporters(self.link, self.group, outgoing=True)) == len(members))
        for member in members:
            self.await_packets(member)
        return members

    def leave_one_by_one(self, leaving: list[Member], staying: list[Member]) -> None:
        """Let hosts leave: the others lose no packet, and no leave is sent upstream."""
        self.upstream.clear()
        while leaving:
            leaving.pop(0).leave()
            self.await_sent(int(2 * LAST_MEMBER_TIME * RATE))
            for member in leaving + staying:
                self.await_packets(member)
                self.assert_no_loss(member)
        self.assertEqual([r for r in records(self.upstream, self.group) if r.type is TO_IN], [])

    def assert_stream_stops_between(self, earliest: float, latest: float) -> None:
        """Check that the stream on the link stops between these times."""
        self.await_reported(self.upstream, record(TO_IN, self.group), timeout=15)
        time.sleep(0.1)
        last = max(datum.time for datum in self.link.data())
        self.assertLess(last, latest)
        self.assertGreater(last, earliest)
        self.await_sources_on(self.link, [])

    def test_leave_of_newer_hosts_keeps_the_stream_for_the_older_host(self) -> None:
        """GC-01..03: the older host uses the previous version."""
        older = self.family.current_version - 1
        self.stream()
        old, *new = self.join(self.hosts[older], self.hosts[older + 1], self.second)
        self.leave_one_by_one(new, [old])
        old.leave()
        self.assert_stream_stops_between(old.joined, old.joined + LAST_MEMBER_TIME + SLACK)

    def test_leave_of_the_older_host_keeps_the_stream_for_newer_hosts(self) -> None:
        """GC-01, OLD-02, OLD-03: its leave causes a query, which the others answer."""
        older = self.family.current_version - 1
        self.stream()
        old, first, last = self.join(self.hosts[older], self.hosts[older + 1], self.second)
        self.leave_one_by_one([old, first], [last])
        last.leave()
        self.assert_stream_stops_between(last.joined, last.joined + LAST_MEMBER_TIME + SLACK)


class VersionScenarios(MixedHostScenarios):
    def test_hosts_of_all_versions_lead_to_one_report_upstream(self) -> None:
        """Each host uses its version; upstream gets one report."""
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
        """GC-02: leaves are ignored while an IGMPv1 host may be present."""
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
