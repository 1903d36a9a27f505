"""Healthy networks in which ``explain`` finds no fault: the stream flows, and nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.waiting import wait_until

from .explaining import ExplainTestCase, IPv6ExplainTestCase, addresses

if TYPE_CHECKING:
    Scenarios = ExplainTestCase
else:
    Scenarios = object

ACCEPTING = """
table inet fw {
  chain inputs {
    type filter hook input priority filter; policy drop;
    iifname { "up", "down1" } ip protocol igmp accept
    iifname { "up", "down1" } meta l4proto ipv6-icmp accept
  }
  chain forwards {
    type filter hook forward priority filter; policy drop;
    iifname "up" oifname "down1" meta l4proto udp accept
  }
}
"""

FILTER = """
[[instance.tv.filter]]
interface = "down1"
role = "downstream"
direction = "out"
allow = ["239.1.0.0/16", "ff15::/64"]
"""


class HealthyScenarios(Scenarios):
    def flow(self, group: str = "", **stream: object) -> None:
        """Have a host watch a stream, and check that it arrives and that nothing is wrong."""
        member = self.join(group)
        self.send(group, **stream)  # type: ignore[arg-type]  # the options of a stream
        wait_until(lambda: member.total() > 10, 10, "the network is not healthy")
        self.assert_flows(group or self.group)

    def test_plain_network(self) -> None:
        self.start()
        self.flow()

    def test_slow_stream(self) -> None:
        self.start()
        self.flow(rate=8)

    def test_two_downstreams_of_which_one_watches(self) -> None:
        self.start(downstream='["down1", "down2"]')
        self.flow()
        self.assertNotIn("down2", self.explain()[1])

    def test_two_upstreams(self) -> None:
        self.start(upstream='["up", "down2"]')
        self.flow()

    def test_table_of_its_own(self) -> None:
        self.start("table = 7")
        self.flow()

    def test_filter_that_allows_the_group(self) -> None:
        self.start(tables=FILTER)
        self.flow()

    def test_source_that_hosts_ask_for(self) -> None:
        self.start()
        member = self.home.join(self.ssm, include=[self.at(1, 2)])
        self.await_group(self.ssm)
        self.send(self.ssm)
        wait_until(lambda: member.total() > 10, 10, "the network is not healthy")
        self.assert_flows(self.ssm)
        self.assert_flows(self.ssm, "--source", self.at(1, 2))

    def test_firewall_that_accepts_multicast(self) -> None:
        self.nft(ACCEPTING)
        self.start()
        self.flow()

    def test_bridge_as_downstream(self) -> None:
        for words in ("link add br0 type bridge", "link set br0 up", "link set down1 master br0"):
            self.proxy.run("ip", *words.split())
        for address in addresses(2, 1):
            self.proxy.delete_address("down1", address)
            self.proxy.add_address("br0", address)
        self.proxy.await_link("br0")
        self.start(downstream='["br0"]')
        self.flow()

    def test_source_on_another_downstream(self) -> None:
        self.start(downstream='["down1", "down2"]')
        member = self.join()
        self.send(node=self.other)
        wait_until(lambda: member.total() > 10, 10, "the network is not healthy")
        self.assert_flows()

    def test_two_instances(self) -> None:
        table = '[instance.other]\ntable = 9\nupstream = "up"\ndownstream = "down2"\n'
        self.start(tables=table)
        self.flow()
        self.assert_flows(self.group, "--interface", "down1")

    def test_proxy_behind_the_proxy(self) -> None:
        leaf = self.lab.node("leaf")
        self.lab.link(leaf, "eth0", self.home, "down", addresses(4, 2), addresses(4, 1))
        below = '[instance.home]\nupstream = "eth0"\ndownstream = ["down"]\n'
        Daemon(self.home, below).wait_ready()
        self.start()
        member = leaf.join(self.group)
        self.await_group(self.group)
        self.send()
        wait_until(lambda: member.total() > 10, 10, "the network is not healthy")
        self.assert_flows()

    def test_tunnel_as_upstream(self) -> None:
        near, far = addresses(5, 1), addresses(5, 2)
        self.lab.tunnel(self.server, "tun", self.proxy, "tun", far, near)
        self.start(upstream='"tun"', querier=False)
        member = self.join()
        self.server.stream(self.group, "tun", rate=100, source=self.at(5, 2))
        wait_until(lambda: member.total() > 10, 10, "the network is not healthy")
        self.assert_flows()


class HealthyTests(HealthyScenarios, ExplainTestCase):
    def test_strict_rp_filter_with_sources_of_the_subnet(self) -> None:
        self.proxy.sysctl("ipv4/conf/all/rp_filter", 1)
        self.start()
        self.flow()


class IPv6HealthyTests(HealthyScenarios, IPv6ExplainTestCase):
    """The same with MLD."""
