"""Rules of filters as text."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.errors import Wrong
from mcproxy.config.rules import range_text, read_range, read_rule, rule_text
from mcproxy.protocol.family import packed
from mcproxy.protocol.policy.filters import AddressRange, FilterRule

SIZES = st.sampled_from([4, 16])
ranges = SIZES.flatmap(
    lambda size: st.tuples(*[st.binary(min_size=size, max_size=size)] * 2).map(
        lambda ends: AddressRange(min(ends), max(ends))
    )
)
networks = st.tuples(SIZES, st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
    lambda n: ipaddress.ip_network((n[1] >> (128 - n[0] * 8), min(n[2], n[0] * 8)), strict=False)
)


def of(first: str, last: str = "") -> AddressRange:
    return AddressRange(packed(first), packed(last or first))


class RuleTests(SynchronousTestCase):
    def test_rule_side_is_an_address_a_prefix_a_range_or_any(self) -> None:
        for text, rule in (
            ("*", FilterRule()),
            ("*|*", FilterRule()),
            (" * | 192.0.2.1 ", FilterRule(None, of("192.0.2.1"))),
            ("239.0.0.1", FilterRule(of("239.0.0.1"))),
            ("239.0.0.1 - 239.0.0.1", FilterRule(of("239.0.0.1"))),
            ("239.0.0.0/8 | *", FilterRule(of("239.0.0.0", "239.255.255.255"))),
            (
                "232.1.1.0 - 232.1.1.9|192.0.2.0/24",
                FilterRule(of("232.1.1.0", "232.1.1.9"), of("192.0.2.0", "192.0.2.255")),
            ),
            (
                "ff3e::1-ff3e::2 | 2001:DB8::1",
                FilterRule(of("ff3e::1", "ff3e::2"), of("2001:db8::1")),
            ),
            ("0.0.0.0/0 | 0.0.0.0/0", FilterRule(of("224.0.0.0", "239.255.255.255"),
                                           of("0.0.0.0", "255.255.255.255"))),
            ("::/0", FilterRule(of("ff00::", ":".join(["ffff"] * 8)))),
            ("224.0.0.0 - 224.0.1.0", FilterRule(of("224.0.0.0", "224.0.1.0"))),
            ("ff02:: - ff12::", FilterRule(of("ff02::", "ff12::"))),
        ):  # fmt: skip
            self.assertEqual(read_rule(text), rule, text)
            self.assertEqual(read_rule(rule_text(rule)), rule, text)

    def refused(self, text: str, expected: str) -> None:
        wrong = self.assertRaises(Wrong, read_rule, text)
        told = f"{wrong.message}; {wrong.hint}"
        self.assertIn(expected, told)

    def test_text_that_is_not_a_rule_is_refused(self) -> None:
        for text in ("", "|", "x", "239.0.0.256", "*.*", "* - 239.0.0.1", "239.0.0.1 -", "a | b",
                     "239.0.0.1 | *x", "239.0.0.1 | 1 | 2"):  # fmt: skip
            self.refused(text, 'is not an address; write an address, a prefix, "A - B" or "*"')
        for text in ("239.0.0.0/33", "239.0.0.0/", "239.0.0.0/-1", "239.0.0.0/٣", "239.0.0.0/8/8"):
            self.refused(
                text, "has no valid prefix length; write a number from 0 to 32 after the /"
            )
        self.refused(
            "* | fe80::1%eth0", 'contains the name of an interface; remove "%" and what follows it'
        )

    def test_prefix_with_bits_beyond_its_length_is_refused(self) -> None:
        self.refused("239.1.1.1/8", '"239.1.1.1/8" has bits beyond its prefix; write 239.0.0.0/8')

    def test_reversed_range_is_refused(self) -> None:
        self.refused(
            "239.1.1.9 - 239.1.1.0",
            '"239.1.1.9 - 239.1.1.0" ends before it starts; write "239.1.1.0 - 239.1.1.9"',
        )

    def test_rule_of_two_families_is_refused(self) -> None:
        self.refused("239.1.1.1 | 2001:db8::1", "mixes IPv4 and IPv6; write two IPv4 or two IPv6")
        self.refused("239.1.1.1 - ff3e::1", "mixes IPv4 and IPv6; write two IPv4 or two IPv6")

    def test_group_that_is_not_multicast_is_refused(self) -> None:
        for text in ("192.0.2.1", "223.0.0.0 - 239.0.0.1", "239.0.0.0 - 240.0.0.0", "128.0.0.0/1"):
            self.refused(text, f'"{text}" is not a multicast group; groups are in 224.0.0.0/4')
        self.refused("2001:db8::1", "is not a multicast group; groups are in ff00::/8")

    def test_link_local_group_is_refused(self) -> None:
        for text in ("224.0.0.0/24", "224.0.0.251", "ff02::1", "ff01::/16", "ff10:: - ff12::5"):
            self.refused(text, "is of link-local scope; such groups are never forwarded")

    def test_source_that_cannot_send_forwarded_data_is_refused(self) -> None:
        for text in ("239.1.1.1", "224.0.0.0/4", "0.0.0.0", "127.0.0.0/8", "::", "::1", "ff3e::1",
                     "fe80::/10", "ff00::/8"):  # fmt: skip
            self.refused(f"* | {text}", f'"{text}" cannot be the source of forwarded data')
        for text in ("0.0.0.0/0", "::/0", "0.0.0.0 - 1.0.0.0", "fe80:: - fec0::"):
            self.assertIsNotNone(read_rule(f"* | {text}").source)

    @given(ranges | networks.map(lambda n: AddressRange(n[0].packed, n[-1].packed)))
    def test_rule_text_is_read_as_the_same_rule(self, addresses: AddressRange) -> None:
        self.assertEqual(read_range(range_text(addresses)), addresses)

    @given(networks)
    def test_range_that_is_a_prefix_is_written_as_one(self, network: ipaddress.IPv4Network) -> None:
        text = range_text(read_range(str(network)))
        single = network.prefixlen == network.max_prefixlen
        self.assertEqual(text, str(network[0]) if single else str(network))

    def test_rule_text_that_was_read_before_is_cached(self) -> None:
        """So a file that is read again costs little, and its rules compare fast."""
        rule = read_rule("239.7.7.0/24 | 192.0.2.7")
        self.assertIs(read_rule("239.7.7.0/24 | 192.0.2.7"), rule)
        self.assertIs(rule_text(rule), rule_text(rule))

    @given(st.text("0123456789.:abcdef/-|* ", max_size=30))
    def test_any_text_is_a_rule_or_refused(self, text: str) -> None:
        try:
            rule = read_rule(text)
        except Wrong:
            return
        self.assertEqual(read_rule(rule_text(rule)), rule)
