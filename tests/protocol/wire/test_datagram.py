"""IP headers, destinations and sizes of packets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, OWN_FLOW_LABEL
from mcproxy.protocol.wire.datagram import (
    Datagram,
    accept,
    decode_ipv4,
    decode_sent,
    destination,
    encode,
    ipv6_router_alert,
)
from mcproxy.protocol.wire.packets import DropReason, Leave, OldReport, Query, Report, WireError

from ..families import FamilyTests, both_families, examples, group, host
from .messages import sent


@both_families
class DestinationTests(FamilyTests):
    """Where each packet goes."""

    def test_destination_depends_on_the_kind_of_packet(self) -> None:
        """IP4-SD-01..05, IP6-07."""
        family, g = self.family, group(self.family, 1)
        expected = {
            Query(2, family.unspecified, 10.0): family.all_nodes,
            Query(2, g, 1.0): g,
            OldReport(1, g): g,
            Leave(g): family.all_routers,
            Report(()): family.report_destination,
        }
        for packet, address in expected.items():
            self.assertEqual(destination(family, packet), address)


class Ipv4HeaderTests(SynchronousTestCase):
    """IPv4 packets as a raw socket delivers them."""

    def setUp(self) -> None:
        """A report of version 2, as it comes from the wire."""
        self.report = OldReport(2, group(IPV4, 1))
        self.packet = sent(IPV4, self.report)

    def changed(self, at: int, value: int) -> bytes:
        """Return the packet with another byte."""
        return self.packet[:at] + bytes([value]) + self.packet[at + 1 :]

    def refused(self, packet: bytes, reason: DropReason) -> None:
        """Check that the packet is refused for that reason."""
        self.assertIs(self.assertRaises(WireError, decode_ipv4, packet).reason, reason)

    def test_header_fields_are_decoded(self) -> None:
        """Addresses, TTL, Router Alert and the message."""
        expected = Datagram(
            host(IPV4, 1), group(IPV4, 1), 1, True, bytes.fromhex("1600f9fcef010101")
        )
        self.assertEqual(decode_ipv4(self.packet), expected)
        self.assertEqual(accept(IPV4, decode_ipv4(self.packet)), self.report)

    def test_padding_after_the_packet_is_ignored(self) -> None:
        """IP4-05: the header gives the length."""
        self.assertEqual(len(decode_ipv4(self.packet + bytes(14)).message), 8)

    def test_header_without_options_is_accepted(self) -> None:
        """IP4-04: 20 bytes, and no Router Alert."""
        plain = b"\x45" + self.packet[1:3] + b"\x1c" + self.packet[4:20] + self.packet[24:]
        arriving = decode_ipv4(plain)
        self.assertFalse(arriving.router_alert)
        self.assertEqual(accept(IPV4, arriving), self.report)

    def test_other_option_is_not_a_router_alert(self) -> None:
        """No-operation options are none."""
        other = self.packet[:20] + b"\1\1\1\0" + self.packet[24:]
        self.assertFalse(decode_ipv4(other).router_alert)

    def test_inconsistent_lengths_are_refused(self) -> None:
        """V-1: header length below 20 or above the packet, total below the header."""
        for packet in (
            b"",
            self.packet[:19],
            self.packet[:-1],
            self.changed(0, 0x44),
            self.changed(0, 0x66),
            self.changed(0, 0x4F),
            self.changed(3, 23),
            self.changed(2, 1),
        ):
            self.refused(packet, DropReason.HEADER)

    def test_packet_without_a_message_is_refused(self) -> None:
        """V-4: as too short."""
        arriving = decode_ipv4(self.changed(3, 24))
        self.assertEqual(arriving.message, b"")
        error = self.assertRaises(WireError, accept, IPV4, arriving)
        self.assertIs(error.reason, DropReason.SHORT)

    def test_other_protocols_are_refused(self) -> None:
        """V-1: upcalls have protocol 0."""
        for protocol in (0, 17):
            self.refused(self.changed(9, protocol), DropReason.HEADER)

    def test_fragments_are_refused(self) -> None:
        """The flag "do not fragment" is accepted."""
        self.refused(self.changed(6, 0x20), DropReason.FRAGMENT)
        self.refused(self.changed(7, 0x01), DropReason.FRAGMENT)
        self.assertEqual(len(decode_ipv4(self.changed(6, 0x40)).message), 8)

    @given(st.binary(max_size=60))
    @examples(10)
    def test_random_bytes_are_decoded_or_refused(self, data: bytes) -> None:
        """SEC-07: a datagram or a WireError, from noise and from noisy headers."""
        for attempt in (data, self.packet[:2] + data, data + self.packet[len(data) :]):
            try:
                arriving = decode_ipv4(attempt)
            except WireError as error:
                self.assertIsInstance(error.reason, DropReason)
            else:
                self.assertLessEqual(len(arriving.message), len(attempt) - 20)


class RouterAlertTests(SynchronousTestCase):
    """The Router Alert among hop-by-hop options."""

    def test_router_alert_is_found_among_padding(self) -> None:
        """IP6-02: PadN or Pad1, before it or after it."""
        for options in (
            "3a00050200000100",
            "3a00050200000000",
            "3a00000005020000",
            "3a00010005020000",
            "3a010104ffffffff05020000" + "01020000",
        ):
            self.assertTrue(ipv6_router_alert(bytes.fromhex(options)), options)

    def test_other_hop_by_hop_options_are_not_a_router_alert(self) -> None:
        """IP6-06: nor are alerts for other protocols, or broken options."""
        for options in (
            "",
            "3a",
            "3a00",
            "3a000502000101 00",
            "3a00050200020100",
            "3a0001040000 0502",
            "3a00010400000000",
            "3a000501000000 00",
            "3a0005020000"[:-2],
            "3a000000000000 05",
        ):
            self.assertFalse(ipv6_router_alert(bytes.fromhex(options)), options)

    @given(st.binary(max_size=40))
    @examples(5)
    def test_random_options_are_read_without_error(self, options: bytes) -> None:
        """Nothing makes it fail or loop."""
        self.assertIn(ipv6_router_alert(options), (True, False))


@both_families
class SizeTests(FamilyTests):
    """Sizes that other modules calculate with."""

    def test_header_and_query_sizes_match_encoded_packets(self) -> None:
        """The size of an encoded query."""
        query = Query(self.family.current_version, group(self.family, 1), 1.0)
        size = self.family.header_size + self.family.query_size
        self.assertEqual(len(sent(self.family, query)), size)


@both_families
class SentDatagramTests(FamilyTests):
    """Packets that this machine sent, as a packet socket has them."""

    def test_sent_datagram_is_decoded_without_its_padding(self) -> None:
        """LP-01."""
        packet = Leave(group(self.family, 1))
        data = encode(self.family, host(self.family, 1), self.family.all_routers, packet)
        self.assertEqual(decode_sent(self.family, data + b"padding"), packet)

    def test_own_datagrams_are_told_from_those_of_the_kernel(self) -> None:
        """LP-01: they have another flow label in IPv6; in IPv4 they may be fragmented."""
        data = encode(self.family, host(self.family, 1), self.family.all_routers, Report(()))
        if self.family is IPV4:
            self.assertEqual(data[6:8], b"\0\0")
        else:
            self.assertEqual(int.from_bytes(data[:4], "big"), 6 << 28 | OWN_FLOW_LABEL)

    @examples(5)
    @given(st.binary(max_size=80))
    def test_random_bytes_are_decoded_or_refused(self, data: bytes) -> None:
        """LP-01."""
        try:
            self.assertIsNotNone(decode_sent(self.family, data))
        except WireError as error:
            self.assertIsInstance(error.reason, DropReason)
