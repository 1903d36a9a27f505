"""Links, addresses, routes and policy rules as the kernel reports them."""

import errno
import socket

from twisted.internet.testing import MemoryReactor

from mcproxy.lab.waiting import wait_until
from mcproxy.linux.datagram_port import DatagramPort
from mcproxy.linux.netlink.links import Link
from mcproxy.linux.netlink.monitor import InterfaceMonitor, make_link_socket
from mcproxy.linux.policy_rules import Rule, add_rule, list_rules, remove_rule
from mcproxy.linux.route_lookup import RouteLookup
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, packed

from .support import KernelTestCase, readable, run_ports


class MonitorTests(KernelTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.changes: list[tuple[Link | None, Link | None]] = []
        self.ready = self.losses = 0
        self.monitor = InterfaceMonitor(self.change, self.be_ready, self.lose_events)
        with self.router:
            self.socket = make_link_socket()
        self.port = DatagramPort(self.socket, self.monitor, MemoryReactor())
        self.addCleanup(self.port.stopListening)
        self.port.startListening()
        self.run_until(lambda: self.ready == 1)
        # The kernel needs up to a second until a new link has carrier.
        self.run_until(lambda: all(link.up for link in self.monitor.links.values()))
        self.changes.clear()

    def change(self, before: Link | None, after: Link | None) -> None:
        self.changes.append((before, after))

    def be_ready(self) -> None:
        self.ready += 1

    def lose_events(self) -> None:
        self.losses += 1

    def run_until(self, condition) -> None:  # type: ignore[no-untyped-def]
        run_ports([self.port], condition)

    def link(self, name: str) -> Link | None:
        return self.monitor.links.get(name)

    def test_monitor_knows_all_links_at_the_start(self) -> None:
        self.assertEqual(set(self.monitor.links), {"lo", *self.links})
        up0 = self.monitor.links["up0"]
        self.assertEqual((up0.index, up0.up, up0.mtu), (self.indexes[0], True, 1500))
        self.assertEqual(up0.ipv4, ((packed("10.0.0.1"), 24),))
        self.assertEqual(set(up0.ipv6), {(packed("fe80::1"), 64), (packed("2001:db8:0::1"), 64)})
        self.assertEqual(up0.source[IPV6], packed("fe80::1"))
        self.assertTrue(self.monitor.links["lo"].up)

    def test_monitor_reports_addresses_that_are_added_and_removed(self) -> None:
        self.router.ip("addr add 10.9.0.1/16 dev up0")
        self.router.ip("addr add 10.9.0.2/16 dev up0")
        self.run_until(lambda: len(self.monitor.links["up0"].ipv4) == 3)
        self.router.ip("addr del 10.0.0.1/24 dev up0")
        self.run_until(lambda: self.link("up0").source[IPV4] == packed("10.9.0.1"))  # type: ignore
        self.assertEqual(len(self.changes), 3)

    def test_tentative_address_is_reported_once_it_is_usable(self) -> None:
        self.router.sysctl("ipv6/conf/down0/accept_dad", 1)
        self.router.ip("addr add fe80::77/64 dev down0")
        tentative = self.router.ip("-6 addr show dev down0 tentative")
        self.assertIn("fe80::77", tentative)
        while readable(self.socket, 0.1):
            self.port.doRead()
        self.assertEqual(self.changes, [])
        self.run_until(lambda: packed("fe80::77") in self.link("down0").addresses(IPV6))  # type: ignore
        self.assertEqual(len(self.changes), 1)

    def test_link_whose_peer_is_down_is_down(self) -> None:
        self.peer.ip("link set down0 down")
        self.run_until(lambda: not self.monitor.links["down0"].up)
        self.peer.ip("link set down0 up")
        self.run_until(lambda: self.monitor.links["down0"].up)
        self.assertEqual({after.name for _, after in self.changes if after}, {"down0"})

    def test_monitor_reports_links_that_are_added_and_removed(self) -> None:
        self.router.ip("link add new0 type bridge")
        self.run_until(lambda: "new0" in self.monitor.links)
        self.router.ip("link set new0 name old0")
        self.run_until(lambda: "old0" in self.monitor.links)
        self.assertNotIn("new0", self.monitor.links)
        self.router.ip("link del old0")
        self.run_until(lambda: "old0" not in self.monitor.links)
        described = [(b and b.name, a and a.name) for b, a in self.changes]
        self.assertEqual(
            described, [(None, "new0"), ("new0", None), (None, "old0"), ("old0", None)]
        )

    def test_port_that_leaves_its_bridge_remains_a_link(self) -> None:
        self.router.ip("link add br0 type bridge")
        self.router.ip("link set down1 master br0")
        self.router.ip("link set down1 nomaster")
        self.router.ip("link add last0 type bridge")
        self.run_until(lambda: "last0" in self.monitor.links)
        self.assertIn("down1", self.monitor.links)
        self.assertEqual([pair for pair in self.changes if pair[1] is None], [])

    def test_monitor_is_right_after_a_flood_of_events(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for number in range(40):
            self.router.ip(f"addr add 10.8.{number}.1/24 dev up0")
        self.router.ip("link del down1")
        self.run_until(lambda: len(self.monitor.links["up0"].ipv4) == 41)
        self.run_until(lambda: "down1" not in self.monitor.links)
        self.assertGreaterEqual(self.port.errors[errno.ENOBUFS], 1)
        self.assertEqual(self.ready, 1)
        self.assertGreaterEqual(self.losses, 1)


class LocatorTests(KernelTestCase):
    def test_lookup_follows_the_unicast_routes(self) -> None:
        locator = self.open(self.router, RouteLookup)
        up0, down0, _ = self.indexes
        with self.router:  # the first lookup opens the socket
            self.assertEqual(locator.interface_towards(packed("10.0.0.77")), up0)
        self.assertEqual(locator.interface_towards(packed("10.0.1.77")), down0)
        self.assertEqual(locator.interface_towards(packed("2001:db8:1::77")), down0)
        self.assertIsNone(locator.interface_towards(packed("198.51.100.1")))
        self.assertIsNone(locator.interface_towards(packed("2001:db8:ffff::1")))
        self.router.ip("route add default via 10.0.0.2")
        self.router.ip("-6 route add default via fe80::2 dev up0")
        self.assertEqual(locator.interface_towards(packed("198.51.100.1")), up0)
        self.assertEqual(locator.interface_towards(packed("2001:db8:ffff::1")), up0)

    def test_lookup_returns_none_for_local_or_unreachable_address(self) -> None:
        locator = self.open(self.router, RouteLookup)
        self.router.ip("route add unreachable 203.0.113.0/24")
        self.router.ip("-6 route add unreachable 2001:db8:dead::/48")
        with self.router:
            # The kernel knows a new IPv6 address of its own only after a while.
            wait_until(lambda: locator.interface_towards(packed("2001:db8:0::1")) is None)
            for text in ("10.0.0.1", "127.0.0.1", "203.0.113.5", "::1"):
                self.assertIsNone(locator.interface_towards(packed(text)), text)
            self.assertIsNone(locator.interface_towards(packed("2001:db8:dead::1")))

    def test_lookup_works_again_after_close(self) -> None:
        locator = self.open(self.router, RouteLookup)
        for _ in range(2):
            with self.router:
                self.assertEqual(locator.interface_towards(packed("10.0.0.77")), self.indexes[0])
            locator.close()


class RuleTests(KernelTestCase):
    def test_policy_rules_are_added_once_and_removed(self) -> None:
        for family in FAMILIES:
            with self.router:
                self.assertEqual(list_rules(family), [])
                add_rule(family, "up0", 7700)
                add_rule(family, "up0", 7700)
                add_rule(family, "not-there", 77)
                self.assertEqual(
                    set(list_rules(family)), {Rule("up0", 7700), Rule("not-there", 77)}
                )
                self.assertEqual(len(list_rules(family)), 2)
                remove_rule(family, "up0", 7700)
                remove_rule(family, "up0", 7700)
                self.assertEqual(list_rules(family), [Rule("not-there", 77)])
