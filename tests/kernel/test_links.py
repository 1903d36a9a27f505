"""Interfaces appear, disappear and change, while hosts and senders stay as they are.

The query interval is short: a bridge may need a second until it forwards on a port that came up,
so the first query may be lost.
"""

from __future__ import annotations

import time

from mcproxy.lab.capture import Capture
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire.packets import Packet, Query, Report

from .messages import TO_EX, messages_on, record, timed_records
from .site import DOWN1, UP, IPv4TestCase, IPv6TestCase, Scenarios


class LinkScenarios(Scenarios):
    """Members on both downstream links receive a stream."""

    def setUp(self) -> None:
        super().setUp()
        self.start(query_interval=4)
        self.stream()
        self.member, self.bystander = self.home.join(self.group), self.other.join(self.group)
        self.await_packets(self.member)
        self.await_packets(self.bystander)

    def await_link_lost(self, interface: str) -> None:
        """Wait until the daemon logs that a link is lost."""
        self.await_log(f"tv/{self.family.name} {interface}:", "lost")

    def change_address(self, interface: str, link: int) -> bytes:
        """Give an interface of the proxy a new address and delete its old one; the new address."""
        if self.family is IPV4:
            # In another subnet: the kernel deletes secondary addresses with the primary one.
            new, [old] = f"10.7.{link}.70/24", self.plan.cidrs(link, 1)
        else:
            new, old = "fe80::70/64", self.link_local(interface)
        self.proxy.add_address(interface, new)
        self.proxy.delete_address(interface, old)
        return packed(new.partition("/")[0])

    def await_message_from(self, link: Capture, source: bytes, kind: type[Packet]) -> None:
        """Wait for a message of this type from this address."""

        def came() -> bool:
            return any(
                who == source and isinstance(what, kind) for _, who, what in messages_on(link)
            )

        wait_until(came, message=f"no {kind.__name__} from the new address")


class DownstreamScenarios(LinkScenarios):
    """A downstream link changes; the member on the other link never loses a packet."""

    def check_is_proxied_again(self) -> None:
        """Check that the old member and a new one receive streams."""
        self.await_packets(self.member)
        self.stream(self.groups[1])
        self.await_packets(self.guest.join(self.groups[1]))
        self.assert_no_loss(self.bystander)

    def test_link_deleted_and_created_again_is_proxied_again(self) -> None:
        """GQ-06, FWD-06, HR-07."""
        self.proxy.delete_link("down1")
        self.await_link_lost("down1")
        self.await_sent()
        self.create_link("down1")
        self.check_is_proxied_again()

    def test_link_deleted_and_created_again_at_once_is_proxied_again(self) -> None:
        for _ in range(3):
            self.proxy.delete_link("down1")
            self.create_link("down1")
        self.check_is_proxied_again()

    def test_link_set_down_and_up_is_proxied_again(self) -> None:
        """GQ-06, HR-07."""
        self.proxy.set_link("down1", state="down")
        self.await_link_lost("down1")
        self.proxy.set_link("down1", state="up")
        self.check_is_proxied_again()

    def test_link_that_loses_and_regains_its_carrier_is_proxied_again(self) -> None:
        self.lan.set_link("proxy", state="down")
        self.await_link_lost("down1")
        self.lan.set_link("proxy", state="up")
        self.check_is_proxied_again()

    def test_link_renamed_and_named_back_is_proxied_again(self) -> None:
        self.proxy.set_link("down1", state="down")
        self.proxy.set_link("down1", ifname="elsewhere", state="up")
        self.await_link_lost("down1")
        self.proxy.set_link("elsewhere", state="down")
        self.proxy.set_link("elsewhere", ifname="down1", state="up")
        self.check_is_proxied_again()

    def test_link_that_gets_a_new_address_after_a_pause_keeps_its_members(self) -> None:
        link = self.home.capture()
        old = self.plan.cidrs(DOWN1, 1)[0] if self.family is IPV4 else self.link_local("down1")
        self.proxy.delete_address("down1", old)
        self.await_sent(100)
        new = "10.0.2.70/24" if self.family is IPV4 else "fe80::70/64"
        self.proxy.add_address("down1", new)
        self.await_message_from(link, packed(new.partition("/")[0]), Query)
        self.check_is_proxied_again()
        self.assert_no_loss(self.member)

    def test_link_that_changes_its_address_is_proxied_with_the_new_one(self) -> None:
        """QE-07."""
        link = self.home.capture()
        new = self.change_address("down1", DOWN1)
        self.await_message_from(link, new, Query)
        self.check_is_proxied_again()
        self.assert_no_loss(self.member)


class UpstreamScenarios(LinkScenarios):
    """The upstream link changes."""

    def check_is_proxied_again(self) -> None:
        """Check that old and new members receive streams, and the new group is reported."""
        for stream in self.streams:
            stream.stop()  # its interface may be deleted
        upstream = self.server.capture()
        self.stream(self.groups[1])
        self.await_packets(self.home.join(self.groups[1]))
        self.await_reported(upstream, record(TO_EX, self.groups[1]))
        self.stream()
        self.await_packets(self.member)
        self.await_packets(self.bystander)

    def test_link_deleted_and_created_again_is_proxied_again(self) -> None:
        """GQ-06, FWD-06, HR-07."""
        self.proxy.delete_link("up")
        self.await_link_lost("up")
        self.create_link("up")
        self.check_is_proxied_again()

    def test_short_losses_of_carrier_are_followed_by_a_report(self) -> None:
        """HR-07: the kernel may tell of two of them as of one, or of none."""
        up = self.proxy.capture("up")
        for _ in range(2):
            self.server.set_link("eth0", state="down")
            time.sleep(0.05)
            self.server.set_link("eth0", state="up")
            time.sleep(0.05)
        last = time.time()
        wait_until(
            lambda: any(
                when > last and each == record(TO_EX, self.group)
                for when, each in timed_records(up, self.group, outgoing=True)
            ),
            5,
            "no report after the last loss of carrier",
        )

    def test_link_deleted_and_created_again_at_once_is_proxied_again(self) -> None:
        for _ in range(3):
            self.proxy.delete_link("up")
            self.create_link("up")
        self.check_is_proxied_again()

    def test_link_set_down_and_up_is_proxied_again(self) -> None:
        """GQ-06, HR-07."""
        upstream = self.server.capture()
        self.proxy.set_link("up", state="down")
        self.await_link_lost("up")
        late = self.other.join(self.groups[2])
        upstream.clear()
        self.proxy.set_link("up", state="up")
        self.await_reported(upstream, record(TO_EX, self.group), record(TO_EX, self.groups[2]))
        self.stream(self.groups[2])
        self.await_packets(late)
        self.check_is_proxied_again()

    def test_link_that_changes_its_address_is_proxied_with_the_new_one(self) -> None:
        """QE-07."""
        upstream = self.server.capture()
        new = self.change_address("up", UP)
        expected = record(TO_EX, self.group)

        def reporting_addresses() -> list[bytes]:
            found = [
                (who, what) for _, who, what in messages_on(upstream) if isinstance(what, Report)
            ]
            return [who for who, report in found if expected in report]

        wait_until(lambda: len(reporting_addresses()) >= 2, message="not reported again")
        self.assertEqual(reporting_addresses()[-1], new)
        self.await_packets(self.member)
        self.assert_no_loss(self.member)


class LateScenarios(Scenarios):
    """Interfaces that do not exist, or are down, when the daemon starts."""

    links = ("down2",)

    def test_interfaces_created_after_the_start_are_proxied(self) -> None:
        self.start(query_interval=4)
        self.await_log("down1", "interface not found")
        early, late = self.other.join(self.group), self.home.join(self.group)
        self.create_link("up")
        self.stream()
        self.await_packets(early)
        self.create_link("down1")
        self.await_packets(late)
        self.assert_no_loss(early)

    def test_interfaces_set_up_after_the_start_are_proxied(self) -> None:
        for name in ("up", "down1"):
            self.create_link(name)
            self.proxy.set_link(name, state="down")
        self.start(query_interval=4)
        member = self.home.join(self.group)
        self.proxy.set_link("down1", state="up")
        self.proxy.set_link("up", state="up")
        self.server.await_link("eth0")
        self.stream()
        self.await_packets(member)

    def test_interface_that_matches_a_pattern_is_proxied_when_it_appears(self) -> None:
        instance = '[instance.tv]\nupstream = "up"\ndownstream = ["down?"]\n'
        self.start(instance, query_interval=4)
        self.create_link("up")
        self.create_link("down1")
        self.stream()
        for node in (self.home, self.other):
            self.await_packets(node.join(self.group))

    def test_downstream_that_gets_its_address_late_is_proxied(self) -> None:
        self.create_link("up")
        self.create_link("down1")
        old = self.plan.cidrs(DOWN1, 1)[0] if self.family is IPV4 else self.link_local("down1")
        self.proxy.delete_address("down1", old)
        self.start(query_interval=4)
        member = self.home.join(self.group)
        self.proxy.add_address("down1", old)
        self.stream()
        self.await_packets(member)

    def test_upstream_without_an_address_is_used(self) -> None:
        """IP4-SD-05."""
        self.create_link("up")
        self.proxy.delete_address("up", self.plan.cidrs(UP, 1)[0])
        self.start(query_interval=4)
        upstream = self.server.capture()
        member = self.other.join(self.group)
        self.stream()
        self.await_packets(member)
        own = "0.0.0.0" if self.family is IPV4 else self.link_local("up").partition("/")[0]
        reporting_addresses = {
            who for _, who, what in messages_on(upstream) if self.is_report_of(what, self.group)
        }
        self.assertEqual(reporting_addresses, {packed(own)})

    def is_report_of(self, packet: Packet, group: str) -> bool:
        """Whether it is a report with a record of this group."""
        return isinstance(packet, Report) and packed(group) in {r.group for r in packet}


class IPv4DownstreamTests(DownstreamScenarios, IPv4TestCase):
    pass


class IPv6DownstreamTests(DownstreamScenarios, IPv6TestCase):
    pass


class IPv4UpstreamTests(UpstreamScenarios, IPv4TestCase):
    pass


class IPv6UpstreamTests(UpstreamScenarios, IPv6TestCase):
    pass


class IPv4LateTests(LateScenarios, IPv4TestCase):
    pass


class IPv6LateTests(LateScenarios, IPv6TestCase):
    pass
