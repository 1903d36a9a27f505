"""What the two families know about addresses."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Predicate, packed, text

from .families import FamilyTests, addresses, both_families, examples


class AddressTests(SynchronousTestCase):
    """Addresses of groups and sources, by the ranges of the RFCs."""

    def check(self, predicate: Predicate, those: str, not_those: str) -> None:
        """Check that the predicate holds for ``those`` addresses and for none of the others."""
        for address in those.split():
            self.assertTrue(predicate(packed(address)), address)
        for address in not_those.split():
            self.assertFalse(predicate(packed(address)), address)

    def test_multicast_addresses_are_recognised(self) -> None:
        """ADR-08: 224.0.0.0/4 and ff00::/8."""
        self.check(
            IPV4.is_multicast, "224.0.0.0 239.255.255.255", "223.255.255.255 240.0.0.0 0.0.0.0"
        )
        self.check(IPV6.is_multicast, "ff00:: ffff::1", "feff:: :: fe80::1 2001:db8::1")

    def test_ipv4_groups_are_proxied_except_link_local_ones(self) -> None:
        """ADR-01, 02, 06: all of 224.0.0.0/24 stays on the link."""
        self.check(
            IPV4.is_proxied,
            "224.0.1.0 224.1.0.1 232.0.0.1 239.1.1.1 239.255.255.255",
            "224.0.0.1 224.0.0.2 224.0.0.22 224.0.0.251 224.0.0.255 10.0.0.1 0.0.0.0",
        )

    def test_ipv6_groups_are_proxied_by_their_scope(self) -> None:
        """ADR-03..07: the scope counts, whatever the flags before it."""
        self.check(
            IPV6.is_proxied,
            "ff03::1 ff05::5 ff08::1 ff0e::1 ff15::5 ff35::5 ff3e::8000:1 ff7e::1",
            "ff02::1 ff02::16 ff02::fb ff02::1:ff00:1 ff12::5 ff32::5 ff72::5 ff01::5 ff11::5"
            " ff00::5 ff10::5 2001:db8::1 ::",
        )

    def test_ssm_ranges_are_recognised(self) -> None:
        """SSM-01, SSM-07: 232.0.0.0/8 and ff3x::/32, with all their reserved parts."""
        self.check(IPV4.is_ssm, "232.0.0.0 232.255.255.255", "231.255.255.255 233.0.0.0 239.0.0.1")
        self.check(
            IPV6.is_ssm,
            "ff3e::8000:1 ff35::1 ff3e:0:1::1",
            "ff1e::1 ff7e::1 ff3e:1::1 ff3e:100::1 fe30::1",
        )

    def test_source_addresses_are_recognised(self) -> None:
        """IGMP3-R-07, MLD2-R-07, FWD-10: addresses that stay on their link are not sources."""
        self.check(
            IPV4.is_source,
            "10.0.0.1 1.0.0.0 126.0.0.1 128.0.0.1 223.255.255.255 169.254.1.1",
            "0.0.0.0 127.0.0.1 224.1.1.1 255.255.255.255",
        )
        self.check(
            IPV6.is_source,
            "2001:db8::1 fec0::1 fd00::1 ::1:0:1",
            ":: ::1 ff02::1 ff1e::1 fe80::1 febf::1",
        )

    def test_link_local_addresses_are_recognised(self) -> None:
        """FWD-09: 169.254.0.0/16 and fe80::/10."""
        self.check(IPV4.is_link_local, "169.254.0.1", "169.253.0.1 10.0.0.1")
        self.check(IPV6.is_link_local, "fe80::1 febf::1", "fec0::1 fe7f::1 ff02::1 2001:db8::1")


@both_families
class FamilyValueTests(FamilyTests):
    """Values of each family."""

    def test_well_known_addresses_are_those_of_the_rfc(self) -> None:
        """IP4-SD-01..05, IP6-07: for queries, leaves and reports."""
        version = self.family.socket_family
        expected = {
            2: ("224.0.0.1", "224.0.0.2", "224.0.0.22"),
            10: ("ff02::1", "ff02::2", "ff02::16"),
        }[version]
        ours = (self.family.all_nodes, self.family.all_routers, self.family.report_destination)
        self.assertEqual(tuple(text(address) for address in ours), expected)

    def test_room_is_the_mtu_without_headers(self) -> None:
        """At most what the IP length field can say."""
        self.assertEqual(self.family.room(1500), 1500 - self.family.header_size)
        self.assertEqual(self.family.room(65536), 65535 - self.family.header_size)

    @given(st.data())
    @examples(4)
    def test_address_as_text_is_packed_to_itself(self, data: st.DataObject) -> None:
        """The text is the usual one."""
        address = data.draw(addresses(self.family))
        self.assertEqual(packed(text(address)), address)
        self.assertEqual(text(address), str(ipaddress.ip_address(address)))

    @given(st.data())
    @examples(10)
    def test_predicates_of_an_address_are_consistent(self, data: st.DataObject) -> None:
        """A proxied group is multicast, and no source is."""
        address = data.draw(addresses(self.family))
        family = self.family
        self.assertEqual(family.is_multicast(address), ipaddress.ip_address(address).is_multicast)
        self.assertLessEqual(family.is_proxied(address), family.is_multicast(address))
        self.assertLessEqual(family.is_ssm(address), family.is_multicast(address))
        self.assertFalse(family.is_source(address) and family.is_multicast(address))
        self.assertFalse(family.is_source(family.unspecified))


class FamiliesTests(SynchronousTestCase):
    """The set of families."""

    def test_there_are_two_different_families(self) -> None:
        """IPv4 and IPv6."""
        self.assertEqual(FAMILIES, (IPV4, IPV6))
        self.assertNotEqual(IPV4, IPV6)

    def test_text_that_is_not_an_address_is_refused(self) -> None:
        """By ValueError."""
        self.assertRaises(ValueError, packed, "eth0")
