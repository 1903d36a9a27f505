"""Messages of router discovery as bytes (RFC 4286)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Address, packed
from mcproxy.protocol.wire import igmp, mld
from mcproxy.protocol.wire.datagram import Datagram, accept, destination
from mcproxy.protocol.wire.packets import (
    Discovery,
    DropReason,
    Packet,
    RouterAdvertisement,
    RouterSolicitation,
    RouterTermination,
    WireError,
)

from ..families import FamilyTests, both_families, host
from .messages import CODECS, discovery_packets, message, summed

MESSAGES: dict[Discovery, str] = {
    RouterAdvertisement(20, 125, 2): "{:02x}140000007d0002",
    RouterSolicitation(): "{:02x}00000000000000",
    RouterTermination(): "{:02x}00000000000000",
}
"""Each message with its checksum as 0, without its type."""


class BytesTests(SynchronousTestCase):
    def test_igmp_messages_have_known_bytes(self) -> None:
        """MRD-04, 07, 08, 15, 20: with the checksum of the whole message."""
        for kind, (packet, text) in enumerate(MESSAGES.items(), 0x30):
            self.assertEqual(igmp.encode(packet), message(text.format(kind)))

    def test_icmpv6_messages_have_known_bytes(self) -> None:
        """MRD-04, 07, 08, 15, 20; test_dissection checks the checksum."""
        for kind, (packet, text) in enumerate(MESSAGES.items(), 151):
            encoded = mld.encode(packet, host(IPV6, 1), IPV6.all_snoopers)
            self.assertEqual((encoded[:2] + b"\0\0" + encoded[4:]).hex(), text.format(kind))

    def test_message_of_four_bytes_is_decoded(self) -> None:
        """MRD-15, 20: we send eight, because Linux bridges drop shorter messages."""
        for kind, packet in (("31", RouterSolicitation()), ("32", RouterTermination())):
            self.assertEqual(igmp.decode(message(f"{kind}000000")), packet)
        for kind, packet in (("98", RouterSolicitation()), ("99", RouterTermination())):
            self.assertEqual(mld.decode(message(f"{kind}000000")), packet)

    def test_groups_are_those_of_the_registry(self) -> None:
        """MRD-11, 16, 21."""
        for family, snoopers, routers in (
            (IPV4, "224.0.0.106", "224.0.0.2"),
            (IPV6, "ff02::6a", "ff02::2"),
        ):
            found = [destination(family, packet) for packet in MESSAGES]
            self.assertEqual(found, [packed(one) for one in (snoopers, routers, snoopers)])

    def test_values_beyond_their_fields_are_the_largest(self) -> None:
        encoded = igmp.encode(RouterAdvertisement(300, 70_000, 70_000))
        self.assertEqual(igmp.decode(encoded), RouterAdvertisement(0xFF, 0xFFFF, 0xFFFF))


@both_families
class DiscoveryDecodingTests(FamilyTests):
    def decode(self, encoded: bytes) -> Packet:
        return CODECS[self.family].decode(encoded)

    def encode(self, packet: Packet) -> bytes:
        here, there = host(self.family, 1), destination(self.family, packet)
        return CODECS[self.family].encode(packet, here, there)

    @given(discovery_packets(), st.binary(max_size=40))
    def test_data_after_the_known_fields_is_ignored(self, packet: Discovery, more: bytes) -> None:
        """MRD-03."""
        self.assertEqual(self.decode(summed(self.encode(packet) + more)), packet)

    @given(discovery_packets(), st.integers(0, 255))
    def test_reserved_field_is_ignored(self, packet: Discovery, reserved: int) -> None:
        """MRD-22: of solicitations and terminations."""
        encoded = self.encode(packet)
        if not isinstance(packet, RouterAdvertisement):
            changed = summed(encoded[:1] + bytes([reserved]) + encoded[2:])
            self.assertEqual(self.decode(changed), packet)

    @given(discovery_packets())
    def test_shorter_message_is_refused(self, packet: Discovery) -> None:
        encoded = self.encode(packet)
        shortest = 8 if isinstance(packet, RouterAdvertisement) else 4
        for size in range(shortest):
            error = self.assertRaises(WireError, self.decode, encoded[:size])
            self.assertIn(error.reason, (DropReason.SHORT, DropReason.CHECKSUM))

    def arriving(self, packet: Packet, to: Address, **changed: Address) -> Datagram:
        return Datagram(host(self.family, 1), to, 1, True, self.encode(packet))._replace(**changed)

    def test_message_to_another_group_is_refused(self) -> None:
        """MRD-13, 17, 24: also to our own address."""
        for packet in MESSAGES:
            right = destination(self.family, packet)
            self.assertEqual(accept(self.family, self.arriving(packet, right)), packet)
            others = (self.family.all_nodes, self.family.all_routers, self.family.all_snoopers)
            for wrong in {*others, host(self.family, 2)} - {right}:
                arriving = self.arriving(packet, wrong)
                error = self.assertRaises(WireError, accept, self.family, arriving)
                self.assertIs(error.reason, DropReason.DESTINATION)


class OtherChecksTests(SynchronousTestCase):
    def test_igmp_message_with_a_wrong_checksum_is_refused(self) -> None:
        """MRD-13, 17, 24."""
        for packet in MESSAGES:
            encoded = bytearray(igmp.encode(packet))
            encoded[3] ^= 1
            error = self.assertRaises(WireError, igmp.decode, bytes(encoded))
            self.assertIs(error.reason, DropReason.CHECKSUM)

    def test_icmpv6_message_without_a_link_local_source_is_refused(self) -> None:
        """MRD-13, 17, 24, 26."""
        for packet in MESSAGES:
            to = destination(IPV6, packet)
            for source in ("::", "2001:db8::1"):
                encoded = mld.encode(packet, packed(source), to)
                arriving = Datagram(packed(source), to, 1, True, encoded)
                error = self.assertRaises(WireError, accept, IPV6, arriving)
                self.assertIs(error.reason, DropReason.SOURCE)
