"""Links that are recreated, renamed, put into a bridge, or too many.

The upstream is a cable to a provider's bridge, so the server's link stays up when it disappears.
"""

from __future__ import annotations

import time

from pyroute2 import IPRoute

from mcproxy.lab.capture import Capture
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, MAX_VIFS, packed

from .messages import TO_EX, TO_IN, queries, record, timed_records
from .providers import Providers, ProvidersTestCase
from .running import with_defaults
from .site import UP, UP2, IPv4TestCase, IPv6TestCase, addresses

RETURN_TIME = 0.7
"""Maximum seconds from the time when a link comes up until streams arrive.

Less than the second after which a report is repeated; on a busy machine everything is late.
"""

ONE_UPSTREAM = '[instance.tv]\nupstream = "up"\ndownstream = ["down1", "down2", "ppp*"]\n'
PER_SOURCE = 'forwarding = "per-source"'


class LinksScenarios(Providers):
    """The links of an instance change; members on both downstreams receive a stream."""

    def start_with_members(self, *lines: str) -> None:
        """Start the daemon, the stream and the members, and wait until they receive it."""
        self.start("\n".join((ONE_UPSTREAM, *lines)), query_interval=4)
        self.stream(interface="eth0")
        self.member, self.bystander = self.home.join(self.group), self.other.join(self.group)
        self.await_packets(self.member)
        self.await_packets(self.bystander)

    def create_spare_interface(self, link: int) -> Capture:
        """Create the interface ``spare`` on a new cable to the provider, and leave it down.

        Returns a capture at the provider's end of the cable.
        """
        self.lab.link(self.near, "again", self.proxy, "spare", (), addresses(link, 7))
        self.proxy.set_link("spare", state="down")
        return self.near.capture("again", data=True)

    def rename_and_set_up(self, old: str, new: str) -> float:
        """Rename the interface ``old``, which is down, and set it up; the time of that."""
        self.proxy.set_link(old, ifname=new)
        begun = time.time()
        self.proxy.set_link(new, state="up")
        return begun

    def assert_stream_returned(self, provider: Capture, link: Capture, begun: float) -> None:
        """Check that the provider got the join at once, and its data reached a member's link."""
        self.await_reported(provider, record(TO_EX, self.group))
        wait_until(lambda: any(one.time > begun for one in link.data()), 5, "no stream")
        asked = next(when for when, _ in timed_records(provider, self.group) if when > begun)
        sent = next(one.time for one in provider.data(outgoing=True) if one.time > begun)
        came = next(one.time for one in link.data() if one.time > begun)
        self.assertLess(asked - begun, RETURN_TIME)
        self.assertLess(came - max(begun, sent), RETURN_TIME)


class RedialScenarios(LinksScenarios):
    def recreate_upstream(self) -> None:
        """Delete the upstream, and create it again with another index and address."""
        link = self.home.capture(data=True)
        provider = self.create_spare_interface(UP2)
        self.proxy.delete_link("up")
        self.await_log("up:", "upstream lost")
        self.await_sent()
        link.clear()
        self.assert_stream_returned(provider, link, self.rename_and_set_up("spare", "up"))
        self.member.forget()
        self.await_packets(self.member, 100)
        self.assert_no_loss(self.member)

    def test_upstream_created_again_forwards_by_groups(self) -> None:
        """GQ-06, FWD-06, HR-07."""
        self.start_with_members()
        self.recreate_upstream()

    def test_upstream_created_again_forwards_source_by_source(self) -> None:
        """GQ-06, FWD-06, HR-07."""
        self.start_with_members(PER_SOURCE)
        self.recreate_upstream()

    def test_upstream_recreated_many_times_ends_in_the_last_state(self) -> None:
        """The last state counts, however quickly the links change."""
        self.start_with_members()
        for _ in range(5):
            self.proxy.delete_link("up")
            self.lab.link(self.near, "proxy", self.proxy, "up", (), addresses(UP, 1))
        self.await_packets(self.member)
        self.await_packets(self.bystander)

    def test_upstream_that_flaps_sixty_times_forwards_again_and_is_logged_as_one(self) -> None:
        self.start_with_members()
        with self.proxy.namespace, IPRoute() as ip:
            index = self.proxy.index("up")
            for _ in range(60):
                ip.link("set", index=index, state="down")
                ip.link("set", index=index, state="up")
        if self.family is not IPV4:
            self.proxy.add_address("up", addresses(UP, 1)[1])  # it goes with the link
        self.member.forget()
        self.await_packets(self.member)
        self.await_packets(self.bystander)
        changes = [
            line
            for line in self.daemon.lines
            if "upstream lost" in line or "upstream found" in line
        ]
        self.assertLess(len(changes), 10)
        self.assertEqual([line for line in self.daemon.lines if "no room" in line], [])

    def test_interface_that_takes_the_name_of_another_takes_its_role(self) -> None:
        """Another interface gets the name, and with it the role."""
        self.start_with_members()
        provider, link = self.create_spare_interface(UP2), self.home.capture(data=True)
        self.proxy.set_link("up", state="down")
        self.proxy.set_link("up", ifname="old")
        self.await_log("up:", "upstream lost")
        link.clear()
        self.assert_stream_returned(provider, link, self.rename_and_set_up("spare", "up"))
        self.proxy.set_link("old", state="up")
        self.member.forget()
        self.await_packets(self.member, 100)
        self.assert_no_loss(self.member)


class BridgeScenarios(LinksScenarios):
    """The proxy has a bridge ``ppp-lan``, which matches the downstream pattern."""

    def setUp(self) -> None:
        super().setUp()
        with self.proxy.namespace, IPRoute() as ip:
            ip.link("add", ifname="ppp-lan", kind="bridge", br_forward_delay=0, state="up")
        for address in addresses(7, 1):
            self.proxy.add_address("ppp-lan", address)

    def set_bridge(self, interface: str, bridge: str = "") -> None:
        """Make an interface a port of a bridge, or release it."""
        master = self.proxy.index(bridge) if bridge else 0
        self.proxy.set_link(interface, master=master)

    def test_downstream_enslaved_to_a_bridge_and_released_is_proxied_again(self) -> None:
        """In between, reports of its hosts arrive on the bridge; other links lose no packet."""
        self.start_with_members()
        self.set_bridge("down1", "ppp-lan")
        self.await_log("down1:", "downstream lost")
        self.await_packets(self.member, 200, timeout=10)
        self.member.forget()
        self.await_packets(self.member, 100)
        self.assert_no_loss(self.member)
        self.set_bridge("down1")
        self.await_log("down1:", "downstream found", count=2)
        self.await_packets(self.member, 100, timeout=10)
        self.await_packets(self.bystander)
        self.assert_no_loss(self.bystander)

    def test_upstream_enslaved_to_a_bridge_and_released_is_used_again(self) -> None:
        """While it is a bridge port it is no upstream; then it is joined again."""
        self.start_with_members()
        provider = self.near.capture("proxy")
        self.set_bridge("up", "ppp-lan")
        self.await_log("up:", "upstream lost")
        provider.clear()
        self.set_bridge("up")
        self.await_reported(provider, record(TO_EX, self.group))
        self.await_packets(self.member)


class PatternScenarios(LinksScenarios):
    def add_dummies(self, *numbers: int) -> None:
        """Create interfaces that match the pattern and have no hosts."""
        for number in numbers:
            address = f"10.77.{number}.1/24"
            self.lab.link(self.other, f"x{number}", self.proxy, f"ppp{number}", (), [address])

    def test_links_that_match_a_pattern_appear_and_disappear(self) -> None:
        """Memberships end when a link is deleted, or renamed so that it matches no more."""
        self.start_with_members()
        provider = self.near.capture("proxy")
        guest, wanted = self.lab.node("dialled"), self.groups[1]
        self.lab.link(guest, "eth0", self.proxy, "ppp0", addresses(7, 2), addresses(7, 1))
        guest.join(wanted)
        self.await_reported(provider, record(TO_EX, wanted))
        self.assertIn("ppp0", self.vifs())
        self.proxy.set_link("ppp0", state="down")
        self.proxy.set_link("ppp0", ifname="other0")
        self.proxy.set_link("other0", state="up")
        self.await_reported(provider, record(TO_IN, wanted))
        wait_until(lambda: not {"ppp0", "other0"} & set(self.vifs()))
        self.await_packets(self.bystander)
        self.assert_no_loss(self.bystander)

    def test_point_to_point_link_that_matches_a_pattern_is_proxied(self) -> None:
        """PM-01, PM-09: it sends from its local address, not from the peer address."""
        self.start_with_members()
        dialled, (local, remote) = self.lab.node("dialled"), ("10.77.0.1", "10.77.0.2")
        self.lab.link(dialled, "eth0", self.proxy, "ppp0")
        for node, name, own, peer in (
            (dialled, "eth0", remote, local),
            (self.proxy, "ppp0", local, remote),
        ):
            node.run("ip", "address", "add", own, "peer", f"{peer}/32", "dev", name)
        link, member = dialled.capture(), dialled.join(self.group)
        self.await_packets(member)
        self.assert_no_new_loss(member)
        own = local if self.family is IPV4 else self.link_local("ppp0").partition("/")[0]
        wait_until(lambda: packed(own) in {one.source for one in queries(link)})
        member.leave()
        self.await_sources_on(dialled.capture(data=True), [])

    def test_link_beyond_the_table_size_is_logged_and_used_when_there_is_room(self) -> None:
        """The daemon logs a link for which the table has no vif left."""
        self.daemon = Daemon(self.proxy, with_defaults(ONE_UPSTREAM))
        self.daemon.wait_ready()
        room = MAX_VIFS - 3
        self.add_dummies(*range(room))
        wait_until(lambda: len(self.vifs()) == MAX_VIFS, 10)
        self.add_dummies(room)
        late = f"ppp{room}"
        self.await_log(f"{self.family.name} {late}:", "has no room")
        self.proxy.delete_link("ppp0")
        self.await_log(f"{self.family.name} {late}:", "downstream found")
        wait_until(lambda: late in self.vifs())
        member = self.home.join(self.group)
        self.stream(interface="eth0")
        self.await_packets(member)
        self.assert_no_loss(member)


class IPv4RedialTests(RedialScenarios, ProvidersTestCase, IPv4TestCase):
    pass


class IPv6RedialTests(RedialScenarios, ProvidersTestCase, IPv6TestCase):
    pass


class IPv4BridgeTests(BridgeScenarios, ProvidersTestCase, IPv4TestCase):
    pass


class IPv6BridgeTests(BridgeScenarios, ProvidersTestCase, IPv6TestCase):
    pass


class IPv4PatternTests(PatternScenarios, ProvidersTestCase, IPv4TestCase):
    pass


class IPv6PatternTests(PatternScenarios, ProvidersTestCase, IPv6TestCase):
    pass
