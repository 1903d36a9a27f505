"""FRR is the multicast domain upstream: it asks, and the source is two routers away.

::

    server eth0 --- eth0 core eth1 --- eth0 edge eth1 --- up proxy  down1, down2 as everywhere

``core`` is the rendezvous point of any-source groups, ``edge`` the querier of the upstream.
"""

from __future__ import annotations

from mcproxy.lab.capture import Capture
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire.packets import Leave, OldReport

from .frr import FrrRouter
from .messages import messages_on, queries
from .site import UP, IPv4TestCase, IPv6TestCase, Scenarios, addresses

SOURCES, BETWEEN = 9, 8
"""The links of the source and between the routers."""

MEMBERSHIP_TIME = 4.5
"""Seconds after which FRR forgets a group that is not reported, with the settings of ``frr``."""


class DomainScenarios(Scenarios):
    """Builds the domain; its querier speaks ``version``, or the current one."""

    version = 0

    def setUp(self) -> None:
        super().setUp()
        self.sources = [self.plan.at(SOURCES, host) for host in (2, 3)]
        self.source = self.sources[0]
        rp = self.plan.at(BETWEEN, 1)
        any_source = "239.0.0.0/8" if self.family is IPV4 else "ff15::/16"
        FrrRouter(self.core, self.family, rp, any_source, ("eth0", "eth1"))
        self.edge_router = FrrRouter(
            self.edge, self.family, rp, any_source, ("eth0",), "eth1", self.version
        )
        self.start()

    def create_link(self, name: str) -> None:
        """Put two routers between the server and the proxy."""
        if name != "up":
            super().create_link(name)
            return
        self.core, self.edge = self.lab.node("core"), self.lab.node("edge")
        far, between = addresses(SOURCES, 2, 3), addresses(BETWEEN, 1)
        self.lab.link(self.server, "eth0", self.core, "eth0", far, addresses(SOURCES, 1))
        self.lab.link(self.core, "eth1", self.edge, "eth0", between, addresses(BETWEEN, 2))
        self.lab.link(self.edge, "eth1", self.proxy, name, addresses(UP, 2), addresses(UP, 1))
        self.edge.add_route(self.plan.subnet(SOURCES), self.plan.at(BETWEEN, 1))
        self.core.add_route(self.plan.subnet(UP), self.plan.at(BETWEEN, 2))
        self.proxy.add_route(self.plan.subnet(SOURCES), self.plan.at(UP, 2))

    def listed(self) -> set[str]:
        """The groups of this test that FRR lists on the upstream."""
        return self.edge_router.groups("eth1") & {*self.groups, self.ssm}

    def await_listed(self, *groups: str) -> None:
        """Wait until FRR lists exactly these groups."""
        wait_until(lambda: self.listed() == set(groups), 15, f"FRR does not list {groups}")

    def await_end(self, upstream: Capture) -> None:
        """Wait until FRR lists no group, and no data comes from it."""
        self.await_listed()
        self.await_sources_on(upstream, [])


class FrrScenarios(DomainScenarios):
    def test_any_source_group_arrives_through_the_domain_and_ends_with_the_leave(self) -> None:
        upstream = self.proxy.capture("up", data=True)
        self.stream()
        self.assertEqual(self.sources_on(upstream), set())
        member = self.home.join(self.group)
        self.await_packets(member)
        self.assert_no_new_loss(member)
        self.await_listed(self.group)
        member.leave()
        self.await_end(upstream)

    def test_source_specific_group_arrives_through_the_domain_and_ends_with_the_leave(self) -> None:
        """Another source of the group does not pass FRR."""
        upstream = self.proxy.capture("up", data=True)
        for source in self.sources:
            self.stream(self.ssm, source)
        first = self.home.join(self.ssm, include=[self.sources[0]])
        self.await_packets(first)
        self.await_sources_on(upstream, [self.sources[0]])
        second = self.other.join(self.ssm, include=[self.sources[1]])
        self.await_packets(second)
        self.await_sources_on(upstream, self.sources)
        self.assertEqual(self.edge_router.sources("eth1", self.ssm), set(self.sources))
        first.leave()
        self.await_sources_on(upstream, [self.sources[1]])
        self.assert_no_new_loss(second, self.sources[1])
        second.leave()
        self.await_end(upstream)

    def test_memberships_last_while_frr_queries(self) -> None:
        link = self.proxy.capture("up")
        self.stream()
        self.stream(self.ssm)
        members = [self.home.join(self.group), self.other.join(self.ssm, include=[self.source])]
        for member in members:
            self.await_packets(member)
            self.reset_counts(member)
        self.await_sent(int(self.rate * 1.5 * MEMBERSHIP_TIME))
        self.assertGreater(len(queries(link)), 1)
        self.await_listed(self.group, self.ssm)
        for member in members:
            self.assert_no_loss(member)


class OlderScenarios(DomainScenarios):
    """FRR queries in the version before the current one."""

    def test_group_is_joined_and_left_in_the_older_version(self) -> None:
        link = self.proxy.capture("up")
        self.await_log("upstream router speaks", "up")
        upstream = self.proxy.capture("up", data=True)
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member)
        self.assert_no_new_loss(member)
        self.await_listed(self.group)
        member.leave()
        self.await_end(upstream)
        group = packed(self.group)
        said = [one.packet for one in messages_on(link, outgoing=True)]
        of_group = [p for p in said if isinstance(p, OldReport | Leave) and p.group == group]
        self.assertIn(OldReport(self.version, group), of_group)
        self.assertIsInstance(of_group[-1], Leave)


class IPv4FrrTests(FrrScenarios, IPv4TestCase):
    pass


class IPv6FrrTests(FrrScenarios, IPv6TestCase):
    pass


class IPv4OlderTests(OlderScenarios, IPv4TestCase):
    version = 2


class IPv6OlderTests(OlderScenarios, IPv6TestCase):
    version = 1
