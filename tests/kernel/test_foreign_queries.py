"""Queries of other machines on a downstream link, and older reports to other addresses."""

from __future__ import annotations

import time
from dataclasses import replace

from mcproxy.protocol.family import IPV4, packed, text
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import OldReport, Query

from .messages import TO_EX, query, record, send_message
from .site import DOWN2, SLACK, IPv4TestCase, IPv6TestCase, Scenarios

PRESENCE = 2 * 2 + 0.3 / 2
"""Seconds that another querier counts at most, with a query interval of 2 s."""

LONGEST_INTERVAL = 31744
"""Seconds; the longest query interval that a query can carry (QQIC 255)."""


class ForeignQueryScenarios(Scenarios):
    """``other`` has a member on down2; a machine beside it queries from a lower address."""

    lower: str

    def setUp(self) -> None:
        super().setUp()
        self.raw = self.other.raw_host()

    def send_claim(self) -> None:
        """Send the longest claim: one general query that would count for 61.7 hours."""
        general = query(text(self.family.unspecified), 1.0)
        claim = replace(general, robustness=7, interval=LONGEST_INTERVAL)
        send_message(self.raw, self.lower, claim)

    def test_longest_claim_stops_the_stream_no_longer_than_our_own_settings_say(self) -> None:
        """QE-15, SEC-09: the log says for how long."""
        self.start(query_interval=2)
        self.stream()
        member = self.other.join(self.group)
        self.await_packets(member)
        self.send_claim()
        self.await_log(f"{self.lower} became the querier on down2; forwarding to down2 stops")
        claimed = time.monotonic()
        self.await_log("at least 4 s")
        self.await_log("this proxy is the querier on down2")
        self.assertLess(time.monotonic() - claimed, PRESENCE + SLACK)
        self.await_packets(member)

    def test_reload_without_allowed_queriers_ends_the_claim(self) -> None:
        """QE-15, SEC-01: the present querier is judged by the new setting."""
        daemon = self.start()
        self.stream()
        member = self.other.join(self.group)
        self.await_packets(member)
        self.send_claim()
        self.await_log(f"{self.lower} became the querier on down2")
        content = daemon.config.read_text(encoding="utf-8")
        changed = content.replace("[defaults]", "[defaults]\nallowed-queriers = []")
        daemon.config.write_text(changed, encoding="utf-8")
        daemon.command("reload")
        self.await_log("this proxy is the querier on down2")
        self.await_packets(member)
        self.send_claim()
        self.await_log(f"{self.lower} sends queries from a lower address than ours; ignored")
        self.reset_counts(member)
        self.await_sent(300)
        self.assert_no_loss(member)

    def test_older_report_to_an_address_of_the_proxy_joins(self) -> None:
        """IP4-SD-07, IP6-08: to its own address, to all hosts and to all routers."""
        self.start()
        upstream, family = self.server.capture(), self.family
        unicast = packed(self.plan.at(DOWN2, 1))
        if family is not IPV4:
            unicast = packed(self.link_local("down2").partition("/")[0])
        source = packed(self.higher)
        joined = [family.all_nodes, family.all_routers, family.report_destination, unicast]
        for there, group in zip(joined, self.groups, strict=False):
            report = OldReport(1, packed(group))
            self.raw.send(datagram.encode(family, source, there, report))
            self.await_reported(upstream, record(TO_EX, group))


class IPv4ForeignQueryTests(ForeignQueryScenarios, IPv4TestCase):
    lower, higher = "10.0.3.0", "10.0.3.99"

    def test_specific_query_of_a_lower_address_stops_no_stream(self) -> None:
        """QE-12, QR-06: as a snooping switch sends it when a host leaves."""
        self.start()
        self.stream()
        member = self.other.join(self.group)
        self.await_packets(member)
        for version in (2, 3):
            send_message(self.raw, self.lower, Query(version, packed(self.group), 0.2))
        self.await_sent(500)
        self.assert_no_loss(member)
        self.assertFalse(any("became the querier" in line for line in self.daemon.lines))

    def test_claim_from_another_subnet_is_refused_with_check_subnet(self) -> None:
        """SEC-09: the stream goes on, and the log names the machine."""
        self.lower = "9.9.9.9"
        self.start(check_subnet=True)
        self.stream()
        member = self.other.join(self.group)
        self.await_packets(member)
        self.send_claim()
        self.await_log("9.9.9.9 is in no subnet of the link; its reports and queries are ignored")
        self.await_sent(300)
        self.assert_no_loss(member)


class IPv6ForeignQueryTests(ForeignQueryScenarios, IPv6TestCase):
    lower, higher = "fe80::1", "febf::99"
