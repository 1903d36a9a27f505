"""Reports still reach the proxy after its link was disturbed, though the kernel forgets groups.

The kernel drops all memberships of a family with the family itself, which it removes from an
interface whose MTU is below the family's minimum: 1280 for IPv6, 68 for IPv4.
"""

from __future__ import annotations

import json

from mcproxy.lab.capture import Capture
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.report_groups import ReportGroups
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Family, text

from .memberships import joined
from .messages import TO_EX, record, records
from .site import DOWN1, IPv4TestCase, IPv6TestCase, Scenarios, addresses
from .support import KernelTestCase


class DisturbanceScenarios(Scenarios):
    """A member on each downstream link; down1 is disturbed, and the query interval is long."""

    def setUp(self) -> None:
        super().setUp()
        self.start(query_interval=100)
        self.stream()
        self.member, self.bystander = self.home.join(self.group), self.other.join(self.group)
        self.await_packets(self.member)
        self.await_packets(self.bystander)

    def check_join_is_heard(self) -> None:
        """The members keep their stream, and a new member gets the one that it asks for."""
        self.proxy.await_link("down1")
        self.await_packets(self.member)
        self.stream(self.groups[1])
        self.await_packets(self.guest.join(self.groups[1]))
        self.assert_no_loss(self.bystander)

    def set_mtu(self, mtu: int) -> None:
        self.proxy.set_link("down1", mtu=mtu)

    def disable_ipv6(self, value: int) -> None:
        self.proxy.sysctl("ipv6/conf/down1/disable_ipv6", value)

    def ipv6_addresses(self) -> str:
        lines = self.proxy.run("cat", "/proc/net/if_inet6").splitlines()
        return "\n".join(line for line in lines if line.endswith(" down1"))

    def test_join_is_heard_after_a_small_mtu(self) -> None:
        self.set_mtu(1200)
        wait_until(lambda: not self.ipv6_addresses())
        self.await_sent(100)
        self.set_mtu(1500)
        self.check_join_is_heard()

    def test_join_is_heard_after_a_small_mtu_for_a_moment(self) -> None:
        for _ in range(3):
            self.set_mtu(1200)
            self.set_mtu(1500)
        self.check_join_is_heard()

    def test_join_is_heard_after_all_addresses_were_replaced(self) -> None:
        own = [*addresses(DOWN1, 1), self.link_local("down1")]
        for address in own:
            self.proxy.delete_address("down1", address)
        self.await_sent(100)
        for address in own:
            self.proxy.add_address("down1", address)
        self.check_join_is_heard()

    def test_join_is_heard_after_ipv6_was_disabled(self) -> None:
        self.disable_ipv6(1)
        wait_until(lambda: not self.ipv6_addresses())
        self.await_sent(100)
        self.disable_ipv6(0)
        self.check_join_is_heard()

    def test_join_is_heard_after_down_and_up(self) -> None:
        self.proxy.set_link("down1", state="down")
        self.await_sent(100)
        self.proxy.set_link("down1", state="up")
        self.lan.await_link("proxy")
        self.check_join_is_heard()


class IPv4DisturbanceTests(DisturbanceScenarios, IPv4TestCase):
    pass


class IPv6DisturbanceTests(DisturbanceScenarios, IPv6TestCase):
    pass


class RouterScenarios(Scenarios):
    """The proxy's own membership on its downstreams."""

    def test_router_reports_its_membership_and_receives_all_groups(self) -> None:
        """RT-07, RT-08: the kernel reports the group that hosts send their reports to."""
        link = self.home.capture()
        self.start()
        reports = text(self.family.report_destination)
        self.await_reported(link, record(TO_EX, reports))
        for name in ("down1", "down2"):
            found = self.proxy.run("ip", "-details", "-json", "link", "show", "dev", name)
            self.assertGreaterEqual(json.loads(found)[0]["allmulti"], 1, name)


class IPv4RouterTests(RouterScenarios, IPv4TestCase):
    pass


class IPv6RouterTests(RouterScenarios, IPv6TestCase):
    pass


class RenewalTests(KernelTestCase):
    """ReportGroups alone."""

    def groups(self, family: Family, index: int) -> ReportGroups:
        opened: ReportGroups = self.open(self.router, ReportGroups, family, index)
        return opened

    def assert_joined(self, family: Family, index: int, expected: bool) -> None:
        for group in (family.all_routers, family.report_destination):
            found = text(group) in joined(self.router, family, index)
            self.assertEqual(found, expected, text(group))

    def test_membership_lost_to_a_small_mtu_is_renewed(self) -> None:
        """RT-07."""
        self.router.ip("link add ifb0 type ifb")  # which may have any MTU
        self.router.ip("link set ifb0 up")
        index = self.router.index("ifb0")
        for family, small in ((IPV4, 60), (IPV6, 1200)):
            groups = self.groups(family, index)
            self.assert_joined(family, index, True)
            self.router.ip(f"link set ifb0 mtu {small}")
            groups.renew()
            self.assert_joined(family, index, False)
            self.router.ip("link set ifb0 mtu 1500")
            self.assert_joined(family, index, False)
            groups.renew()
            self.assert_joined(family, index, True)
            groups.close()
            self.assert_joined(family, index, False)

    def test_renewal_leaves_the_memberships_of_others_alone(self) -> None:
        """The kernel itself is a member of all-routers where it forwards."""
        index, routers = self.indexes[1], text(IPV6.all_routers)
        self.router.sysctl("ipv6/conf/all/forwarding", 1)
        groups = self.groups(IPV6, index)
        for mtu in (1200, 1500):
            self.router.ip(f"link set down0 mtu {mtu}")
            groups.renew()
        self.assert_joined(IPV6, index, True)
        groups.close()
        self.assertIn(routers, joined(self.router, IPV6, index))

    def test_renewal_of_an_intact_membership_keeps_it(self) -> None:
        """And no message says that it ended."""
        for family in FAMILIES:
            link = self.open(self.peer, Capture, "down0", False)
            groups, group = self.groups(family, self.indexes[1]), text(family.report_destination)
            wait_until(lambda: records(link, group))  # noqa: B023
            link.clear()
            groups.renew()
            self.assert_joined(family, self.indexes[1], True)
            wait_until(lambda: records(link, group))  # noqa: B023
            self.assertEqual({one.type for one in records(link, group)}, {TO_EX})

    def test_renewal_on_a_deleted_interface_raises_nothing(self) -> None:
        for family, name in zip(FAMILIES, self.links, strict=False):
            groups = self.groups(family, self.router.index(name))
            self.router.ip(f"link del {name}")
            groups.renew()

    def test_renewal_after_close_joins_nothing(self) -> None:
        for family in FAMILIES:
            groups = self.groups(family, self.indexes[1])
            groups.close()
            groups.renew()
            self.assert_joined(family, self.indexes[1], False)
