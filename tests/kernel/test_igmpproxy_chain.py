"""A chain of proxies of different kinds: igmpproxy above mcproxy, and below it.

::

    server eth0 --- up gate down --- up proxy down1 --- home, guest
                                              down2 --- eth0 inner eth1 --- eth0 deep
"""

from __future__ import annotations

from .igmpproxy import require_igmpproxy, start_igmpproxy
from .messages import TO_EX, TO_IN, record
from .site import DOWN2, INSTANCE, UP, IPv4TestCase, addresses

FAR, DEEP = 9, 8
"""The link of the server above the gate, and the one of the host below ``inner``."""


class IgmpproxyAboveTests(IPv4TestCase):
    """igmpproxy is the router upstream. It queries in IGMPv2."""

    def setUp(self) -> None:
        require_igmpproxy()
        super().setUp()
        self.source = self.plan.at(FAR, 2)
        self.above, self.below = self.server.capture(), self.gate.capture("down")
        self.start(f"{INSTANCE}\nssm-fallback = true")
        config = "quickleave\nphyint up upstream altnet 0.0.0.0/0\nphyint down downstream\n"
        start_igmpproxy(self.gate, config, vifs=2)
        self.await_log("upstream router speaks IGMPv2", "up")

    def create_link(self, name: str) -> None:
        """Put the gate between the server and the proxy."""
        if name != "up":
            super().create_link(name)
            return
        self.gate = self.lab.node("gate")
        self.gate.sysctl("ipv4/conf/all/forwarding", 1)
        self.lab.link(self.server, "eth0", self.gate, "up", addresses(FAR, 2), addresses(FAR, 1))
        self.lab.link(self.gate, "down", self.proxy, name, addresses(UP, 2), addresses(UP, 1))
        self.proxy.add_route(self.plan.subnet(FAR), self.plan.at(UP, 2))

    def test_group_is_joined_through_both_and_left_below(self) -> None:
        """When igmpproxy leaves upstream is its own affair."""
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member)
        self.assert_no_new_loss(member)
        self.await_reported(self.above, record(TO_EX, self.group))
        downstream = self.home.capture(data=True)
        member.leave()
        self.await_sources_on(downstream, [])
        self.await_reported(self.below, record(TO_IN, self.group))

    def test_source_specific_group_arrives_with_ssm_fallback(self) -> None:
        """RFC 4604, section 2.2, would leave it out behind an IGMPv2 router."""
        self.stream(self.ssm)
        member = self.home.join(self.ssm, include=[self.source])
        self.await_packets(member)
        self.assert_no_new_loss(member)


class IgmpproxyBelowTests(IPv4TestCase):
    """igmpproxy is a host on a downstream."""

    def setUp(self) -> None:
        require_igmpproxy()
        super().setUp()
        self.inner, self.deep = self.other, self.lab.node("deep")
        self.inner.sysctl("ipv4/conf/all/forwarding", 1)
        self.lab.link(self.inner, "eth1", self.deep, "eth0", addresses(DEEP, 1), addresses(DEEP, 2))
        self.start()
        config = "quickleave\nphyint eth0 upstream altnet 0.0.0.0/0\nphyint eth1 downstream\n"
        start_igmpproxy(self.inner, config, vifs=2)
        self.inner.add_route(self.plan.subnet(UP), self.plan.at(DOWN2, 1))

    def test_group_is_joined_and_left_through_both(self) -> None:
        above, between = self.server.capture(), self.inner.capture("eth0", data=True)
        self.stream()
        member = self.deep.join(self.group)
        self.await_packets(member)
        self.assert_no_new_loss(member)
        self.await_reported(above, record(TO_EX, self.group))
        member.leave()
        self.await_sources_on(between, [])
        self.await_reported(above, record(TO_IN, self.group))

    def test_hosts_of_the_other_downstream_lose_nothing_when_it_leaves(self) -> None:
        between = self.inner.capture("eth0", data=True)
        self.stream()
        deep, near = self.deep.join(self.group), self.home.join(self.group)
        self.await_packets(deep)
        self.await_packets(near)
        self.reset_counts(near)
        deep.leave()
        self.await_sources_on(between, [])
        self.assert_no_loss(near)
