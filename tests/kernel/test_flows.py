"""The view of flows: a stream that does not arrive tells why at a glance."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from mcproxy.cli import client
from mcproxy.lab.source import Stream
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.routing.counters import FRESH_TIME

from .firewall import drop_group
from .messages import Query, send_message
from .site import DOWN2, IPv4TestCase, IPv6TestCase, Scenarios

STRANGER = "10.77.0.5"
"""A source that no route of the proxy leads to."""

ONE_DOWNSTREAM = '[instance.tv]\nupstream = "up"\ndownstream = ["down1"]\n'


_IPV6_MTU_DISCOVER, _PMTUDISC_PROBE = 23, 3
LARGE = 1400
"""Bytes of data in a large packet."""


class FlowScenarios(Scenarios):
    """One stream to one group that ``home`` has joined."""

    def send(self, ttl: int = 8, source: str | None = None) -> Stream:
        return self.server.stream(self.group, rate=200, source=source or self.source, ttl=ttl)

    def flow(self) -> dict[str, Any]:
        """The row of a group."""
        [row] = self.flows()
        return row

    def flows(self, group: str = "") -> list[dict[str, Any]]:
        """The rows of a group, by a new reading."""
        time.sleep(FRESH_TIME)
        path = f"/flows?group={group or self.group}"
        rows = client.ask(str(self.daemon.socket), "GET", path)["flows"]
        return [row for row in rows if row["group-address"] != "*"]

    def await_flow(self, state: str) -> dict[str, Any]:
        """The row of the group once it is in this state; AssertionError after some readings."""
        row = self.flow()
        for _ in range(8):
            if row["state"] == state:
                break
            row = self.flow()
        self.assertEqual(row["state"], state, row["reason"])
        return row

    def begin(self, config: str = ONE_DOWNSTREAM, **settings: object) -> None:
        self.start(config, **settings)
        self.home.join(self.group)

    def send_large(self) -> None:
        """Send packets of LARGE bytes, which must not be fragmented, until the test ends."""
        family = socket.AF_INET if self.family is IPV4 else socket.AF_INET6
        ended = threading.Event()
        with self.server.namespace:
            sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind((self.source, 0))
        hops = socket.IP_MULTICAST_TTL if self.family is IPV4 else socket.IPV6_MULTICAST_HOPS
        sock.setsockopt(0 if self.family is IPV4 else 41, hops, 8)
        if self.family is IPV6:
            # As a source that never sees Packet Too Big: it does not fragment.
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)

        def send() -> None:
            while not ended.wait(0.005):
                sock.sendto(bytes(LARGE), (self.group, 5000))
            sock.close()

        thread = threading.Thread(target=send)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(ended.set)


class SharedFlowScenarios(FlowScenarios):
    def test_good_stream_is_forwarded_with_rates_and_interfaces(self) -> None:
        self.begin()
        self.send()
        row = self.await_flow("forwarding")
        expected = ("forwarding", "up", ["down1"], "*", self.family.name)
        keys = "reason", "incoming-interface", "outgoing-interface", "source-address", "family"
        self.assertEqual(tuple(row[key] for key in keys), expected)
        later = self.flow()
        self.assertGreater(later["packets"], row["packets"])
        self.assertGreater(later["bytes"], row["bytes"])
        self.assertGreater(later["packet-rate"], 20)
        self.assertGreater(later["bit-rate"], 20 * 8 * 28)
        self.assertLess(later["last-seen"], 1)
        self.assertGreater(later["up-time"], 0)

    def test_ttl_of_1_is_named(self) -> None:
        self.begin()
        self.send(ttl=1)
        word = "TTL" if self.family is IPV4 else "hop limit"
        reason = f"arrives with {word} 1, not forwarded"
        self.assertEqual(self.await_flow("ttl")["reason"], reason)

    def test_no_source_is_asked_and_silent(self) -> None:
        self.begin()
        row = self.await_flow("silent")
        self.assertRegex(row["reason"], r"^asked, nothing arrives for \d+ s$")
        self.assertEqual((row["packets"], row["last-seen"]), (0, None))

    def test_firewall_in_the_forward_chain_drops_after_routing(self) -> None:
        drop_group(self.proxy, "forward", self.group)
        self.begin()
        self.send()
        row = self.await_flow("dropped-after-routing")
        self.assertEqual(row["reason"], "dropped after routing (firewall: forward?)")

    def test_firewall_that_drops_one_of_two_streams_is_named_at_that_one(self) -> None:
        drop_group(self.proxy, "forward", self.group)
        self.begin()
        self.send()
        good = self.groups[1]
        self.home.join(good)
        self.server.stream(good, rate=200, source=self.source)
        self.await_flow("dropped-after-routing")
        [row] = self.flows(good)
        self.assertEqual(row["state"], "forwarding", row)
        self.assertEqual(row["reason"], "forwarding")

    def test_firewall_in_the_prerouting_chain_drops_before_routing(self) -> None:
        drop_group(self.proxy, "prerouting", self.group)
        self.begin()
        self.send()
        row = self.await_flow("dropped-before-routing")
        self.assertEqual(row["reason"], "dropped before routing (firewall: prerouting?)")

    def test_querier_beside_the_proxy_is_named(self) -> None:
        self.expected_levels = (["info"], ["warn"])
        self.begin()
        lower = "10.0.2.0" if self.family is IPV4 else "fe80::1"
        version, anyone = self.family.current_version, self.family.unspecified
        query = Query(version, anyone, 1.0, robustness=2, interval=125)
        send_message(self.home.raw_host(), lower, query)
        self.send()
        reason = "not forwarded, another router is the querier on down1"
        self.assertEqual(self.await_flow("denied")["reason"], reason)

    def test_data_on_an_interface_of_no_instance_arrives_at_the_wrong_one(self) -> None:
        self.begin()
        self.other.stream(self.group, rate=200, source=self.plan.at(DOWN2, 2))
        reason = "arrives at down2, accepted from up only"
        self.assertEqual(self.await_flow("wrong-interface")["reason"], reason)

    def test_packets_larger_than_the_mtu_are_named(self) -> None:
        self.proxy.set_link("down1", mtu=1300)
        self.begin()
        self.send_large()
        reason = "packets are larger than the MTU, not forwarded"
        self.assertEqual(self.await_flow("too-large")["reason"], reason)

    def test_source_by_source_forwarding_shows_each_source_and_what_filters_deny(self) -> None:
        denied, group = self.sources[1], self.group
        self.begin(f"""{ONE_DOWNSTREAM}
            [[instance.tv.filter]]
            interface = "up"
            role = "upstream"
            direction = "in"
            deny = ["{group} | {denied}"]
        """)
        self.assertEqual(self.await_flow("silent")["source-address"], "*")
        for source in (self.source, denied):
            self.send(source=source)
        expected = {self.source: "forwarding", denied: "arrives, denied by the filter of up (in)"}

        def reasons() -> dict[str, str]:
            return {row["source-address"]: row["reason"] for row in self.flows()}

        wait_until(lambda: reasons() == expected, 10, "a source has another reason")
        ways = {row["source-address"]: row["outgoing-interface"] for row in self.flows()}
        self.assertEqual(ways, {self.source: ["down1"], denied: []})


class FlowTests(SharedFlowScenarios, IPv4TestCase):
    def test_strict_rp_filter_is_named(self) -> None:
        self.proxy.sysctl("ipv4/conf/all/rp_filter", 1)
        self.server.add_address("eth0", f"{STRANGER}/32")
        self.begin()
        self.send(source=STRANGER)
        reason = "dropped by rp_filter: no route to the source by up"
        self.assertEqual(self.await_flow("rp-filter")["reason"], reason)

    def test_ttl_threshold_is_named(self) -> None:
        self.begin(ttl_threshold=16)
        self.send(ttl=8)
        reason = "arrives with TTL 8, ttl-threshold is 16, not forwarded"
        self.assertEqual(self.await_flow("ttl")["reason"], reason)


class Ipv6FlowTests(SharedFlowScenarios, IPv6TestCase):
    """The same with MLD."""
