"""Interfaces of other kinds than veth: tunnels, macvlans, VXLANs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pyroute2 import IPRoute, NetlinkError
from twisted.trial.unittest import SkipTest

from mcproxy.lab.node import Node
from mcproxy.protocol.family import IPV6, text

from .messages import TO_EX, TO_IN, record, reporters
from .site import (
    DOWN2,
    LAST_MEMBER_TIME,
    LINKS,
    SLACK,
    UP,
    IPv4TestCase,
    IPv6TestCase,
    SiteTestCase,
    addresses,
)

MTU = 1400


class KindTestCase(SiteTestCase):
    """The upstream, and the downstream of host ``other``, are of another kind."""

    links = ("down1",)

    def setUp(self) -> None:
        super().setUp()
        near, far = addresses(UP, 2, 3, 4), addresses(UP, 1)
        self.connect(self.server, "eth0", self.proxy, "up", near, far)
        near, far = addresses(DOWN2, 2), addresses(DOWN2, 1)
        self.connect(self.other, "eth0", self.proxy, "down2", near, far)

    def connect(
        self, host: Node, name: str, proxy: Node, own: str, near: list[str], far: list[str]
    ) -> None:
        """Connect a host with the proxy by a cable, and create interfaces of the kind on it."""
        cable, number = f"{own}-cable", LINKS[own]
        ends = [f"192.0.2.{4 * number + end}" for end in (1, 2)]
        self.lab.link(host, cable, proxy, cable, *([f"{address}/30"] for address in ends))
        for node, new, some, peer in ((host, name, near, ends[1]), (proxy, own, far, ends[0])):
            with node.namespace, IPRoute() as ip:
                index = ip.link_lookup(ifname=cable)[0]
                self.make(ip, self.link_attributes(index, number, peer))
            node.take_link("new", new, some, MTU)
        host.await_link(name)
        proxy.await_link(own)
        host.run("ip", "link", "set", name, "allmulticast", "on")  # for captures

    def make(self, ip: IPRoute, made: dict[str, Any]) -> None:
        """Create an interface; SkipTest if the kernel does not support its kind."""
        try:
            ip.link("add", ifname="new", **made)
        except NetlinkError as error:
            raise SkipTest(f"this kernel has no {made['kind']}: {error}") from error

    def link_attributes(self, cable: int, number: int, peer: str) -> dict[str, Any]:
        """The netlink attributes of an interface of the kind.

        ``cable`` is the index of the lower interface, ``number`` identifies the link, and
        ``peer`` is the address of the other end.
        """
        raise NotImplementedError


if TYPE_CHECKING:
    Kinds = KindTestCase
else:
    Kinds = object


class KindScenarios(Kinds):
    def test_joins_leaves_and_data_pass_in_both_directions(self) -> None:
        """Reports, streams, leaves and a camera, on this kind of link."""
        self.start()
        upstream, data = self.server.capture(), self.server.capture(data=True)
        link = self.other.capture(data=True)
        one, two = self.home.join(self.group), self.other.join(self.group)
        reported = self.await_reported(upstream, record(TO_EX, self.group))
        self.assertLess(reported - one.joined, SLACK)
        self.assertEqual({text(one) for one in reporters(upstream, self.group)}, {self.own()})
        self.stream()
        for member in (one, two):
            self.await_packets(member)
            self.assert_no_loss(member)
        two.leave()
        time.sleep(LAST_MEMBER_TIME + 2 * SLACK)
        last = max(datum.time for datum in link.data())
        self.assertLess(last - two.joined, LAST_MEMBER_TIME + SLACK)
        self.await_packets(one)
        self.assert_no_loss(one)
        camera, group = self.plan.at(DOWN2, 2), self.groups[1]
        viewer = self.home.join(group)
        self.stream(group, camera, self.other)
        self.await_packets(viewer)
        self.assert_no_loss(viewer, camera)
        self.assertIn(camera, self.sources_on(data, group))
        one.leave()
        self.await_reported(upstream, record(TO_IN, self.group))

    def own(self) -> str:
        """The source address of reports (RFC 9776, 4.2.13; RFC 9777, 5.2.13)."""
        if self.family is IPV6:
            return self.link_local("up").partition("/")[0]
        return self.plan.at(UP, 1)


class Tunnels(Kinds):
    """Point-to-point links without a link-layer header."""

    def connect(
        self, host: Node, name: str, proxy: Node, own: str, near: list[str], far: list[str]
    ) -> None:
        try:
            self.lab.tunnel(host, name, proxy, own, near, far)
        except OSError as error:
            raise SkipTest(f"tunnels cannot be made: /dev/net/tun: {error.strerror}") from error


class Macvlans(Kinds):
    def link_attributes(self, cable: int, number: int, peer: str) -> dict[str, Any]:
        return {"kind": "macvlan", "link": cable, "macvlan_mode": "bridge"}


class Vxlans(Kinds):
    """Ethernet over UDP to one remote address."""

    def link_attributes(self, cable: int, number: int, peer: str) -> dict[str, Any]:
        return {"kind": "vxlan", "vxlan_id": number, "vxlan_group": peer, "vxlan_port": 4789}


class IPv4TunnelTests(Tunnels, KindScenarios, KindTestCase, IPv4TestCase):
    pass


class IPv6TunnelTests(Tunnels, KindScenarios, KindTestCase, IPv6TestCase):
    pass


class IPv4MacvlanTests(Macvlans, KindScenarios, KindTestCase, IPv4TestCase):
    pass


class IPv6MacvlanTests(Macvlans, KindScenarios, KindTestCase, IPv6TestCase):
    pass


class IPv4VxlanTests(Vxlans, KindScenarios, KindTestCase, IPv4TestCase):
    pass


class IPv6VxlanTests(Vxlans, KindScenarios, KindTestCase, IPv6TestCase):
    pass
