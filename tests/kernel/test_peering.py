"""Two proxies that are peers: data of their own sources goes directly from one to the other.

::

    server --- up  proxy  down1 --- [lan] --- home, guest
                    | peer
                    | peer
    second --- up  beta   down  --- other

On both proxies ``peer`` is upstream and downstream (RFC 7287, section 5). Only one of them is
the querier on that link.
"""

from __future__ import annotations

import time

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.host import Member
from mcproxy.lab.waiting import wait_until

from .messages import IS_EX, TO_EX, TO_IN, queries, record, records
from .running import with_defaults
from .site import (
    ADDRESS_PLANS,
    DOWN1,
    DOWN2,
    LAST_MEMBER_TIME,
    RATE,
    SETTINGS,
    SLACK,
    UP,
    UP2,
    IPv4TestCase,
    IPv6TestCase,
    Scenarios,
    addresses,
)

PEER = 5
QUERY_INTERVAL = 1
MEMBERSHIP_INTERVAL = 2 * QUERY_INTERVAL + SETTINGS["query-max-response-time"]

ALPHA = '[instance.alpha]\nupstream = ["up", "peer"]\ndownstream = ["down1", "peer"]\n'
BETA = '[instance.beta]\nupstream = ["up", "peer"]\ndownstream = ["down", "peer"]\n'


class PeeringScenarios(Scenarios):
    links = ("down1",)

    def setUp(self) -> None:
        super().setUp()
        self.second, self.beta = self.lab.node("second"), self.lab.node("beta")
        link, proxy, beta = self.lab.link, self.proxy, self.beta
        link(proxy, "peer", beta, "peer", addresses(PEER, 1), addresses(PEER, 2))
        link(self.other, "eth0", beta, "down", addresses(DOWN2, 2), addresses(DOWN2, 1))
        for plan in ADDRESS_PLANS.values():  # the way to the sources of the other proxy
            self.proxy.add_route(plan.subnet(DOWN2), plan.at(PEER, 2))
            self.beta.add_route(plan.subnet(DOWN1), plan.at(PEER, 1))
        self.near, self.far = self.plan.at(DOWN1, 2), self.plan.at(DOWN2, 2)

    def start_both(self) -> None:
        """Start both daemons and wait until each has heard the other."""
        line = self.proxy.capture("peer")
        defaults = f"query-interval = {QUERY_INTERVAL}\n"
        for node, config in ((self.beta, BETA), (self.proxy, ALPHA)):
            text = with_defaults(config).replace("[defaults]\n", f"[defaults]\n{defaults}")
            self.use_daemon(Daemon(node, text)).wait_ready()
        wait_until(lambda: queries(line) and queries(line, outgoing=True))

    def with_two_providers(self) -> None:
        """Connect each proxy to its own provider."""
        self.create_link("up")
        self.lab.link(self.second, "eth0", self.beta, "up", addresses(UP2, 2), addresses(UP2, 1))
        self.start_both()

    def assert_still_received(self, member: Member, source: str) -> None:
        """Check that a stream lost no packet until now and still arrives."""
        self.await_packets(member)
        self.assert_no_loss(member, source)

    def test_data_of_own_sources_reaches_the_peer(self) -> None:
        """MS-05..07, MS-10: in both directions, for longer than the membership timeout."""
        self.with_two_providers()
        captures = [node.capture(data=True) for node in (self.server, self.second)]
        one, other = self.groups[:2]
        far = self.other.join(one)
        self.stream(one, self.near, self.home)
        near = self.guest.join(other)
        self.stream(other, self.far, self.other)
        for member in (near, far):
            self.await_packets(member)
            member.forget()
        self.await_sent(int(2.5 * MEMBERSHIP_INTERVAL * RATE))
        self.assert_still_received(far, self.near)
        self.assert_still_received(near, self.far)
        # Neither the memberships of a peer nor its data are passed on.
        self.assertEqual([bool(records(c, one)) for c in captures], [False, True])
        self.assertEqual([bool(records(c, other)) for c in captures], [True, False])
        self.assertEqual(
            [{d.source for d in capture.data()} for capture in captures], [{self.near}, {self.far}]
        )

    def test_leave_of_the_last_member_stops_the_data_of_the_peer(self) -> None:
        """MS-06: the peer gets the leave and stops sending."""
        self.with_two_providers()
        data, reports = self.beta.capture("peer", data=True), self.beta.capture("peer")
        member = self.other.join(self.group)
        self.stream(self.group, self.near, self.home)
        self.await_packets(member)
        self.assertIn(record(TO_EX, self.group), records(reports, self.group, outgoing=True))
        left = time.time()
        member.leave()
        self.await_sources_on(data, [])
        self.assertIn(record(TO_IN, self.group), records(reports, self.group, outgoing=True))
        self.assertLess(time.time() - left, 2 * LAST_MEMBER_TIME + SLACK)  # both links are queried

    def test_data_from_upstream_is_not_sent_to_the_peer(self) -> None:
        """MS-09: a peer that wants the data receives it from its own upstream."""
        self.with_two_providers()
        data = self.beta.capture("peer", data=True)
        far, near = self.other.join(self.group), self.home.join(self.group)
        self.stream()
        self.await_packets(near)
        self.await_sources_on(data, [])
        self.assertEqual(far.total(), 0)
        self.stream(source=self.plan.at(UP2, 2), node=self.second)
        self.await_packets(far)
        self.assertEqual(self.sources_on(self.proxy.capture("peer", data=True)), set())

    def test_peer_that_never_queries_learns_our_memberships(self) -> None:
        """MS-06: our own queries make us report to the peer, although it never queries."""
        self.create_link("up")
        line = self.beta.capture("peer")
        text = with_defaults(ALPHA).replace("[defaults]\n", "[defaults]\nquery-interval = 1\n")
        self.use_daemon(Daemon(self.proxy, text)).wait_ready()
        self.home.join(self.group)
        for _ in range(2):
            self.await_reported(line, record(IS_EX, self.group))
            line.clear()

    def test_data_from_the_peer_and_from_upstream_is_forwarded_once(self) -> None:
        """MS-08, MS-11: the peer and the upstream both deliver it."""
        cloud = self.lab.switch("cloud")
        self.lab.link(cloud, "server", self.server, "eth0", (), addresses(UP, 2, 3, 4))
        self.lab.link(cloud, "alpha", self.proxy, "up", (), addresses(UP, 1))
        self.lab.link(cloud, "beta", self.beta, "up", (), addresses(UP, 5))
        self.start_both()
        far, near = self.other.join(self.group), self.guest.join(self.group)
        self.stream(self.group, self.near, self.home)
        self.await_packets(far)
        far.forget()
        self.await_sent(8 * RATE)  # the kernel sends a wrong-interface upcall every 3 s
        self.assert_still_received(far, self.near)
        self.assert_still_received(near, self.near)


class IPv4PeeringTests(PeeringScenarios, IPv4TestCase):
    pass


class IPv6PeeringTests(PeeringScenarios, IPv6TestCase):
    pass
