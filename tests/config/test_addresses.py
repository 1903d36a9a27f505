"""Addresses in settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.addresses import (
    Channel,
    MappedGroups,
    read_address,
    read_channel,
    read_groups,
    read_mapped,
)
from mcproxy.config.errors import Wrong
from mcproxy.config.schema.texts import TextList
from mcproxy.protocol.family import packed


class AddressTests(SynchronousTestCase):
    def refused(self, read: Callable[[str], object], text: str, expected: str) -> None:
        wrong = self.assertRaises(Wrong, read, text)
        self.assertIn(expected, f"{wrong.message}; {wrong.hint}")

    def test_addresses_of_hosts_are_unicast(self) -> None:
        self.assertEqual(read_address(" 192.0.2.1 "), packed("192.0.2.1"))
        self.assertEqual(read_address("FE80::1"), packed("fe80::1"))
        for text in ("239.1.1.1", "0.0.0.0", "::", "ff3e::1"):
            self.refused(read_address, text, "not the address of a host; write a unicast address")
        self.refused(
            read_address,
            "192.0.2",
            '"192.0.2" is not an address; write an address such as 192.0.2.1',
        )
        self.refused(read_address, "fe80::1%eth0", "contains the name of an interface")

    def test_groups_are_multicast_addresses_or_prefixes(self) -> None:
        for text, network in (
            ("239.1.1.1", "239.1.1.1/32"),
            ("239.0.0.0/8", "239.0.0.0/8"),
            (" ff15::/16", "ff15::/16"),
        ):
            self.assertEqual(read_groups(text), ipaddress.ip_network(network))
        hint = "write a group, or a prefix such as 239.0.0.0/8"
        self.refused(read_groups, "x", f'"x" is not an address; {hint}')
        self.refused(read_groups, "x/8", f'"x" is not an address; {hint}')
        for text in ("192.0.2.1", "192.0.0.0/2", "224.0.0.0/3"):
            self.refused(read_groups, text, f'"{text}" is not a multicast group; {hint}')
        self.refused(
            read_groups,
            "239.0.0.0/33",
            "has no valid prefix length; write a number from 0 to 32 after the /",
        )
        self.refused(read_groups, "239.0.0.1/8", "has bits beyond its prefix; write 239.0.0.0/8")

    def test_channels_are_a_group_and_perhaps_a_source(self) -> None:
        group, source = packed("232.1.1.1"), packed("192.0.2.1")
        self.assertEqual(read_channel("232.1.1.1"), Channel(group, None))
        self.assertEqual(read_channel("232.1.1.1|192.0.2.1"), Channel(group, source))
        self.refused(
            read_channel, "232.0.0.0/8", "contains several groups; list each group separately"
        )
        self.refused(read_channel, "232.1.1.1 | 2001:db8::1", "mixes IPv4 and IPv6")
        for text in ("224.0.0.1", "ff02::1", "ff11::1"):
            self.refused(read_channel, text, "is of link-local scope")

    def test_mapped_groups_need_a_source(self) -> None:
        self.assertEqual(
            read_mapped("232.0.0.0/8 | 192.0.2.1"),
            MappedGroups(ipaddress.ip_network("232.0.0.0/8"), packed("192.0.2.1")),
        )
        self.refused(read_mapped, "232.0.0.0/8", 'has no source; write "GROUPS | SOURCE", such as')
        self.refused(read_mapped, "ff3e::/32 | 192.0.2.1", "mixes IPv4 and IPv6")

    def test_list_of_addresses_is_refused_with_each_wrong_item(self) -> None:
        kind = TextList(read_address, "")
        self.assertEqual(kind.read(["192.0.2.1", "fe80::1"]), ("192.0.2.1", "fe80::1"))
        self.assertEqual(kind.read("192.0.2.1"), ("192.0.2.1",))
        refused = self.assertRaises(ExceptionGroup, kind.read, ["192.0.2.1", "x", " 239.1.1.1"])
        self.assertEqual(
            [str(wrong) for wrong in refused.exceptions],
            ['"x" is not an address', '"239.1.1.1" is not the address of a host'],
        )
