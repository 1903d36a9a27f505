"""IGMP messages that are received."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire import igmp
from mcproxy.protocol.wire.packets import (
    DropReason,
    Leave,
    OldReport,
    Query,
    Record,
    Report,
    WireError,
)

from ..families import ALLOW, TO_EX, group, source
from .messages import message, summed

G = packed("239.1.1.1")
ANY = IPV4.unspecified


class ReceivedQueryTests(SynchronousTestCase):
    """Queries that are received; length and code give the version."""

    def test_length_and_code_give_the_version_of_a_query(self) -> None:
        """QC-01..04, IGMP2-03: 8 bytes are version 1 or 2, 12 and more version 3."""
        self.assertEqual(igmp.decode(message("1100000000000000")).version, 1)
        self.assertEqual(igmp.decode(message("110a000000000000")).version, 2)
        for length in (12, 13, 16):
            whole = bytes.fromhex("110a0000 00000000 027d0000").ljust(length, b"\0")
            self.assertEqual(igmp.decode(summed(whole)).version, 3)
        for length in (0, 1, 7, 9, 10, 11):
            whole = bytes.fromhex("110a0000 00000000 027d0000")[:length]
            self.assertRaises(WireError, igmp.decode, summed(whole.ljust(4, b"\0"))[:length])

    def test_query_with_9_to_11_bytes_is_refused_for_its_length(self) -> None:
        """QC-04: one with fewer than 8 bytes is too short."""
        reasons = {7: DropReason.SHORT, 9: DropReason.LENGTH, 11: DropReason.LENGTH}
        for length, reason in reasons.items():
            error = self.assertRaises(WireError, igmp.decode, summed(b"\x11".ljust(length, b"\0")))
            self.assertIs(error.reason, reason)

    def test_igmpv1_query_allows_10_seconds(self) -> None:
        """IGMP1-01: the query itself carries no time."""
        self.assertEqual(igmp.decode(message("1100000000000000")).max_response, 10.0)

    def test_code_0_of_igmpv3_means_response_time_0(self) -> None:
        """ENC-05: it is not a query of version 1."""
        query = igmp.decode(message("11000000 00000000 027d0000"))
        self.assertEqual((query.version, query.max_response), (3, 0.0))

    def test_long_times_are_floating_point_in_igmpv3_and_linear_in_igmpv2(self) -> None:
        """ENC-01: codes from 0x80 on."""
        query = igmp.decode(message("11830000 00000000 02830000"))
        self.assertEqual((query.max_response, query.interval), (15.2, 152))
        self.assertEqual(igmp.decode(message("1183000000000000")).max_response, 13.1)

    def test_suppress_flag_and_robustness_are_decoded(self) -> None:
        """CHG-03: reserved bits and E change nothing."""
        query = igmp.decode(message("11640000 ef010101 fa7d0000"))
        self.assertEqual(query, Query(3, G, 10.0, suppress=True, robustness=2, interval=125))

    def test_query_with_missing_sources_is_truncated(self) -> None:
        """IGMP3-Q-03: the count says 2, and fewer are present."""
        whole = bytes.fromhex("11640000 ef010101 027d0002 0a000001 0a000002")
        igmp.decode(summed(whole))
        for length in range(12, len(whole)):
            error = self.assertRaises(WireError, igmp.decode, summed(whole[:length]))
            self.assertIs(error.reason, DropReason.TRUNCATED)

    def test_query_with_sources_and_without_group_is_refused(self) -> None:
        """IGMP3-Q-02: this form is not valid."""
        listed = message("11640000 00000000 027d0001 0a000001")
        error = self.assertRaises(WireError, igmp.decode, listed)
        self.assertIs(error.reason, DropReason.GROUP)

    def test_query_for_an_address_that_is_not_multicast_is_refused(self) -> None:
        """IGMP3-Q-07: neither multicast nor zero."""
        for text in ("11640000 0a010101 027d0000", "116400000a010101"):
            error = self.assertRaises(WireError, igmp.decode, message(text))
            self.assertIs(error.reason, DropReason.GROUP)

    def test_group_of_an_igmpv1_query_is_ignored(self) -> None:
        """A.4: each query of version 1 is a general query."""
        for text in ("11000000ef010101", "110000000a010101"):
            self.assertEqual(igmp.decode(message(text)), Query(1, ANY, 10.0))

    def test_trailing_data_of_a_query_is_ignored(self) -> None:
        """IGMP3-Q-09: it counts for the checksum only."""
        query = igmp.decode(message("11640000 ef010101 027d0001 0a000001 ffffff"))
        self.assertEqual(query.sources, frozenset([packed("10.0.0.1")]))


class ReceivedReportTests(SynchronousTestCase):
    """Reports of version 3 that are received."""

    def test_auxiliary_data_is_skipped(self) -> None:
        """IGMP3-R-01: the record after it is decoded."""
        report = igmp.decode(
            message("22000000 00000002 04020000 ef010101 deadbeef deadbeef 04000000 ef010102")
        )
        self.assertEqual(report, Report((Record(TO_EX, G), Record(TO_EX, group(IPV4, 2)))))

    def test_auxiliary_data_follows_the_sources(self) -> None:
        """A.8: the sources are decoded."""
        report = igmp.decode(message("22000000 00000001 05010001 ef010101 0a000001 deadbeef"))
        self.assertEqual(report, Report((Record(ALLOW, G, frozenset([source(IPV4, 1)])),)))

    def test_reserved_byte_of_a_report_is_ignored(self) -> None:
        """IGMP3-R-13: it is no response time and no code."""
        for reserved in ("01", "80", "ff"):
            report = igmp.decode(message(f"22{reserved}0000 00000001 04000000 ef010101"))
            self.assertEqual(report, Report((Record(TO_EX, G),)))

    def test_unknown_record_types_are_skipped(self) -> None:
        """IGMP3-R-02: types 0, 7 and 255."""
        for kind in ("00", "07", "ff"):
            text = f"22000000 00000002 {kind}000001 ef010102 0a000001 04000000 ef010101"
            self.assertEqual(igmp.decode(message(text)), Report((Record(TO_EX, G),)))

    def test_truncated_report_is_refused(self) -> None:
        """IGMP3-R-03, V-11: wherever it ends too early."""
        plain = "22000000 00000001 05000002 ef010101 0a000001 0a000002"
        with_auxiliary_data = "22000000 00000001 05010002 ef010101 0a000001 0a000002 00000000"
        for text in (plain, with_auxiliary_data):
            whole = bytes.fromhex(text)
            igmp.decode(summed(whole))
            for length in range(8, len(whole)):
                error = self.assertRaises(WireError, igmp.decode, summed(whole[:length]))
                self.assertIs(error.reason, DropReason.TRUNCATED)

    def test_report_without_records_is_valid(self) -> None:
        """IGMP3-R-05: it is decoded as an empty report."""
        self.assertEqual(igmp.decode(message("22000000 00000000")), Report(()))

    def test_report_shorter_than_its_header_is_refused(self) -> None:
        """IGMP3-R-11: as too short."""
        error = self.assertRaises(WireError, igmp.decode, summed(bytes.fromhex("22000000000000")))
        self.assertIs(error.reason, DropReason.SHORT)

    def test_trailing_data_of_a_report_is_ignored(self) -> None:
        """IGMP3-R-04: six bytes after the last record."""
        report = igmp.decode(message("22000000 00000001 04000000 ef010101 010203040506"))
        self.assertEqual(report, Report((Record(TO_EX, G),)))

    def test_extensions_are_ignored(self) -> None:
        """EXT-03, EXT-04, EXT-05: well or ill formed; the message counts."""
        for extension in ("0009 0003 aabbcc", "0009 00ff aa", "00", ""):
            text = f"22000000 80000001 04000000 ef010101 {extension}"
            self.assertEqual(igmp.decode(message(text)), Report((Record(TO_EX, G),)))
            query = igmp.decode(message(f"11640000 ef010101 827d0000 {extension}"))
            self.assertEqual((query.group, query.robustness), (G, 2))

    def test_sent_report_has_no_extension_and_no_auxiliary_data(self) -> None:
        """EXT-05, IGMP3-R-01: the E flag and the length are 0."""
        sent = igmp.encode(Report((Record(TO_EX, G),)))
        self.assertEqual((sent[1], sent[4:6], sent[9]), (0, b"\0\0", 0))

    def test_duplicate_sources_are_decoded_as_one_source(self) -> None:
        """IGMP3-R-08: the record lists it once."""
        report = igmp.decode(message("22000000 00000001 05000002 ef010101 0a000001 0a000001"))
        self.assertEqual(report[0].sources, frozenset([source(IPV4, 1)]))


class RefusedMessageTests(SynchronousTestCase):
    """Messages that are refused, and bytes that are ignored."""

    def test_message_with_one_flipped_bit_fails_the_checksum(self) -> None:
        """CK-01, CK-02: wherever the bit is."""
        good = bytes.fromhex("2200e9fb0000000104000000ef010101")
        for bit in range(len(good) * 8):
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            error = self.assertRaises(WireError, igmp.decode, bytes(bad))
            self.assertIs(error.reason, DropReason.CHECKSUM)

    def test_other_message_types_are_refused(self) -> None:
        """V-9, IGMP2-02: DVMRP, PIMv1, mtrace and router discovery."""
        for kind in (0x00, 0x13, 0x14, 0x1E, 0x1F, 0x23, 0x2F, 0x33, 0xFF):
            error = self.assertRaises(
                WireError, igmp.decode, summed(bytes([kind, 0, 0, 0, 239, 1, 1, 1]))
            )
            self.assertIs(error.reason, DropReason.TYPE)

    def test_older_message_for_an_address_that_is_not_multicast_is_refused(self) -> None:
        """ADR-08: reports and leaves."""
        for kind in ("12", "16", "17"):
            error = self.assertRaises(WireError, igmp.decode, message(f"{kind}0000000a010101"))
            self.assertIs(error.reason, DropReason.GROUP)

    def test_bytes_after_an_older_message_are_ignored(self) -> None:
        """IGMP2-01: they count for the checksum only."""
        self.assertEqual(igmp.decode(message("16000000ef010101 ffff")), OldReport(2, G))
        self.assertEqual(igmp.decode(message("17000000ef010101 ffff")), Leave(G))
        self.assertEqual(igmp.decode(message("12000000ef010101 ffff")), OldReport(1, G))

    def test_time_of_an_older_report_is_ignored(self) -> None:
        """A.5: the second byte matters in queries only."""
        self.assertEqual(igmp.decode(message("16ff0000ef010101")), OldReport(2, G))
