"""The doctor finds rp_filter, versions, MTU, bridges and local programs that are in the way."""

from __future__ import annotations

import threading
import time

from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.host.links import read_links

from .doctoring import CONFIG, DoctorTestCase, addresses

STATIC = CONFIG + 'static-group = ["232.1.1.1 | 172.16.5.5"]\n'


class ReversePathTests(DoctorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.wan = self.lab.node("wan")
        self.lab.link(self.wan, "eth0", self.proxy, "wan", addresses(3, 2), addresses(3, 1))

    def test_strict_filter_with_default_route_elsewhere_is_found(self) -> None:
        self.proxy.sysctl("ipv4/conf/up/rp_filter", 1)
        self.proxy.add_route("default", "10.0.3.2")
        self.assert_finds("rp-filter", "strict (1) on up", "default route leads to wan", shown=True)

    def test_filter_of_all_interfaces_counts(self) -> None:
        self.proxy.sysctl("ipv4/conf/all/rp_filter", 1)
        self.proxy.add_route("default", "10.0.3.2")
        self.assert_finds("rp-filter", "strict (1) on up")
        self.proxy.add_route("172.16.0.0/12", "10.0.1.2")
        self.assert_healthy()

    def test_strict_filter_with_route_of_a_source_elsewhere_is_found(self) -> None:
        self.proxy.sysctl("ipv4/conf/up/rp_filter", 1)
        self.proxy.add_route("default", "10.0.1.2")
        self.proxy.add_route("172.16.0.0/12", "10.0.3.2")
        self.assert_finds("rp-filter", "source 172.16.5.5 leads to wan", config=STATIC)

    def test_loose_filter_without_a_route_is_a_warning(self) -> None:
        self.proxy.sysctl("ipv4/conf/up/rp_filter", 2)
        self.assert_finds("rp-filter", "loose (2) on up", severity="warning")
        self.proxy.add_route("default", "10.0.3.2")
        self.assert_healthy(STATIC)

    def test_dropped_data_makes_it_a_problem(self) -> None:
        """The kernel counts what rp_filter drops, once somebody wants the group."""
        self.proxy.sysctl("ipv4/conf/up/rp_filter", 2)
        self.ip("address add 172.16.5.5/32 dev eth0", self.server)
        self.start()
        self.home.join("239.1.1.1")
        self.server.stream("239.1.1.1", source="172.16.5.5")

        def counted() -> bool:
            return "has dropped" in self.doctor()[1]

        wait_until(counted, 5, "rp_filter counts nothing")
        (found,) = (one for one in self.findings() if one["severity"] == "problem")
        self.assertEqual(found["check"], "rp-filter")


class LinkTests(DoctorTestCase):
    def test_forced_igmp_version_is_found(self) -> None:
        self.proxy.sysctl("ipv4/conf/up/force_igmp_version", 2)
        found = self.assert_finds("forced-version", "IGMPv2 on up", severity="warning", shown=True)
        self.proxy.run(*found["command"].split())
        self.assert_healthy()

    def test_forced_mld_version_of_all_interfaces_is_found(self) -> None:
        self.proxy.sysctl("ipv6/conf/all/force_mld_version", 1)
        found = self.assert_finds("forced-version", "MLDv1 on up", severity="warning")
        self.proxy.run(*found["command"].split())
        self.assert_healthy()

    def test_smaller_mtu_downstream_is_found(self) -> None:
        self.proxy.set_link("down1", mtu=1400)
        self.assert_finds(
            "mtu", "down1 has MTU 1400, less than the 1500", severity="warning", shown=True
        )

    def test_program_on_a_downstream_is_found(self) -> None:
        self.proxy.join("239.1.1.1", "down1")
        self.assert_finds(
            "local-program", "joined 239.1.1.1 on down1", severity="warning", shown=True
        )

    def test_ipv6_program_on_a_downstream_is_found(self) -> None:
        self.proxy.join("ff15::1", "down1")
        self.assert_finds("local-program", "joined ff15::1 on down1", severity="warning")

    def test_discovery_of_devices_is_healthy(self) -> None:
        self.proxy.join("239.255.255.250", "down1")
        self.proxy.sysctl("ipv6/conf/all/forwarding", 1)
        self.assert_healthy()


class BridgeTests(DoctorTestCase):
    def bridge(self, port: str, address: str) -> None:
        """Put an interface into a new bridge br0 that has the addresses."""
        self.ip("link add br0 type bridge mcast_snooping 1")
        self.ip(f"link set dev {port} master br0")
        self.ip(f"address flush dev {port}")
        self.proxy.set_link("br0", state="up")
        self.proxy.add_address("br0", address)
        self.proxy.await_link("br0")

    def test_snooping_upstream_without_querier_is_found(self) -> None:
        self.bridge("up", "10.0.1.1/24")
        config = CONFIG.replace('"up"', '"br0"') + "mld-version = 0\n"
        self.assert_finds(
            "snooping-without-querier", "br0 snoops", config=config, severity="warning", shown=True
        )

    def test_querier_of_the_bridge_is_healthy(self) -> None:
        self.bridge("up", "10.0.1.1/24")
        self.ip("link set dev br0 type bridge mcast_querier 1")
        self.assert_healthy(CONFIG.replace('"up"', '"br0"'))

    def test_hosts_on_an_interface_in_no_instance_are_heard(self) -> None:
        spare = self.lab.node("spare")
        self.lab.link(spare, "eth0", self.proxy, "lan2", addresses(4, 2), addresses(4, 1))
        self.assert_healthy()
        for group in ("239.255.255.250", "ff15::7"):
            repeated = threading.Thread(target=self.join_often, args=(spare, group), daemon=True)
            repeated.start()
            self.addCleanup(repeated.join)
        code, text = self.doctor(CONFIG, "--listen", "1")
        self.assertEqual(code, 0)
        self.assertIn("Hosts on lan2 have joined ff15::7", text)
        self.assertNotIn("239.255.255.250", text)

    @staticmethod
    def join_often(node: Node, group: str) -> None:
        """Have reports on the link for two seconds."""
        for _ in range(10):
            node.join(group).close()
            time.sleep(0.2)

    def test_hosts_on_a_bridge_in_no_instance_are_found(self) -> None:
        spare = self.lab.node("spare")
        self.lab.link(spare, "eth0", self.proxy, "lan2", addresses(4, 2), ())
        self.bridge("lan2", "10.0.4.1/24")
        spare.join("239.7.7.7")

        def learned() -> bool:
            links = self.proxy.namespace.call(read_links)
            return any(link.bridge and link.bridge.joined for link in links.values())

        wait_until(learned, 5, "the bridge learns no group")
        self.assert_finds("unnamed-interface", "joined 239.7.7.7", severity="warning", shown=True)
