"""Queries upstream that are not what the querier of the link sends."""

from __future__ import annotations

import time

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import OldReport, Query, Report

from .messages import IS_EX, TO_EX, messages_on, record, records, send_message
from .site import UP, IPv4TestCase, IPv6TestCase, Scenarios


class UpstreamQueryScenarios(Scenarios):
    """One group is joined; the router upstream is made by hand."""

    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.upstream, self.router = self.server.capture(), self.server.raw_host()
        self.home.join(self.group)
        joined = record(TO_EX, self.group)
        wait_until(lambda: records(self.upstream, self.group).count(joined) == 2)

    def old_reports(self) -> list[float]:
        """Return when the group was reported in an older version."""
        wanted = packed(self.group)
        return [
            one.time
            for one in messages_on(self.upstream)
            if isinstance(one.packet, OldReport) and one.packet.group == wanted
        ]

    def test_older_general_query_is_answered_with_one_report(self) -> None:
        """HC-07, H2-03: within its time, and not once more at once."""
        older = Query(self.family.current_version - 1, self.family.unspecified, 0.5)
        send_message(self.router, self.plan.raw_router, older)
        wait_until(self.old_reports)
        time.sleep(1.0)
        self.assertEqual(len(self.old_reports()), 1)


class IPv4UpstreamQueryTests(UpstreamQueryScenarios, IPv4TestCase):
    """Queries of IGMP."""

    def send(self, source: str, to: str, query: Query) -> None:
        """Send a query from any address to any address, past the sender's own IP layer."""
        self.router.send(datagram.encode(IPV4, packed(source), packed(to), query))

    def await_answer(self) -> None:
        """Wait for the answer to a general query, in the current version and in no other."""
        answer = Report((record(IS_EX, self.group),))
        wait_until(lambda: any(one.packet == answer for one in messages_on(self.upstream)))
        self.assertEqual(self.old_reports(), [])
        self.upstream.clear()

    def is_current(self) -> None:
        """Check that a general query is answered in the current version."""
        send_message(self.router, self.plan.raw_router, Query(3, bytes(4), 0.2))
        self.await_answer()

    def test_general_query_to_the_proxy_alone_changes_no_version(self) -> None:
        """HQ-07: one forged IGMPv2 query from beyond the link."""
        self.send("198.51.100.1", self.plan.at(UP, 1), Query(2, bytes(4), 0.2))
        self.await_answer()
        self.is_current()

    def test_general_query_to_another_group_is_dropped(self) -> None:
        """HQ-07: it is not answered either."""
        self.send(self.plan.raw_router, "224.0.0.22", Query(2, bytes(4), 0.2))
        self.is_current()

    def test_query_of_another_subnet_is_followed_and_logged(self) -> None:
        """HQ-09: some providers send such queries."""
        self.send("198.51.100.1", "224.0.0.1", Query(2, bytes(4), 0.2))
        self.await_log("198.51.100.1 sends queries, but is in no subnet of the upstream up")
        wait_until(self.old_reports)


class IPv6UpstreamQueryTests(UpstreamQueryScenarios, IPv6TestCase):
    """Queries of MLD."""

    def test_query_without_a_link_local_source_is_dropped_and_warned_about(self) -> None:
        """IP6-03, IP6-12: upstream and downstream, once in a while."""
        older = Query(1, self.family.unspecified, 0.2)
        for node, interface in ((self.server, "up"), (self.other, "down2")):
            sender = node.raw_host()
            for source in ("2001:db8::1", "2001:db8::1", "::"):
                packet = datagram.encode(IPV6, packed(source), packed("ff02::1"), older)
                sender.send(packet)
            self.await_log("warn", f"a query of 2001:db8::1 on {interface} was dropped")
        time.sleep(1.0)
        warned = [line for line in self.daemon.lines if "not a link-local address" in line]
        self.assertEqual((len(warned), self.old_reports()), (2, []))
