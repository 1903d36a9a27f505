"""Hosts and queriers of older versions; the kernel of a host is forced to one."""

from __future__ import annotations

from mcproxy.lab.capture import Capture
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire.packets import Leave, OldReport, Packet, Query, Report

from .messages import TO_EX, TO_IN, messages_on, record, records, send_message
from .site import LAST_MEMBER_TIME, SLACK, IPv4TestCase, IPv6TestCase, Scenarios


class OlderHostScenarios(Scenarios):
    """``home`` uses the previous version; ``guest``, on the same link, uses the current one."""

    def setUp(self) -> None:
        super().setUp()
        self.force_version(self.home, self.family.current_version - 1)

    def force_version(self, node: Node, version: int) -> None:
        """Let the kernel of a host use an older version."""
        if self.family is IPV4:
            node.sysctl("ipv4/conf/eth0/force_igmp_version", version)
        else:
            node.sysctl("ipv6/conf/eth0/force_mld_version", version)

    def test_join_and_leave_of_an_older_host_are_reported_in_the_current_version(self) -> None:
        """OLD-02..05."""
        self.start()
        upstream, link = self.server.capture(), self.home.capture(data=True)
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member)
        self.assertEqual(records(upstream, self.group)[0], record(TO_EX, self.group))
        member.leave()
        left = self.await_reported(upstream, record(TO_IN, self.group))
        self.assertLess(left - member.joined, LAST_MEMBER_TIME + SLACK)
        self.await_sources_on(link, [])
        self.assert_no_loss(member)

    def test_leave_of_a_newer_host_keeps_the_stream_for_an_older_host(self) -> None:
        """GC-01..03: leave and source filters of the newer host do not stop the stream."""
        self.start(last_member_query_interval=0.5)
        self.stream()
        old = self.home.join(self.group)
        self.await_packets(old)
        new = self.guest.join(self.group)
        self.await_packets(new)
        new.exclude([self.source])
        self.await_sent(400)
        new.leave()
        self.await_sent(400)
        self.await_packets(old)
        self.assert_no_loss(old)

    def test_immediate_leave_queries_where_an_older_host_may_be_silent(self) -> None:
        """OLD-03: one older host's report suppresses the other's."""
        self.force_version(self.guest, self.family.current_version - 1)
        self.start(immediate_leave=True)
        self.stream()
        members = [node.join(self.group) for node in (self.home, self.guest)]
        for member in members:
            self.await_packets(member)
        members[0].leave()
        self.await_sent(400)
        self.await_packets(members[1])
        self.assert_no_loss(members[1])

    def test_older_host_that_names_sources_receives_all_of_them(self) -> None:
        """H2-01: the proxy joins the group from any source."""
        self.start()
        upstream = self.server.capture()
        self.home.join(self.group, include=[self.source])
        self.await_reported(upstream, record(TO_EX, self.group))


class OlderQuerierScenarios(Scenarios):
    """The provider's router uses an older version."""

    def test_older_querier_upstream_gets_reports_in_its_version(self) -> None:
        """HC-01..04, H2-02, H2-05: earlier joins are reported again in its version."""
        version = self.family.current_version - 1
        self.start()
        upstream, router = self.server.capture(), self.server.raw_host()
        self.home.join(self.group)
        self.await_reported(upstream, record(TO_EX, self.group))
        send_message(router, self.plan.raw_router, Query(version, self.family.unspecified, 1.0))
        self.await_packet(upstream, OldReport(version, packed(self.group)))
        upstream.clear()
        second = self.other.join(self.groups[1])
        self.await_packet(upstream, OldReport(version, packed(self.groups[1])))
        second.leave()
        self.await_packet(upstream, Leave(packed(self.groups[1])))
        reports = [one.packet for one in messages_on(upstream) if isinstance(one.packet, Report)]
        reported = {record.group for report in reports for record in report}
        # The kernel reports its own neighbour discovery groups in any version.
        self.assertFalse(reported & {packed(group) for group in self.groups})

    def await_packet(self, link: Capture, packet: Packet) -> None:
        """Wait until the proxy has sent this message upstream."""
        wait_until(
            lambda: any(one.packet == packet for one in messages_on(link)), message=f"{packet}"
        )


class IPv4OlderHostTests(OlderHostScenarios, IPv4TestCase):
    pass


class IPv6OlderHostTests(OlderHostScenarios, IPv6TestCase):
    pass


class IPv4OlderQuerierTests(OlderQuerierScenarios, IPv4TestCase):
    pass


class IPv6OlderQuerierTests(OlderQuerierScenarios, IPv6TestCase):
    pass


class IGMPv1HostTests(IPv4TestCase):
    """IGMPv1 hosts, which have no leave message."""

    def test_igmpv1_host_keeps_its_group_until_the_timeout(self) -> None:
        """GC-02: the leave of another host does not end the membership."""
        self.home.sysctl("ipv4/conf/eth0/force_igmp_version", 1)
        self.start(query_interval=4)
        self.stream()
        old, new = self.home.join(self.group), self.guest.join(self.group)
        self.await_packets(old)
        new.leave()
        self.await_sent(600)
        self.await_packets(old)
        self.assert_no_loss(old)
        old.leave()
        link = self.home.capture(data=True)
        self.assertEqual(self.sources_on(link), {self.source})
        self.await_sources_on(link, [], timeout=12)
