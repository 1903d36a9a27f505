"""What the two families know of addresses."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Predicate, packed, text

from .support import FamilyTests, addresses, both_families, examples


class AddressTests(SynchronousTestCase):
    """Addresses of groups and sources, by the ranges that the RFCs give."""

    def check(self, predicate: Predicate, those: str, not_those: str) -> None:
        """The predicate holds for ``those`` addresses and for none of the others."""
        for address in those.split():
            self.assertTrue(predicate(packed(address)), address)
        for address in not_those.split():
            self.assertFalse(predicate(packed(address)), address)

    def test_multicast(self) -> None:
        """ADR-08: 224.0.0.0/4 and ff00::/8."""
        self.check(
            IPV4.is_multicast, "224.0.0.0 239.255.255.255", "223.255.255.255 240.0.0.0 0.0.0.0"
        )
        self.check(IPV6.is_multicast, "ff00:: ffff::1", "feff:: :: fe80::1 2001:db8::1")

    def test_proxied_ipv4_groups(self) -> None:
        """ADR-01, 02, 06: all multicast groups but those of the link."""
        self.check(
            IPV4.is_proxied,
            "224.0.1.0 224.1.0.1 232.0.0.1 239.1.1.1 239.255.255.255",
            "224.0.0.1 224.0.0.2 224.0.0.22 224.0.0.251 224.0.0.255 10.0.0.1 0.0.0.0",
        )

    def test_proxied_ipv6_groups(self) -> None:
        """ADR-03..07, T-028: the scope nibble counts, whatever the flags before it."""
        self.check(
            IPV6.is_proxied,
            "ff03::1 ff05::5 ff08::1 ff0e::1 ff15::5 ff35::5 ff3e::8000:1 ff7e::1",
            "ff02::1 ff02::16 ff02::fb ff02::1:ff00:1 ff12::5 ff32::5 ff72::5 ff01::5 ff11::5"
            " ff00::5 ff10::5 2001:db8::1 ::",
        )

    def test_source_specific_groups(self) -> None:
        """SSM-01, SSM-07: 232.0.0.0/8 and ff3x::/32, with all that is reserved in them."""
        self.check(IPV4.is_ssm, "232.0.0.0 232.255.255.255", "231.255.255.255 233.0.0.0 239.0.0.1")
        self.check(
            IPV6.is_ssm,
            "ff3e::8000:1 ff35::1 ff3e:0:1::1",
            "ff1e::1 ff7e::1 ff3e:1::1 ff3e:100::1 fe30::1",
        )

    def test_sources(self) -> None:
        """IGMP3-R-07, MLD2-R-07, FWD-10: who sends nothing beyond a link cannot be asked for."""
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

    def test_link_local_addresses(self) -> None:
        """FWD-09: 169.254.0.0/16 and fe80::/10."""
        self.check(IPV4.is_link_local, "169.254.0.1", "169.253.0.1 10.0.0.1")
        self.check(IPV6.is_link_local, "fe80::1 febf::1", "fec0::1 fe7f::1 ff02::1 2001:db8::1")


@both_families
class FamilyValueTests(FamilyTests):
    """The values themselves."""

    def test_well_known_addresses(self) -> None:
        """IP4-SD-01..05, IP6-07: where queries, leaves and reports go."""
        version = self.family.socket_family
        expected = {
            2: ("224.0.0.1", "224.0.0.2", "224.0.0.22"),
            10: ("ff02::1", "ff02::2", "ff02::16"),
        }[version]
        ours = (self.family.all_nodes, self.family.all_routers, self.family.report_destination)
        self.assertEqual(tuple(text(address) for address in ours), expected)

    def test_room(self) -> None:
        """IP4-06, IP6-09: the MTU without the headers, within what IP can say."""
        self.assertEqual(self.family.room(1500), 1500 - self.family.header_size)
        self.assertEqual(self.family.room(65536), 65535 - self.family.header_size)

    @given(st.data())
    @examples(4)
    def test_text_and_back(self, data: st.DataObject) -> None:
        """Text is for people, and no address is lost in it."""
        address = data.draw(addresses(self.family))
        self.assertEqual(packed(text(address)), address)
        self.assertEqual(text(address), str(ipaddress.ip_address(address)))

    @given(st.data())
    @examples(10)
    def test_predicates_agree(self, data: st.DataObject) -> None:
        """What is proxied is multicast, and no source is."""
        address = data.draw(addresses(self.family))
        family = self.family
        self.assertEqual(family.is_multicast(address), ipaddress.ip_address(address).is_multicast)
        self.assertLessEqual(family.is_proxied(address), family.is_multicast(address))
        self.assertLessEqual(family.is_ssm(address), family.is_multicast(address))
        self.assertFalse(family.is_source(address) and family.is_multicast(address))
        self.assertFalse(family.is_source(family.unspecified))


class FamiliesTests(SynchronousTestCase):
    """The families as a set."""

    def test_both(self) -> None:
        """There are two, and each is itself alone."""
        self.assertEqual(FAMILIES, (IPV4, IPV6))
        self.assertNotEqual(IPV4, IPV6)

    def test_no_address(self) -> None:
        """Text that is no address is refused."""
        self.assertRaises(ValueError, packed, "eth0")
