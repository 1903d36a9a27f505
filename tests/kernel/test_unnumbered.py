"""Downstreams without an address of a subnet: unnumbered and point-to-point ones."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import packed

from .messages import queries
from .running import RunningTestCase
from .site import DOWN1, INSTANCE, IPv4TestCase

QUERY_ADDRESS = INSTANCE + '[instance.tv.interface.down1]\nquery-address = "192.0.2.1"\n'


class UnnumberedTests(RunningTestCase, IPv4TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.proxy.run("ip", "-4", "address", "flush", "dev", "down1")

    def test_queries_have_the_query_address_and_streams_arrive(self) -> None:
        """IP4-SD-01: a link without an IPv4 address has a querier if an address is configured."""
        link = self.home.capture()
        self.start(QUERY_ADDRESS)

        def sources() -> set[bytes]:
            return {one.source for one in queries(link) if len(one.source) == 4}

        wait_until(lambda: bool(sources()), 5, "no query")
        self.assertEqual(sources(), {packed("192.0.2.1")})
        member = self.home.join(self.group)
        self.stream()
        self.await_packets(member)
        self.assert_no_new_loss(member)

    def test_reload_makes_an_unnumbered_link_a_downstream(self) -> None:
        self.run_daemon(INSTANCE)
        member = self.home.join(self.group)
        stream = self.stream()
        self.await_sent()
        self.assertEqual(member.total(), 0)
        self.assertTrue(self.reload(QUERY_ADDRESS))
        self.await_packets(member)
        self.assertTrue(stream.is_alive())

    def test_check_subnet_accepts_the_peer_of_a_point_to_point_address(self) -> None:
        """SEC-03."""
        peer = self.plan.at(DOWN1, 2)
        self.proxy.run(*f"ip address add {self.plan.at(DOWN1, 1)} peer {peer}/32 dev down1".split())
        self.start(check_subnet=True)
        member, stranger = self.home.join(self.group), self.guest.join(self.groups[1])
        self.stream()
        self.stream(self.groups[1])
        self.await_packets(member)
        self.await_sent()
        self.assertEqual(stranger.total(), 0)
