"""Checksums and the pseudo-header."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV6
from mcproxy.protocol.wire import encoding as wire

from ..families import examples, group, host
from ..mld_checksum import pseudo_header


class ChecksumTests(SynchronousTestCase):
    """The Internet checksum."""

    @given(st.binary(max_size=200))
    @examples(5)
    def test_checksum_is_the_complement_of_the_ones_complement_sum(self, data: bytes) -> None:
        """CK-01: an odd length is padded with a zero byte."""
        even = data + bytes(len(data) % 2)
        total = sum(int.from_bytes(even[at : at + 2], "big") for at in range(0, len(even), 2))
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        self.assertEqual(wire.checksum(data), total ^ 0xFFFF)

    def test_checksum_of_zeros_is_0xffff_and_of_ones_0(self) -> None:
        """The two ends of the range."""
        self.assertEqual(wire.checksum(b""), 0xFFFF)
        self.assertEqual(wire.checksum(b"\0\0"), 0xFFFF)
        self.assertEqual(wire.checksum(b"\xff\xff"), 0)


class PseudoHeaderTests(SynchronousTestCase):
    """The pseudo-header that an ICMPv6 checksum covers."""

    def test_pseudo_header_has_addresses_length_and_next_header(self) -> None:
        """CK-03: both addresses, four bytes of length, 58."""
        here, there = host(IPV6, 1), group(IPV6, 1)
        expected = here + there + b"\0\0\0\x1c" + b"\0\0\0\x3a"
        self.assertEqual(pseudo_header(here, there, 28), expected)
