"""IGMP messages as bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire import encoding as wire
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

from ..support import ALLOW, TO_EX, examples, group, multicast, records, source, source_lists

G = packed("239.1.1.1")
ANY = IPV4.unspecified


def summed(message: bytes) -> bytes:
    """``message`` with its checksum filled in."""
    blank = message[:2] + b"\0\0" + message[4:]
    return blank[:2] + wire.checksum(blank).to_bytes(2, "big") + blank[4:]


def message(text: str) -> bytes:
    """Bytes from their hexadecimal text, the checksum filled in."""
    return summed(bytes.fromhex(text))


def packets() -> st.SearchStrategy[Packet]:
    """Every IGMP packet that the wire can carry just as it is."""
    codes = st.integers(0, 255)
    float_times = codes.map(lambda code: wire.decode_float(code, 8))
    reports = st.lists(records(IPV4), max_size=5).map(tuple).map(Report)
    maybe_group = st.just(ANY) | multicast(IPV4)
    return st.one_of(
        reports,
        multicast(IPV4).map(Leave),
        st.builds(OldReport, st.sampled_from([1, 2]), multicast(IPV4)),
        st.builds(Query, st.just(1), st.just(ANY), st.just(igmp.IGMPV1_MAX_RESPONSE)),
        st.builds(Query, st.just(2), maybe_group, st.integers(1, 255).map(lambda t: t / 10)),
        st.builds(
            Query,
            st.just(3),
            multicast(IPV4),
            float_times.map(lambda t: t / 10),
            source_lists(IPV4),
            st.booleans(),
            st.integers(0, 7),
            float_times,
        ),
    )


class VectorTests(SynchronousTestCase):
    """CK-04, T-003: messages known byte for byte."""

    def test_report_of_version_2(self) -> None:
        """An IGMPv2 report for 239.1.1.1."""
        expected = bytes.fromhex("1600f9fcef010101")
        self.assertEqual(igmp.encode(OldReport(2, G)), expected)
        self.assertEqual(igmp.decode(expected), OldReport(2, G))

    def test_report_of_version_3(self) -> None:
        """An IGMPv3 report that joins 239.1.1.1."""
        expected = bytes.fromhex("2200e9fb0000000104000000ef010101")
        self.assertEqual(igmp.encode(Report((Record(TO_EX, G),))), expected)
        self.assertEqual(igmp.decode(expected), Report((Record(TO_EX, G),)))

    def test_leave(self) -> None:
        """An IGMPv2 leave of 239.1.1.1."""
        expected = bytes.fromhex("1700f8fcef010101")
        self.assertEqual(igmp.encode(Leave(G)), expected)
        self.assertEqual(igmp.decode(expected), Leave(G))

    def test_general_query(self) -> None:
        """GQ-02, IGMP3-Q-01: the default query of version 3 says 10 s, robustness 2 and 125 s."""
        query = Query(3, ANY, 10.0, robustness=2, interval=125)
        self.assertEqual(igmp.encode(query), message("11640000 00000000 027d0000"))

    def test_query_of_sources(self) -> None:
        """IGMP3-Q-01, A.7: group, S flag, QRV, QQIC, the number of sources and the sources."""
        listed = frozenset([packed("10.0.0.2"), packed("10.0.0.1")])
        query = Query(3, G, 1.0, listed, True, 2, 125)
        expected = message("110a0000 ef010101 0a7d0002 0a000001 0a000002")
        self.assertEqual(igmp.encode(query), expected)

    def test_queries_of_older_versions(self) -> None:
        """GQ-07, IGMP2-04: 8 bytes, in version 1 without a time, in version 2 with a linear one."""
        self.assertEqual(igmp.encode(Query(1, ANY, 10.0)), message("1100000000000000"))
        self.assertEqual(igmp.encode(Query(2, ANY, 10.0)), message("1164000000000000"))
        self.assertEqual(igmp.encode(Query(2, G, 1.0)), message("110a0000ef010101"))

    def test_time_of_version_2_is_clamped(self) -> None:
        """ENC-04: at most 25.5 s, and never the 0 that would make it version 1."""
        self.assertEqual(igmp.encode(Query(2, ANY, 100.0))[1], 255)
        self.assertEqual(igmp.encode(Query(2, ANY, 0.0))[1], 1)

    def test_report_of_version_1(self) -> None:
        """A.4: type 0x12."""
        self.assertEqual(igmp.encode(OldReport(1, G)), message("12000000ef010101"))

    def test_robustness_above_7(self) -> None:
        """IGMP3-Q-05: what three bits cannot carry is sent as 0."""
        self.assertEqual(igmp.encode(Query(3, ANY, 10.0, robustness=8))[8], 0)
        self.assertEqual(igmp.encode(Query(3, ANY, 10.0, robustness=7))[8], 7)


class QueryClassTests(SynchronousTestCase):
    """The version of a query is told by its length and code."""

    def test_lengths(self) -> None:
        """T-004, QC-01..04, IGMP2-03: 8 bytes are version 1 or 2, 12 and more version 3."""
        self.assertEqual(igmp.decode(message("1100000000000000")).version, 1)
        self.assertEqual(igmp.decode(message("110a000000000000")).version, 2)
        for length in (12, 13, 16):
            whole = bytes.fromhex("110a0000 00000000 027d0000").ljust(length, b"\0")
            self.assertEqual(igmp.decode(summed(whole)).version, 3)
        for length in (0, 1, 7, 9, 10, 11):
            whole = bytes.fromhex("110a0000 00000000 027d0000")[:length]
            self.assertRaises(WireError, igmp.decode, summed(whole.ljust(4, b"\0"))[:length])

    def test_odd_lengths_are_told_apart(self) -> None:
        """QC-04: 9 to 11 bytes have their own reason, and so have fewer than 8."""
        reasons = {7: DropReason.SHORT, 9: DropReason.LENGTH, 11: DropReason.LENGTH}
        for length, reason in reasons.items():
            error = self.assertRaises(WireError, igmp.decode, summed(b"\x11".ljust(length, b"\0")))
            self.assertIs(error.reason, reason)

    def test_version_1_answers_within_10_seconds(self) -> None:
        """IGMP1-01: the query does not say, 10 s are meant."""
        self.assertEqual(igmp.decode(message("1100000000000000")).max_response, 10.0)

    def test_code_0_of_version_3(self) -> None:
        """ENC-05: to be answered at once, and no query of version 1."""
        query = igmp.decode(message("11000000 00000000 027d0000"))
        self.assertEqual((query.version, query.max_response), (3, 0.0))

    def test_long_times(self) -> None:
        """ENC-01: codes from 0x80 on are floating-point in version 3 and linear in 2."""
        query = igmp.decode(message("11830000 00000000 02830000"))
        self.assertEqual((query.max_response, query.interval), (15.2, 152))
        self.assertEqual(igmp.decode(message("1183000000000000")).max_response, 13.1)

    def test_flags(self) -> None:
        """T-013, CHG-03: S and QRV are read; reserved bits and E change nothing."""
        query = igmp.decode(message("11640000 ef010101 fa7d0000"))
        self.assertEqual(query, Query(3, G, 10.0, suppress=True, robustness=2, interval=125))

    def test_source_count_beyond_the_message(self) -> None:
        """IGMP3-Q-03: two announced, one and most of another there."""
        whole = bytes.fromhex("11640000 ef010101 027d0002 0a000001 0a000002")
        igmp.decode(summed(whole))
        for length in range(12, len(whole)):
            error = self.assertRaises(WireError, igmp.decode, summed(whole[:length]))
            self.assertIs(error.reason, DropReason.TRUNCATED)

    def test_sources_without_a_group(self) -> None:
        """IGMP3-Q-02: no valid form of a query."""
        listed = message("11640000 00000000 027d0001 0a000001")
        error = self.assertRaises(WireError, igmp.decode, listed)
        self.assertIs(error.reason, DropReason.GROUP)

    def test_group_that_is_no_group(self) -> None:
        """IGMP3-Q-07: neither multicast nor zero."""
        for text in ("11640000 0a010101 027d0000", "116400000a010101"):
            error = self.assertRaises(WireError, igmp.decode, message(text))
            self.assertIs(error.reason, DropReason.GROUP)

    def test_group_in_version_1(self) -> None:
        """A.4: it is not looked at; each of its queries is about all groups."""
        for text in ("11000000ef010101", "110000000a010101"):
            self.assertEqual(igmp.decode(message(text)), Query(1, ANY, 10.0))

    def test_trailing_data(self) -> None:
        """A.7: bytes after the sources count for the checksum only."""
        query = igmp.decode(message("11640000 ef010101 027d0001 0a000001 ffffff"))
        self.assertEqual(query.sources, frozenset([packed("10.0.0.1")]))


class ReportTests(SynchronousTestCase):
    """Reports of version 3 as they come in."""

    def test_auxiliary_data(self) -> None:
        """T-006, IGMP3-R-01: skipped, and the record after it is read."""
        report = igmp.decode(
            message("22000000 00000002 04020000 ef010101 deadbeef deadbeef 04000000 ef010102")
        )
        self.assertEqual(report, Report((Record(TO_EX, G), Record(TO_EX, group(IPV4, 2)))))

    def test_auxiliary_data_after_sources(self) -> None:
        """A.8: the sources come first."""
        report = igmp.decode(message("22000000 00000001 05010001 ef010101 0a000001 deadbeef"))
        self.assertEqual(report, Report((Record(ALLOW, G, frozenset([source(IPV4, 1)])),)))

    def test_unknown_record_types(self) -> None:
        """T-007, IGMP3-R-02: types 0, 7 and 255 are passed over."""
        for kind in ("00", "07", "ff"):
            text = f"22000000 00000002 {kind}000001 ef010102 0a000001 04000000 ef010101"
            self.assertEqual(igmp.decode(message(text)), Report((Record(TO_EX, G),)))

    def test_truncated_anywhere(self) -> None:
        """T-008, IGMP3-R-03, V-11: a report that ends too early is nothing at all."""
        plain = "22000000 00000001 05000002 ef010101 0a000001 0a000002"
        with_auxiliary_data = "22000000 00000001 05010002 ef010101 0a000001 0a000002 00000000"
        for text in (plain, with_auxiliary_data):
            whole = bytes.fromhex(text)
            igmp.decode(summed(whole))
            for length in range(8, len(whole)):
                error = self.assertRaises(WireError, igmp.decode, summed(whole[:length]))
                self.assertIs(error.reason, DropReason.TRUNCATED)

    def test_no_records(self) -> None:
        """IGMP3-R-05: legal, and says nothing."""
        self.assertEqual(igmp.decode(message("22000000 00000000")), Report(()))

    def test_too_short(self) -> None:
        """IGMP3-R-11: less than its header."""
        error = self.assertRaises(WireError, igmp.decode, summed(bytes.fromhex("22000000000000")))
        self.assertIs(error.reason, DropReason.SHORT)

    def test_trailing_data(self) -> None:
        """T-010, IGMP3-R-04: six bytes after the last record do not matter."""
        report = igmp.decode(message("22000000 00000001 04000000 ef010101 010203040506"))
        self.assertEqual(report, Report((Record(TO_EX, G),)))

    def test_extension(self) -> None:
        """T-011, T-012, EXT-01..05: well or ill formed, the message before it holds."""
        for extension in ("0009 0003 aabbcc", "0009 00ff aa", "00", ""):
            text = f"22000000 80000001 04000000 ef010101 {extension}"
            self.assertEqual(igmp.decode(message(text)), Report((Record(TO_EX, G),)))
            query = igmp.decode(message(f"11640000 ef010101 827d0000 {extension}"))
            self.assertEqual((query.group, query.robustness), (G, 2))

    def test_sent_without_extension(self) -> None:
        """EXT-05, IGMP3-R-01: neither E nor auxiliary data is ever sent."""
        sent = igmp.encode(Report((Record(TO_EX, G),)))
        self.assertEqual((sent[1], sent[4:6], sent[9]), (0, b"\0\0", 0))

    def test_duplicate_sources(self) -> None:
        """IGMP3-R-08: a source named twice is one source."""
        report = igmp.decode(message("22000000 00000001 05000002 ef010101 0a000001 0a000001"))
        self.assertEqual(report.records[0].sources, frozenset([source(IPV4, 1)]))


class RefusalTests(SynchronousTestCase):
    """What is not a message."""

    def test_one_flipped_bit(self) -> None:
        """T-009, CK-01, CK-02: wherever it is, the checksum tells."""
        good = bytes.fromhex("2200e9fb0000000104000000ef010101")
        for bit in range(len(good) * 8):
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            error = self.assertRaises(WireError, igmp.decode, bytes(bad))
            self.assertIs(error.reason, DropReason.CHECKSUM)

    def test_other_types(self) -> None:
        """V-9, IGMP2-02: DVMRP, PIMv1, mtrace and router discovery are not ours."""
        for kind in (0x00, 0x13, 0x14, 0x1E, 0x1F, 0x23, 0x30, 0x31, 0x32, 0xFF):
            error = self.assertRaises(
                WireError, igmp.decode, summed(bytes([kind, 0, 0, 0, 239, 1, 1, 1]))
            )
            self.assertIs(error.reason, DropReason.TYPE)

    def test_old_messages_for_no_group(self) -> None:
        """ADR-08: reports and leaves of what is not multicast."""
        for kind in ("12", "16", "17"):
            error = self.assertRaises(WireError, igmp.decode, message(f"{kind}0000000a010101"))
            self.assertIs(error.reason, DropReason.GROUP)

    def test_longer_old_messages(self) -> None:
        """IGMP2-01: what follows the eighth byte is summed up and otherwise ignored."""
        self.assertEqual(igmp.decode(message("16000000ef010101 ffff")), OldReport(2, G))
        self.assertEqual(igmp.decode(message("17000000ef010101 ffff")), Leave(G))
        self.assertEqual(igmp.decode(message("12000000ef010101 ffff")), OldReport(1, G))

    def test_time_of_reports_is_ignored(self) -> None:
        """A.5: the second byte matters in queries only."""
        self.assertEqual(igmp.decode(message("16ff0000ef010101")), OldReport(2, G))


class AnyBytesTests(SynchronousTestCase):
    """Properties over all packets and all bytes."""

    @given(packets())
    @examples(4)
    def test_round_trip(self, packet: Packet) -> None:
        """What is encoded is decoded again."""
        self.assertEqual(igmp.decode(igmp.encode(packet)), packet)

    @given(st.binary(max_size=80), st.sampled_from([0x11, 0x12, 0x16, 0x17, 0x22, None]))
    @examples(20)
    def test_bytes_decode_or_are_refused(self, data: bytes, kind: int | None) -> None:
        """T-018, SEC-07: a packet or a WireError, with a good checksum or without."""
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
