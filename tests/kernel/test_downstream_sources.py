"""Sources on downstream links: their data goes upstream and to members on other links."""

from __future__ import annotations

from mcproxy.protocol.family import IPV4

from .site import DOWN1, UP, IPv4TestCase, IPv6TestCase, Scenarios


class DownstreamSourceScenarios(Scenarios):
    """The host at home is a source."""

    def setUp(self) -> None:
        super().setUp()
        self.source = self.plan.at(DOWN1, 2)
        self.start()
        self.upstream = self.server.capture(data=True)
        self.own_link = self.home.capture(data=True)
        self.elsewhere = self.other.capture(data=True)

    def check_nothing_came_back(self) -> None:
        """Check that no packet was sent back to the link that it came from."""
        self.assertEqual(list(self.own_link.data()), [])

    def test_data_of_a_downstream_source_reaches_the_upstream_without_members(self) -> None:
        """FWD-02, FWD-04."""
        self.stream(node=self.home)
        self.await_sources_on(self.upstream, [self.source])
        self.assert_no_loss_on_link(self.upstream, self.source)
        self.assertEqual(list(self.elsewhere.data()), [])
        self.check_nothing_came_back()

    def test_data_of_a_downstream_source_reaches_members_on_all_links(self) -> None:
        """FWD-02, FWD-04."""
        neighbour = self.guest.join(self.group)
        member = self.other.join(self.group)
        self.stream(node=self.home)
        self.await_packets(member)
        self.await_packets(neighbour)
        self.assert_no_loss(member, self.source)
        self.assert_no_loss(neighbour, self.source)
        self.assert_no_loss_on_link(self.upstream, self.source)
        self.check_nothing_came_back()

    def test_members_join_and_leave_while_a_downstream_source_sends(self) -> None:
        """FWD-02, FWD-06."""
        self.stream(node=self.home)
        self.await_sent()
        member = self.other.join(self.group)
        self.await_packets(member)
        member.leave()
        self.await_sources_on(self.elsewhere, [])
        self.assert_no_loss(member, self.source)
        self.await_sources_on(self.upstream, [self.source])
        self.check_nothing_came_back()

    def test_upstream_and_downstream_sources_of_one_group_reach_members(self) -> None:
        """FWD-01, FWD-02, FWD-04."""
        far = self.sources[0]
        self.stream(node=self.home)
        self.stream(source=far)
        member, neighbour = self.other.join(self.group), self.guest.join(self.group)
        self.await_sources_on(self.elsewhere, [self.source, far])
        self.await_sources_on(self.own_link, [far])
        self.await_sources_on(self.upstream, [self.source])
        self.assert_no_loss(member, self.source, far)
        self.assert_no_loss(neighbour, self.source, far)

    def test_member_that_includes_a_downstream_source_receives_it(self) -> None:
        """FWD-02, FWD-05."""
        for group in (self.group, self.ssm):
            member = self.other.join(group, include=[self.source])
            self.stream(group, node=self.home)
            self.await_packets(member)
            self.assert_no_loss(member, self.source)
            self.assert_no_loss_on_link(self.upstream, self.source)
            self.check_nothing_came_back()
            self.streams.pop().stop()
            self.upstream.clear()

    def test_member_that_excludes_a_downstream_source_does_not_receive_it(self) -> None:
        """FWD-02, FWD-05."""
        self.other.join(self.group, exclude=[self.source])
        self.stream(node=self.home)
        self.stream(source=self.sources[0])
        self.await_sources_on(self.elsewhere, [self.sources[0]])
        self.await_sources_on(self.upstream, [self.source])
        self.check_nothing_came_back()

    def test_source_whose_route_leads_elsewhere_is_found_by_its_data(self) -> None:
        """FWD-14."""
        net, self.source = REMOTE_SUBNETS[self.family is IPV4]
        length = net.partition("/")[2]
        self.proxy.add_route(net, self.plan.at(UP, 2))
        self.home.add_address("eth0", f"{self.source}/{length}")
        member = self.other.join(self.group, include=[self.source])
        self.stream(node=self.home)
        self.await_packets(member)
        self.assert_no_loss(member, self.source)
        self.await_sources_on(self.upstream, [self.source])
        self.check_nothing_came_back()

    def test_entry_follows_a_source_that_moves_to_another_link(self) -> None:
        """FWD-14."""
        net, self.source = REMOTE_SUBNETS[self.family is IPV4]
        length = net.partition("/")[2]
        for node in (self.server, self.home):
            node.add_address("eth0", f"{self.source}/{length}")
        member = self.other.join(self.group, include=[self.source])
        here = self.stream(node=self.home)
        self.await_packets(member)
        here.stop()
        member.forget()
        self.stream(node=self.server)
        self.await_packets(member, timeout=8)  # the kernel sends such an upcall at most every 3 s
        self.assert_no_loss(member, self.source)


REMOTE_SUBNETS = {True: ("10.9.0.0/16", "10.9.0.9"), False: ("fd09::/64", "fd09::9")}
"""A subnet that is on no link of the proxy, and a source in it; the key is "is IPv4"."""


class IPv4DownstreamSourceTests(DownstreamSourceScenarios, IPv4TestCase):
    pass


class IPv6DownstreamSourceTests(DownstreamSourceScenarios, IPv6TestCase):
    pass
