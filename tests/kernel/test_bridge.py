"""The downstream is a snooping bridge on the proxy itself, as in home routers."""

from __future__ import annotations

from pyroute2 import IPRoute

from .messages import TO_EX, TO_IN, record
from .site import INSTANCE, LINKS, IPv4TestCase, IPv6TestCase, Scenarios, addresses

BRIDGE = "br-lan"


class BridgeScenarios(Scenarios):
    """The ports of the bridge are the downstream links of other scenarios."""

    def setUp(self) -> None:
        super().setUp()
        with self.proxy.namespace, IPRoute() as ip:
            ip.link("add", ifname=BRIDGE, kind="bridge", br_mcast_snooping=1, br_forward_delay=0)
            [bridge] = ip.link_lookup(ifname=BRIDGE)
            for port in ("down1", "down2"):
                ip.flush_addr(index=self.proxy.index(port))
                ip.link("set", index=self.proxy.index(port), master=bridge)
            ip.link("set", index=bridge, state="up")
        for address in addresses(LINKS["down1"], 1):
            self.proxy.add_address(BRIDGE, address)
        self.proxy.await_link(BRIDGE)
        self.start(INSTANCE.replace('"down1", "down2"', f'"{BRIDGE}"'))

    def test_bridge_port_receives_only_groups_its_hosts_joined(self) -> None:
        upstream = self.server.capture()
        links = [self.home.capture(data=True), self.other.capture(data=True)]
        self.stream()
        self.stream(self.groups[1])
        first, second = self.home.join(self.group), self.other.join(self.groups[1])
        self.await_packets(first)
        self.await_packets(second)
        self.assert_no_loss(first)
        self.assert_no_loss(second)
        self.await_reported(upstream, record(TO_EX, self.group), record(TO_EX, self.groups[1]))
        first.leave()
        self.await_reported(upstream, record(TO_IN, self.group))
        self.await_sources_on(links[0], [])
        self.await_sources_on(links[1], [self.source])
        self.assert_no_loss(second)


class IPv4BridgeTests(BridgeScenarios, IPv4TestCase):
    pass


class IPv6BridgeTests(BridgeScenarios, IPv6TestCase):
    pass
