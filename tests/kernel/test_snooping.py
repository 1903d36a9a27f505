"""Snooping switches around the proxy: Linux bridges with a querier, without, and with fast leave.

With fast leave a switch ends a stream to a port at the first leave that it sees there, without a
query. So the proxy must not send a leave upstream while a host still wants something, and a host
that leaves must not take the stream from another port.
"""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until

from .messages import TO_EX, TO_IN, queries, record
from .site import DOWN1, INSTANCE, UP, IPv4TestCase, IPv6TestCase, Scenarios, addresses


class UpstreamScenarios(Scenarios):
    """The server and another host are on a switch with the upstream; fast leave at the proxy."""

    has_querier = True

    def setUp(self) -> None:
        super().setUp()
        self.start(f"{INSTANCE}\nlocal-programs = true", explicit_tracking=True)

    def create_link(self, name: str) -> None:
        """Put a switch between the server and the proxy."""
        if name != "up":
            super().create_link(name)
            return
        self.switch = self.lab.switch("switch", snooping=True)
        self.lab.link(self.switch, "server", self.server, "eth0", (), addresses(UP, 2, 3, 4))
        self.lab.link(self.switch, "proxy", self.proxy, name, (), addresses(UP, 1))
        if self.has_querier:
            self.switch.sysctl("ipv6/conf/br0/disable_ipv6", 0)  # for the source of MLD queries
            self.switch.await_link("br0")
        options = ("mcast_igmp_version", "3", "mcast_mld_version", "2")
        querier = ("mcast_querier", str(int(self.has_querier)))
        self.switch.run("ip", "link", "set", "br0", "type", "bridge", *options, *querier)
        fast_leave = ("type", "bridge_slave", "mcast_fast_leave", "on")
        self.switch.run("ip", "link", "set", "proxy", *fast_leave)

    def await_snooping(self) -> None:
        """Wait until the switch sends only what was joined: its querier has waited for answers."""
        link = self.proxy.capture("up", data=True)
        probe = self.stream(self.groups[8])
        self.await_sources_on(link, [], 20)
        self.streams.remove(probe)
        probe.stop()


class QuerierScenarios(UpstreamScenarios):
    def test_stream_comes_with_the_join_and_ends_with_the_last_leave(self) -> None:
        self.await_snooping()
        link = self.proxy.capture("up", data=True)
        self.stream()
        self.assertEqual(self.sources_on(link), set())
        first, second = self.home.join(self.group), self.other.join(self.group)
        self.await_packets(first)
        self.await_packets(second)
        self.reset_counts(second)
        first.leave()
        self.await_sent(self.rate)
        self.assert_no_loss(second)
        second.leave()
        self.await_sources_on(link, [])

    def test_zapping_back_gets_the_stream_again(self) -> None:
        self.await_snooping()
        self.stream()
        for _ in range(3):
            member = self.home.join(self.group)
            self.await_packets(member)
            self.assert_no_new_loss(member)
            member.leave()
            member.close()

    def test_source_that_is_still_wanted_is_not_lost_when_others_end(self) -> None:
        """A host of any source leaves, one of a single source stays."""
        self.await_snooping()
        for source in self.sources[:2]:
            self.stream(source=source)
        everything = self.home.join(self.group)
        one = self.other.join(self.group, include=[self.source])
        self.await_packets(everything)
        self.await_packets(one)
        self.reset_counts(one)
        upstream = self.switch.capture("proxy")
        everything.leave()
        self.await_reported(upstream, record(TO_IN, self.group, self.source))
        self.await_sent(self.rate)
        self.assert_no_loss(one)

    def test_local_program_that_ends_does_not_end_the_stream_of_hosts(self) -> None:
        """LP-01: the switch cuts at the kernel's leave, until the daemon reports again."""
        self.await_snooping()
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member)
        program = self.proxy.join(self.group, "up")
        self.await_packets(program)
        self.reset_counts(member)
        upstream = self.switch.capture("proxy")
        program.close()
        self.await_reported(upstream, record(TO_IN, self.group))
        self.await_sent(2 * self.rate)  # the kernel repeats its leave within a second
        self.assertLess(member.of(self.source).lost, self.rate // 2)
        self.assert_no_new_loss(member)


class SilentScenarios(UpstreamScenarios):
    """Without a querier a switch sends everything to all ports."""

    has_querier = False

    def test_proxy_forwards_only_what_hosts_join(self) -> None:
        downstream = self.home.capture(data=True)
        upstream = self.switch.capture("proxy")
        self.stream()
        self.stream(self.groups[1])
        self.assertEqual(self.sources_on(downstream), set())
        member = self.home.join(self.group)
        self.await_packets(member)
        self.assert_no_new_loss(member)
        self.await_reported(upstream, record(TO_EX, self.group))
        self.assertEqual(self.sources_on(downstream, self.groups[1]), set())
        member.leave()
        self.await_sources_on(downstream, [])


class DownstreamScenarios(Scenarios):
    """Two hosts on a switch that snoops, with fast leave at their ports."""

    def setUp(self) -> None:
        super().setUp()
        options = ("mcast_snooping", "1", "mcast_igmp_version", "3", "mcast_mld_version", "2")
        self.lan.run("ip", "link", "set", "br0", "type", "bridge", *options)
        for port in ("home", "guest"):
            fast_leave = ("type", "bridge_slave", "mcast_fast_leave", "on")
            self.lan.run("ip", "link", "set", port, *fast_leave)

    def test_host_that_leaves_takes_nothing_from_the_other_port(self) -> None:
        queried = self.home.capture()
        self.start(explicit_tracking=True)
        wait_until(lambda: queries(queried), 5, "the proxy does not query")
        self.check_ports()

    def check_ports(self) -> None:
        """Two hosts join, one leaves."""
        link, upstream = self.home.capture(data=True), self.server.capture()
        self.stream()
        first, second = self.home.join(self.group), self.guest.join(self.group)
        self.await_packets(first)
        self.await_packets(second)
        self.reset_counts(second)
        first.leave()
        self.await_sources_on(link, [])
        self.await_sent(self.rate)
        self.assert_no_loss(second)
        second.leave()
        self.await_reported(upstream, record(TO_IN, self.group))


class IPv4QuerierTests(QuerierScenarios, IPv4TestCase):
    pass


class IPv6QuerierTests(QuerierScenarios, IPv6TestCase):
    pass


class IPv4SilentTests(SilentScenarios, IPv4TestCase):
    pass


class IPv6SilentTests(SilentScenarios, IPv6TestCase):
    pass


class IPv4DownstreamTests(DownstreamScenarios, IPv4TestCase):
    def await_switch_query(self, *options: str) -> None:
        """Make the switch the querier, and wait until it queries."""
        queried = self.home.capture()
        interval = ("mcast_startup_query_interval", "100", "mcast_query_interval", "100")
        words = (*interval, *options, "mcast_querier", "1")
        self.lan.run("ip", "link", "set", "br0", "type", "bridge", *words)
        wait_until(lambda: queries(queried), 5, "the switch does not query")

    def test_switch_that_queries_from_no_address_does_not_become_the_querier(self) -> None:
        """RFC 9776, section 6.6.2: the lowest address is elected; 0.0.0.0 is none."""
        self.await_switch_query()
        self.start(explicit_tracking=True)
        self.check_ports()

    def test_managed_switch_with_a_lower_address_ends_forwarding_until_it_is_not_allowed(
        self,
    ) -> None:
        """The log names the setting; a reload is enough."""
        self.lan.add_address("br0", f"{self.plan.at(DOWN1, 0)}/24")
        self.await_switch_query("mcast_query_use_ifaddr", "1")
        self.start()
        self.await_log("10.0.2.0 became the querier", "down1", "allowed-queriers")
        member = self.home.join(self.group)
        self.stream()
        self.await_sent()
        self.assertEqual(member.total(), 0)
        text = self.daemon.config.read_text(encoding="utf-8")
        allowed = text.replace("[defaults]", "[defaults]\nallowed-queriers = []")
        self.daemon.config.write_text(allowed, encoding="utf-8")
        self.daemon.command("reload")
        self.await_packets(member)
        self.assert_no_new_loss(member)

    def test_proxy_that_is_advertised_hears_hosts_of_a_switch_that_queries(self) -> None:
        """RFC 4286: else the switch sends their IGMPv2 reports to no port but those of routers."""
        self.lan.add_address("br0", f"{self.plan.at(DOWN1, 0)}/24")
        self.await_switch_query("mcast_query_use_ifaddr", "1")
        self.home.sysctl("ipv4/conf/eth0/force_igmp_version", 2)
        self.start(f"{INSTANCE}\nrouter-discovery = true", allowed_queriers=[])
        wait_until(
            lambda: "proxy" in self.lan.run("bridge", "-d", "mdb", "show").split("router ports")[-1]
        )
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member)
        self.assert_no_new_loss(member)


class IPv6DownstreamTests(DownstreamScenarios, IPv6TestCase):
    pass
