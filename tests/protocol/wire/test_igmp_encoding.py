"""IGMP messages that are sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire import igmp
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

from ..families import TO_EX, examples
from .messages import igmp_packets, message, summed

G = packed("239.1.1.1")
ANY = IPV4.unspecified


class KnownMessageTests(SynchronousTestCase):
    """CK-04: messages whose bytes are known."""

    def test_igmpv2_report_has_the_known_bytes(self) -> None:
        """A report for 239.1.1.1."""
        expected = bytes.fromhex("1600f9fcef010101")
        self.assertEqual(igmp.encode(OldReport(2, G)), expected)
        self.assertEqual(igmp.decode(expected), OldReport(2, G))

    def test_igmpv3_report_has_the_known_bytes(self) -> None:
        """IGMP3-R-13: a report that joins 239.1.1.1."""
        expected = bytes.fromhex("2200e9fb0000000104000000ef010101")
        self.assertEqual(igmp.encode(Report((Record(TO_EX, G),))), expected)
        self.assertEqual(igmp.decode(expected), Report((Record(TO_EX, G),)))

    def test_igmpv2_leave_has_the_known_bytes(self) -> None:
        """A leave of 239.1.1.1."""
        expected = bytes.fromhex("1700f8fcef010101")
        self.assertEqual(igmp.encode(Leave(G)), expected)
        self.assertEqual(igmp.decode(expected), Leave(G))

    def test_igmpv3_general_query_carries_the_default_times(self) -> None:
        """GQ-02, IGMP3-Q-01: 10 s, robustness 2 and 125 s."""
        query = Query(3, ANY, 10.0, robustness=2, interval=125)
        self.assertEqual(igmp.encode(query), message("11640000 00000000 027d0000"))

    def test_igmpv3_source_query_lists_its_sources_in_order(self) -> None:
        """IGMP3-Q-01, A.7: group, S flag, QRV, QQIC, the number of sources and the sources."""
        listed = frozenset([packed("10.0.0.2"), packed("10.0.0.1")])
        query = Query(3, G, 1.0, listed, True, 2, 125)
        expected = message("110a0000 ef010101 0a7d0002 0a000001 0a000002")
        self.assertEqual(igmp.encode(query), expected)

    def test_older_queries_have_8_bytes(self) -> None:
        """GQ-07: without a time in version 1, with a linear time in version 2."""
        self.assertEqual(igmp.encode(Query(1, ANY, 10.0)), message("1100000000000000"))
        self.assertEqual(igmp.encode(Query(2, ANY, 10.0)), message("1164000000000000"))
        self.assertEqual(igmp.encode(Query(2, G, 1.0)), message("110a0000ef010101"))

    def test_response_time_of_igmpv2_is_clamped(self) -> None:
        """ENC-04: at most 25.5 s, and never 0, which would make it version 1."""
        self.assertEqual(igmp.encode(Query(2, ANY, 100.0))[1], 255)
        self.assertEqual(igmp.encode(Query(2, ANY, 0.0))[1], 1)

    def test_igmpv1_report_has_type_0x12(self) -> None:
        """A.4: the known bytes."""
        self.assertEqual(igmp.encode(OldReport(1, G)), message("12000000ef010101"))

    def test_robustness_above_7_is_encoded_as_0(self) -> None:
        """IGMP3-Q-05: three bits cannot carry it."""
        self.assertEqual(igmp.encode(Query(3, ANY, 10.0, robustness=8))[8], 0)
        self.assertEqual(igmp.encode(Query(3, ANY, 10.0, robustness=7))[8], 7)


class RandomMessageTests(SynchronousTestCase):
    """Random packets and random bytes."""

    @given(igmp_packets())
    @examples(4)
    def test_encoded_packet_is_decoded_to_itself(self, packet: Packet) -> None:
        """Every packet that the wire can carry."""
        self.assertEqual(igmp.decode(igmp.encode(packet)), packet)

    @given(st.binary(max_size=80), st.sampled_from([0x11, 0x12, 0x16, 0x17, 0x22, None]))
    @examples(20)
    def test_random_bytes_are_decoded_or_refused(self, data: bytes, kind: int | None) -> None:
        """SEC-07: a packet or a WireError, with a good checksum or without."""
        if kind is not None and data:
            data = bytes([kind]) + data[1:]
        for attempt in (data, summed(data.ljust(4, b"\0"))):
            try:
                packet = igmp.decode(attempt)
            except WireError as error:
                self.assertIsInstance(error.reason, DropReason)
                self.assertIn(error.reason.value, str(error))
            else:
                self.assertIsInstance(packet, Packet)
