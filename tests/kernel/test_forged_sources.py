"""Data with the address of a source elsewhere: forged, sent back, or of another querier's link."""

from __future__ import annotations

import time
from threading import Event, Thread

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed

from .messages import query, send_message
from .site import DOWN2, INSTANCE, SLACK, IPv4TestCase, IPv6TestCase, Scenarios
from .test_per_source import PER_SOURCE, udp_packet

UPCALL_INTERVAL = 3.0
"""Seconds between wrong-interface upcalls of the kernel about one entry, at least."""

FILTERED = """
[instance.tv]
upstream = "up"
downstream = ["down1", "down2"]
[[instance.tv.filter]]
interface = "down2"
role = "downstream"
direction = "in"
deny = ["{group} | {source}"]
"""


class ForgedSources(Scenarios):
    """A host on down2 sends with the address of the server; home, on down1, is the member."""

    config = INSTANCE

    def setUp(self) -> None:
        super().setUp()
        self.rate = 200

    def forge(self) -> None:
        """Send one packet."""
        self.other.raw_host().send(self.forged_packet(self.ssm))

    def forged_packet(self, group: str) -> bytes:
        return udp_packet(packed(self.source), packed(group))

    def keep_forging(self, group: str) -> None:
        """Send such packets until the test ends."""
        host, packet, end = self.other.raw_host(), self.forged_packet(group), Event()

        def send() -> None:
            while not end.wait(0.02):
                host.send(packet)

        thread = Thread(target=send)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(end.set)

    def add_address(self, address: str) -> None:
        """Let the server send with the address of another host."""
        length = 32 if self.family is IPV4 else 128
        self.server.add_address("eth0", f"{address}/{length}")


class BothForwardings(ForgedSources):
    """Scenarios of group forwarding and of source-by-source forwarding."""

    def test_forged_packets_do_not_stop_a_stream(self) -> None:
        """FWD-15: neither one packet at each upcall, nor many."""
        self.start(self.config)
        member = self.home.join(self.ssm, include=[self.source])
        self.stream(self.ssm)
        self.await_packets(member)
        self.reset_counts(member)
        self.forge()
        time.sleep(UPCALL_INTERVAL + 0.2)
        self.forge()
        self.await_packets(member, self.rate)
        self.keep_forging(self.ssm)
        time.sleep(UPCALL_INTERVAL + 0.5)
        received = member.of(self.source)
        self.assertEqual((received.lost, received.duplicates), (0, 0))

    def test_data_that_a_router_sends_back_does_not_move_the_entry(self) -> None:
        """FWD-15, MS-11: a member on another downstream receives all packets."""
        self.source = self.plan.at(DOWN2, 2)
        self.add_address(self.source)
        self.start(self.config)
        member = self.home.join(self.ssm, include=[self.source])
        self.stream(self.ssm, node=self.other)
        self.await_packets(member)
        self.reset_counts(member)
        self.stream(self.ssm)
        time.sleep(UPCALL_INTERVAL + 0.5)
        received = member.of(self.source)
        self.assertEqual((received.lost, received.duplicates), (0, 0))

    def test_source_that_moves_is_followed_within_half_a_second(self) -> None:
        """FWD-14: one that sends on a downstream now, and no longer upstream."""
        self.start(self.config)
        member = self.home.join(self.ssm, include=[self.source])
        self.stream(self.ssm)
        self.await_packets(member)
        length = 32 if self.family is IPV4 else 128
        self.other.add_address("eth0", f"{self.source}/{length}")
        self.streams.pop().stop()
        self.stream(self.ssm, node=self.other)
        self.await_packets(member, 10, timeout=0.5 + SLACK)
        self.assert_no_new_loss(member)


class SourceBySource(ForgedSources):
    """Scenarios of source-by-source forwarding alone."""

    config = PER_SOURCE

    def test_source_that_was_forged_before_its_stream_began_is_received(self) -> None:
        """FWD-15: the route of the source decides between two links that deliver."""
        self.start(self.config)
        member = self.home.join(self.group)
        self.keep_forging(self.group)
        wait_until(lambda: any(r.source == packed(self.source) for r in self.routes()))
        self.stream()
        self.await_sent(self.rate)
        member.forget()
        self.await_packets(member, self.rate)
        self.assert_no_loss(member)

    def test_filter_holds_before_the_entry_moves(self) -> None:
        """FWD-15, MU-04: denied data stops no stream, whether it comes first or later."""
        self.start(FILTERED.format(group=self.ssm, source=self.source))
        member = self.home.join(self.ssm, include=[self.source])
        self.keep_forging(self.ssm)
        time.sleep(0.5)
        self.stream(self.ssm)
        self.await_packets(member)
        self.reset_counts(member)
        time.sleep(UPCALL_INTERVAL + 0.5)
        self.assert_no_loss(member)
        self.streams.pop().stop()
        time.sleep(UPCALL_INTERVAL + 0.5)
        [route] = [r for r in self.routes() if r.source == packed(self.source)]
        self.assertNotEqual(route.outgoing, ())

    def test_copies_from_upstream_of_another_queriers_link_are_forwarded(self) -> None:
        """FWD-16, FWD-01, FWD-03."""
        self.source = self.plan.at(DOWN2, 2)
        self.add_address(self.source)
        self.start(self.config)
        lower = "10.0.3.0" if self.family is IPV4 else "fe80::1"
        general = query("0.0.0.0" if self.family is IPV4 else "::", 1.0)
        send_message(self.other.raw_host(), lower, general)
        self.await_log("became the querier on down2")
        member = self.home.join(self.group)
        self.stream(node=self.other)
        self.await_sent()
        self.assertEqual(member.total(), 0)
        self.stream()
        self.await_packets(member)
        self.assert_no_new_loss(member)


class IPv4GroupTests(BothForwardings, IPv4TestCase):
    """Group forwarding with IPv4."""


class IPv6GroupTests(BothForwardings, IPv6TestCase):
    """Group forwarding with IPv6."""


class IPv4SourceTests(SourceBySource, BothForwardings, IPv4TestCase):
    """Source-by-source forwarding with IPv4."""


class IPv6SourceTests(SourceBySource, BothForwardings, IPv6TestCase):
    """Source-by-source forwarding with IPv6."""
