"""MLD messages that are received."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV6
from mcproxy.protocol.wire import mld
from mcproxy.protocol.wire.packets import (
    DropReason,
    Leave,
    OldReport,
    Query,
    Record,
    Report,
    WireError,
)

from ..families import ALLOW, TO_EX, group, source, sources


class MldRecordTests(SynchronousTestCase):
    """Records of MLDv2."""

    def test_duplicate_sources_are_decoded_as_one_source(self) -> None:
        """MLD2-R-08: the record lists it once."""
        once = source(IPV6, 1).hex()
        message = "8f000000 00000001 05000002" + group(IPV6, 1).hex() + once + once
        expected = Report((Record(ALLOW, group(IPV6, 1), sources(IPV6, 1)),))
        self.assertEqual(mld.decode(bytes.fromhex(message)), expected)

    def test_report_without_records_is_valid(self) -> None:
        """MLD2-R-05: it is decoded as an empty report."""
        self.assertEqual(mld.decode(bytes.fromhex("8f000000 00000000")), Report(()))


G = group(IPV6, 1)
G_HEX = G.hex()


def refusal(test: SynchronousTestCase, text: str) -> DropReason:
    """Return the reason why the message is refused."""
    return test.assertRaises(WireError, mld.decode, bytes.fromhex(text)).reason


class DecodingTests(SynchronousTestCase):
    """Messages that are received."""

    def test_length_gives_the_version_of_a_query(self) -> None:
        """QC-05..07: 24 bytes are version 1, 28 and more version 2."""
        whole = bytes.fromhex("82000000" + "03e80000" + G_HEX + "027d0000" + "00" * 8)
        versions = {24: 1, 28: 2, 29: 2, 36: 2}
        for length, version in versions.items():
            self.assertEqual(mld.decode(whole[:length]).version, version)
        reasons = {7: "short", 8: "short", 23: "short", 25: "length", 26: "length", 27: "length"}
        for length, reason in reasons.items():
            self.assertEqual(refusal(self, whole[:length].hex()).value, reason)

    def test_delays_are_floating_point_in_mldv2_and_linear_in_mldv1(self) -> None:
        """ENC-02, ENC-04: codes from 0x8000 on."""
        head = "82000000" + "80010000" + "00" * 16
        self.assertEqual(mld.decode(bytes.fromhex(head)).max_response, 32.769)
        self.assertEqual(mld.decode(bytes.fromhex(head + "02830000")).max_response, 32.776)
        self.assertEqual(mld.decode(bytes.fromhex(head + "02830000")).interval, 152)

    def test_delay_0_means_an_answer_at_once(self) -> None:
        """MLD1-02: it does not change the version."""
        query = mld.decode(bytes.fromhex("82000000" + "00000000" + "00" * 16))
        self.assertEqual((query.version, query.max_response), (1, 0.0))

    def test_code_and_reserved_bits_are_ignored(self) -> None:
        """CHG-03, MLD2-Q-07: the other flags, too."""
        query = mld.decode(bytes.fromhex("82ff0000" + "03e8ffff" + G_HEX + "fa7d0000"))
        self.assertEqual(query, Query(2, G, 1.0, suppress=True, robustness=2, interval=125))

    def test_code_of_a_query_is_ignored(self) -> None:
        """MLD2-Q-07, MLD2-R-14: in queries of both versions, and in reports."""
        v1_query = "03e80000" + G_HEX
        for body in (v1_query, v1_query + "0a7d0000", v1_query + "027d0001" + G_HEX):
            expected = mld.decode(bytes.fromhex("82000000" + body))
            for code in ("01", "80", "ff"):
                self.assertEqual(mld.decode(bytes.fromhex(f"82{code}0000" + body)), expected)
        report = bytes.fromhex("8fff0000 00000001 04000000" + G_HEX)
        self.assertEqual(mld.decode(report), Report((Record(TO_EX, G),)))

    def test_data_after_the_last_record_is_ignored(self) -> None:
        """MLD2-R-04: even if it looks like a record; without records all of it is such data."""
        for count, records in ((1, (Record(TO_EX, G),)), (0, ())):
            message = f"8f000000 0000000{count} 04000000" + G_HEX + "04000000" + G_HEX[:-1] + "9"
            self.assertEqual(mld.decode(bytes.fromhex(message)), Report(records))

    def test_data_after_the_sources_of_a_query_is_ignored(self) -> None:
        """MLD2-Q-08: even if it looks like a source."""
        one = source(IPV6, 1).hex()
        for count, listed, more in ((1, one, source(IPV6, 2).hex()), (0, "", one), (1, one, "ff")):
            text = "82000000" + "03e80000" + G_HEX + f"027d000{count}" + listed + more
            found = mld.decode(bytes.fromhex(text)).sources
            self.assertEqual(found, sources(IPV6, *range(1, count + 1)))

    def test_malformed_queries_are_refused(self) -> None:
        """MLD2-Q-02, 03: missing sources, sources without a group, a unicast group."""
        start = "82000000" + "03e80000"
        one = source(IPV6, 1).hex()
        self.assertEqual(refusal(self, start + G_HEX + "027d0002" + one), DropReason.TRUNCATED)
        self.assertEqual(refusal(self, start + "00" * 16 + "027d0001" + one), DropReason.GROUP)
        self.assertEqual(refusal(self, start + one + "027d0000"), DropReason.GROUP)
        self.assertEqual(refusal(self, start + one), DropReason.GROUP)

    def test_auxiliary_data_unknown_types_and_trailing_bytes_are_skipped(self) -> None:
        """MLD2-R-01, 02: the known record is decoded."""
        odd = "09010001" + G_HEX + "00" * 16 + "deadbeef"
        joins = "04000000" + G_HEX
        message = bytes.fromhex("8f000000" + "00000002" + odd + joins + "aabb")
        self.assertEqual(mld.decode(message), Report((Record(TO_EX, G),)))

    def test_truncated_report_is_refused(self) -> None:
        """MLD2-R-03, V-11: wherever it ends too early."""
        whole = bytes.fromhex("8f000000 00000001 05010001" + G_HEX + "00" * 16 + "deadbeef")
        mld.decode(whole)
        for length in range(8, len(whole)):
            self.assertEqual(refusal(self, whole[:length].hex()), DropReason.TRUNCATED)

    def test_extensions_are_ignored(self) -> None:
        """EXT-03, EXT-04, EXT-05: the E flag with any extension or none."""
        for extension in ("00090003aabbcc", "000900ffaa", ""):
            message = bytes.fromhex("8f000000 80000001 04000000" + G_HEX + extension)
            self.assertEqual(mld.decode(message), Report((Record(TO_EX, G),)))

    def test_bytes_after_an_mldv1_message_are_ignored(self) -> None:
        """MLD1-01: in reports and Done."""
        body = "000000" + "00000000" + G_HEX + "ffff"
        self.assertEqual(mld.decode(bytes.fromhex("83" + body)), OldReport(1, G))
        self.assertEqual(mld.decode(bytes.fromhex("84" + body)), Leave(G))

    def test_short_messages_are_refused(self) -> None:
        """V-4, MLD2-R-11: 24 bytes for version 1, 8 for a report."""
        for kind in ("82", "83", "84"):
            self.assertEqual(refusal(self, kind + "00" * 22), DropReason.SHORT)
        self.assertEqual(refusal(self, "8f" + "00" * 6), DropReason.SHORT)

    def test_older_message_for_an_address_that_is_not_multicast_is_refused(self) -> None:
        """ADR-08: report and Done."""
        for kind in ("83", "84"):
            self.assertEqual(
                refusal(self, kind + "00" * 7 + source(IPV6, 1).hex()), DropReason.GROUP
            )

    def test_other_message_types_are_refused(self) -> None:
        """V-9: echo, neighbour discovery and router discovery."""
        for kind in (0, 1, 128, 129, 133, 135, 142, 144, 150, 154, 255):
            self.assertEqual(refusal(self, bytes([kind]).ljust(24, b"\0").hex()), DropReason.TYPE)
