"""Wireless events: link messages with a name and next to nothing else.

cfg80211 sends one after each Wi-Fi scan, to all that follow the links of the machine. Here the
test sends the same, which a process with CAP_NET_ADMIN may.
"""

from __future__ import annotations

import socket

from mcproxy.linux.netlink.frame import open_netlink

from ..linux.messages import wireless_event
from .messages import TO_EX, record
from .site import IPv4TestCase, IPv6TestCase, Scenarios

RTMGRP_LINK = 1


class WirelessScenarios(Scenarios):
    def scan(self, interface: str) -> None:
        """Tell all listeners in the proxy's namespace of a scan that ended."""
        with self.proxy.namespace, open_netlink(blocking=True) as sock:
            event = wireless_event(socket.if_nametoindex(interface), interface)
            sock.sendto(event, (0, RTMGRP_LINK))

    def test_wireless_event_upstream_leaves_reports_as_they_were(self) -> None:
        self.start(query_interval=100)
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member)
        upstream = self.server.capture()
        self.scan("up")
        self.stream(self.groups[1])
        late = self.guest.join(self.groups[1])
        self.await_reported(upstream, record(TO_EX, self.groups[1]))
        self.await_packets(late)
        self.assert_no_loss(member)

    def test_wireless_event_downstream_leaves_source_queries_as_they_were(self) -> None:
        """A source that one host leaves is asked for, and the host that wants it answers."""
        self.start(query_interval=100)
        self.three_streams(self.ssm)
        stays, leaves = (
            node.join(self.ssm, include=self.sources) for node in (self.home, self.guest)
        )
        self.await_packets(stays)
        self.await_packets(leaves)
        self.scan("down1")
        leaves.include(self.sources[:1])
        self.await_sent(400)
        self.assert_no_loss(stays, *self.sources)
        stays.include(self.sources[:1])
        self.await_sources_on(self.home.capture(data=True), self.sources[:1])


class IPv4WirelessTests(WirelessScenarios, IPv4TestCase):
    pass


class IPv6WirelessTests(WirelessScenarios, IPv6TestCase):
    pass
