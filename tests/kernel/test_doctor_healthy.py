"""The doctor gives no alarm in healthy networks, without a daemon and with one."""

from __future__ import annotations

from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until

from .doctoring import CONFIG, DoctorTestCase, addresses


class HealthyTests(DoctorTestCase):
    def replace_link(self, name: str, other: Node, number: int, mtu: int = 1500) -> None:
        """Make a link of the proxy anew."""
        self.proxy.delete_link(name)
        self.lab.link(
            other, "eth0", self.proxy, name, addresses(number, 2), addresses(number, 1), mtu
        )

    def test_plain_network(self) -> None:
        self.assert_healthy_while_forwarding()

    def test_both_families(self) -> None:
        self.assert_healthy_while_forwarding(group="ff15::1")

    def test_bridge_of_hosts(self) -> None:
        self.ip("address flush dev down1")
        self.ip("link add br0 type bridge mcast_snooping 1")
        self.ip("link set dev down1 master br0")
        self.proxy.set_link("br0", state="up")
        for address in addresses(2, 1):
            self.proxy.add_address("br0", address)
        self.proxy.await_link("br0")
        self.assert_healthy_while_forwarding(CONFIG.replace("down1", "br0"))

    def test_tunnel_to_the_provider(self) -> None:
        server = self.lab.node("provider")
        self.proxy.delete_link("up")
        self.lab.tunnel(server, "eth0", self.proxy, "ppp0", addresses(1, 2), addresses(1, 1))
        self.server = server
        self.assert_healthy_while_forwarding(CONFIG.replace('"up"', '"ppp0"'))

    def test_two_upstreams(self) -> None:
        other = self.lab.node("other")
        self.lab.link(other, "eth0", self.proxy, "up2", addresses(3, 2), addresses(3, 1))
        self.assert_healthy_while_forwarding(CONFIG.replace('"up"', '["up", "up2"]'))

    def test_own_table(self) -> None:
        self.assert_healthy_while_forwarding(CONFIG + "table = 7\n")

    def test_ipv6_alone(self) -> None:
        for name, address in (("up", "10.0.1.1/24"), ("down1", "10.0.2.1/24")):
            self.proxy.delete_address(name, address)
        self.assert_healthy_while_forwarding(CONFIG + "igmp-version = 0\n", "ff15::1")

    def test_proxy_behind_a_proxy(self) -> None:
        inner = self.lab.node("inner")
        self.replace_link("down1", inner, 2)
        self.lab.link(
            self.lab.node("viewer"), "eth0", inner, "down1", addresses(3, 2), addresses(3, 1)
        )
        self.ip("link set dev eth0 down", inner)
        self.ip("link set dev eth0 name up", inner)
        inner.set_link("up", state="up")
        inner.await_link("up")
        self.home = self.lab.nodes[-1]
        outer = self.start()
        self.proxy = inner
        wait_until(lambda: any("ready" in line for line in outer.lines), 5, "the log says no ready")
        self.assert_healthy_while_forwarding()

    def test_jumbo_frames(self) -> None:
        self.replace_link("up", self.server, 1, 9000)
        self.replace_link("down1", self.home, 2, 9000)
        self.assert_healthy_while_forwarding()

    def test_loose_rp_filter(self) -> None:
        self.proxy.sysctl("ipv4/conf/all/rp_filter", 2)
        self.proxy.add_route("default", "10.0.1.2")
        self.assert_healthy_while_forwarding()

    def test_strict_rp_filter_with_a_route_back(self) -> None:
        self.proxy.sysctl("ipv4/conf/all/rp_filter", 1)
        self.proxy.add_route("default", "10.0.1.2")
        self.assert_healthy_while_forwarding()
