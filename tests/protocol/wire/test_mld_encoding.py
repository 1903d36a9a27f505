"""MLD messages that are sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV6, packed
from mcproxy.protocol.wire import mld
from mcproxy.protocol.wire.encoding import checksum
from mcproxy.protocol.wire.packets import (
    DropReason,
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    Report,
    WireError,
)

from ..families import ALLOW, TO_EX, addresses, examples, group, host, source
from ..mld_checksum import pseudo_header, verify_checksum
from .messages import mld_packets

G = group(IPV6, 1)
G_HEX = G.hex()
ANY = IPV6.unspecified
HOST = host(IPV6, 1)


class EncodingTests(SynchronousTestCase):
    """Messages that are sent, with their checksum as 0; test_dissection checks it."""

    def encoded(self, packet: Packet) -> str:
        """Return the message in hexadecimal, with its checksum as 0."""
        message = mld.encode(packet, HOST, G)
        verify_checksum(message, HOST, G)
        return (message[:2] + b"\0\0" + message[4:]).hex()

    def test_mldv2_general_query_carries_the_default_times(self) -> None:
        """GQ-02, MLD2-Q-01, MLD2-Q-07: 10 s, robustness 2, 125 s."""
        query = Query(2, ANY, 10.0, robustness=2, interval=125)
        self.assertEqual(self.encoded(query), "82000000" + "27100000" + "00" * 16 + "027d0000")

    def test_mldv2_source_query_lists_its_sources_in_order(self) -> None:
        """MLD2-Q-01, A.10: with the S flag."""
        listed = frozenset([source(IPV6, 2), source(IPV6, 1)])
        tail = "0a7d0002" + source(IPV6, 1).hex() + source(IPV6, 2).hex()
        query = Query(2, G, 1.0, listed, True, 2, 125)
        self.assertEqual(self.encoded(query), "82000000" + "03e80000" + G_HEX + tail)

    def test_mldv1_messages_have_24_bytes(self) -> None:
        """GQ-07, ENC-04, A.9: the delay is linear, at most 65.535 s."""
        self.assertEqual(self.encoded(Query(1, ANY, 10.0)), "82000000" + "27100000" + "00" * 16)
        self.assertEqual(self.encoded(Query(1, G, 90.0)), "82000000" + "ffff0000" + G_HEX)
        self.assertEqual(self.encoded(OldReport(1, G)), "83000000" + "00000000" + G_HEX)
        self.assertEqual(self.encoded(Leave(G)), "84000000" + "00000000" + G_HEX)

    def test_mldv2_report_lists_its_records(self) -> None:
        """MLD2-R-14: number of records, then type, count, group and sources of each."""
        report = Report((Record(TO_EX, G), Record(ALLOW, G, frozenset([source(IPV6, 1)]))))
        records_hex = "04000000" + G_HEX + "05000001" + G_HEX + source(IPV6, 1).hex()
        self.assertEqual(self.encoded(report), "8f000000" + "00000002" + records_hex)

    def test_robustness_above_7_is_encoded_as_0(self) -> None:
        """MLD2-Q-05: three bits cannot carry it."""
        self.assertEqual(self.encoded(Query(2, ANY, 10.0, robustness=8))[48:50], "00")


class MldChecksumTests(SynchronousTestCase):
    """The checksum covers the addresses."""

    def test_checksum_depends_on_the_destination(self) -> None:
        """CK-03: another destination does not verify."""
        message = mld.encode(Leave(G), HOST, packed("ff02::2"))
        verify_checksum(message, HOST, packed("ff02::2"))
        error = self.assertRaises(WireError, verify_checksum, message, HOST, packed("ff02::3"))
        self.assertIs(error.reason, DropReason.CHECKSUM)
        self.assertEqual(str(error), "checksum")

    def test_checksum_is_the_sum_of_the_pseudo_header_and_the_message(self) -> None:
        """CK-03: addresses, length, next header 58 and message; words added one by one."""
        there = packed("ff02::16")
        for packet in (Report((Record(TO_EX, G),)), Query(2, G, 1.0), Query(1, ANY, 10.0)):
            message = mld.encode(packet, HOST, there)
            words = HOST + there + len(message).to_bytes(4, "big") + b"\0\0\0\x3a" + message
            total = sum(int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2))
            while total > 0xFFFF:
                total = (total & 0xFFFF) + (total >> 16)
            self.assertEqual(total, 0xFFFF)

    def test_each_covered_byte_counts_for_the_checksum(self) -> None:
        """CK-03, MLD2-R-04: both addresses, the message and data after its last record."""
        there = packed("ff02::16")
        report = mld.encode(Report((Record(TO_EX, G),)), HOST, there)
        summed = mld_summed(report + b"\1\2\3\4", HOST, there)
        verify_checksum(summed, HOST, there)
        for at in range(len(summed)):
            bad = summed[:at] + bytes([summed[at] ^ 1]) + summed[at + 1 :]
            self.assertRaises(WireError, verify_checksum, bad, HOST, there)
        for at in range(16):
            other = HOST[:at] + bytes([HOST[at] ^ 1]) + HOST[at + 1 :]
            self.assertRaises(WireError, verify_checksum, summed, other, there)
        self.assertRaises(WireError, verify_checksum, summed + b"\0\0", HOST, there)


def mld_summed(message: bytes, here: bytes, there: bytes) -> bytes:
    """Return ``message`` with the checksum of its content."""
    blank = message[:2] + b"\0\0" + message[4:]
    covered = checksum(pseudo_header(here, there, len(blank)) + blank)
    return blank[:2] + covered.to_bytes(2, "big") + blank[4:]


class RandomMessageTests(SynchronousTestCase):
    """Random packets and random bytes."""

    @given(mld_packets(), addresses(IPV6), addresses(IPV6))
    @examples(4)
    def test_encoded_packet_is_decoded_to_itself(
        self, packet: Packet, here: bytes, there: bytes
    ) -> None:
        """The checksum verifies."""
        message = mld.encode(packet, here, there)
        verify_checksum(message, here, there)
        self.assertEqual(mld.decode(message), packet)

    @given(st.binary(max_size=120), st.sampled_from([130, 131, 132, 143, None]))
    @examples(20)
    def test_random_bytes_are_decoded_or_refused(self, data: bytes, kind: int | None) -> None:
        """SEC-07: a packet or a WireError."""
        if kind is not None and data:
            data = bytes([kind]) + data[1:]
        try:
            packet = mld.decode(data)
        except WireError as error:
            self.assertIn(error.reason.value, str(error))
        else:
            self.assertIsInstance(packet, Packet)
