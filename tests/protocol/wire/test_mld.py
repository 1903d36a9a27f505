"""MLD messages as bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV6, packed
from mcproxy.protocol.wire import encoding as wire
from mcproxy.protocol.wire import mld
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

from ..mld_checksum import verify_checksum
from ..support import (
    ALLOW,
    TO_EX,
    addresses,
    examples,
    group,
    host,
    multicast,
    records,
    source,
    source_lists,
)

G = group(IPV6, 1)
G_HEX = G.hex()
ANY = IPV6.unspecified
HOST = host(IPV6, 1)


def packets() -> st.SearchStrategy[Packet]:
    """Every MLD packet that the wire can carry just as it is."""
    times = st.integers(0, 0xFFFF).map(lambda code: wire.decode_float(code, 16) / 1000)
    intervals = st.integers(0, 255).map(lambda code: wire.decode_float(code, 8))
    return st.one_of(
        st.lists(records(IPV6), max_size=5).map(tuple).map(Report),
        multicast(IPV6).map(Leave),
        st.builds(OldReport, st.just(1), multicast(IPV6)),
        st.builds(
            Query,
            st.just(1),
            st.just(ANY) | multicast(IPV6),
            st.integers(0, 0xFFFF).map(lambda t: t / 1000),
        ),
        st.builds(
            Query,
            st.just(2),
            multicast(IPV6),
            times,
            source_lists(IPV6),
            st.booleans(),
            st.integers(0, 7),
            intervals,
        ),
    )


def refusal(test: SynchronousTestCase, text: str) -> DropReason:
    """Why the message is refused."""
    return test.assertRaises(WireError, mld.decode, bytes.fromhex(text)).reason


class EncodingTests(SynchronousTestCase):
    """Messages as they are sent, without their checksum, which test_datagram looks at."""

    def encoded(self, packet: Packet) -> str:
        """The message in hexadecimal, its checksum as zeros."""
        message = mld.encode(packet, HOST, G)
        verify_checksum(message, HOST, G)
        return (message[:2] + b"\0\0" + message[4:]).hex()

    def test_general_query(self) -> None:
        """GQ-02, MLD2-Q-01, A.10: 10 s, robustness 2, 125 s."""
        query = Query(2, ANY, 10.0, robustness=2, interval=125)
        self.assertEqual(self.encoded(query), "82000000" + "27100000" + "00" * 16 + "027d0000")

    def test_query_of_sources(self) -> None:
        """MLD2-Q-01, A.10: the S flag, and the sources in order."""
        listed = frozenset([source(IPV6, 2), source(IPV6, 1)])
        tail = "0a7d0002" + source(IPV6, 1).hex() + source(IPV6, 2).hex()
        query = Query(2, G, 1.0, listed, True, 2, 125)
        self.assertEqual(self.encoded(query), "82000000" + "03e80000" + G_HEX + tail)

    def test_messages_of_version_1(self) -> None:
        """GQ-07, ENC-04, A.9: 24 bytes each; the delay is linear and ends at 65.535 s."""
        self.assertEqual(self.encoded(Query(1, ANY, 10.0)), "82000000" + "27100000" + "00" * 16)
        self.assertEqual(self.encoded(Query(1, G, 90.0)), "82000000" + "ffff0000" + G_HEX)
        self.assertEqual(self.encoded(OldReport(1, G)), "83000000" + "00000000" + G_HEX)
        self.assertEqual(self.encoded(Leave(G)), "84000000" + "00000000" + G_HEX)

    def test_report(self) -> None:
        """A.11: number of records, then each with its type, count, group and sources."""
        report = Report((Record(TO_EX, G), Record(ALLOW, G, frozenset([source(IPV6, 1)]))))
        records_hex = "04000000" + G_HEX + "05000001" + G_HEX + source(IPV6, 1).hex()
        self.assertEqual(self.encoded(report), "8f000000" + "00000002" + records_hex)

    def test_robustness_above_7(self) -> None:
        """MLD2-Q-05: sent as 0."""
        self.assertEqual(self.encoded(Query(2, ANY, 10.0, robustness=8))[48:50], "00")


class DecodingTests(SynchronousTestCase):
    """Messages as they come in."""

    def test_lengths_of_queries(self) -> None:
        """T-005, QC-05..07: 24 bytes are version 1, 28 and more version 2."""
        whole = bytes.fromhex("82000000" + "03e80000" + G_HEX + "027d0000" + "00" * 8)
        versions = {24: 1, 28: 2, 29: 2, 36: 2}
        for length, version in versions.items():
            self.assertEqual(mld.decode(whole[:length]).version, version)
        reasons = {7: "short", 8: "short", 23: "short", 25: "length", 26: "length", 27: "length"}
        for length, reason in reasons.items():
            self.assertEqual(refusal(self, whole[:length].hex()).value, reason)

    def test_delays(self) -> None:
        """ENC-02, ENC-04: floating-point in version 2, linear in version 1."""
        head = "82000000" + "80010000" + "00" * 16
        self.assertEqual(mld.decode(bytes.fromhex(head)).max_response, 32.769)
        self.assertEqual(mld.decode(bytes.fromhex(head + "02830000")).max_response, 32.776)
        self.assertEqual(mld.decode(bytes.fromhex(head + "02830000")).interval, 152)

    def test_delay_0(self) -> None:
        """MLD1-02: answer at once; it says nothing about the version."""
        query = mld.decode(bytes.fromhex("82000000" + "00000000" + "00" * 16))
        self.assertEqual((query.version, query.max_response), (1, 0.0))

    def test_code_and_reserved_bits(self) -> None:
        """MLD2-Q-07, CHG-03: the code, reserved fields and flags change nothing."""
        query = mld.decode(bytes.fromhex("82ff0000" + "03e8ffff" + G_HEX + "fa7d0000"))
        self.assertEqual(query, Query(2, G, 1.0, suppress=True, robustness=2, interval=125))

    def test_refused_queries(self) -> None:
        """MLD2-Q-02, 03, 07: missing sources, sources of no group, a group that is none."""
        start = "82000000" + "03e80000"
        one = source(IPV6, 1).hex()
        self.assertEqual(refusal(self, start + G_HEX + "027d0002" + one), DropReason.TRUNCATED)
        self.assertEqual(refusal(self, start + "00" * 16 + "027d0001" + one), DropReason.GROUP)
        self.assertEqual(refusal(self, start + one + "027d0000"), DropReason.GROUP)
        self.assertEqual(refusal(self, start + one), DropReason.GROUP)

    def test_reports_with_oddities(self) -> None:
        """MLD2-R-01, 02, 04: auxiliary data, unknown types and trailing bytes."""
        odd = "09010001" + G_HEX + "00" * 16 + "deadbeef"
        joins = "04000000" + G_HEX
        message = bytes.fromhex("8f000000" + "00000002" + odd + joins + "aabb")
        self.assertEqual(mld.decode(message), Report((Record(TO_EX, G),)))

    def test_truncated_anywhere(self) -> None:
        """MLD2-R-03, V-11: all or nothing."""
        whole = bytes.fromhex("8f000000 00000001 05010001" + G_HEX + "00" * 16 + "deadbeef")
        mld.decode(whole)
        for length in range(8, len(whole)):
            self.assertEqual(refusal(self, whole[:length].hex()), DropReason.TRUNCATED)

    def test_extension(self) -> None:
        """EXT-01..05: E with any extension or none leaves the message as it is."""
        for extension in ("00090003aabbcc", "000900ffaa", ""):
            message = bytes.fromhex("8f000000 80000001 04000000" + G_HEX + extension)
            self.assertEqual(mld.decode(message), Report((Record(TO_EX, G),)))

    def test_longer_old_messages(self) -> None:
        """MLD1-01: bytes beyond the 24th are ignored in reports and Done."""
        body = "000000" + "00000000" + G_HEX + "ffff"
        self.assertEqual(mld.decode(bytes.fromhex("83" + body)), OldReport(1, G))
        self.assertEqual(mld.decode(bytes.fromhex("84" + body)), Leave(G))

    def test_short_messages(self) -> None:
        """V-4, MLD2-R-11: 24 bytes for version 1, 8 for a report."""
        for kind in ("82", "83", "84"):
            self.assertEqual(refusal(self, kind + "00" * 22), DropReason.SHORT)
        self.assertEqual(refusal(self, "8f" + "00" * 6), DropReason.SHORT)

    def test_old_messages_for_no_group(self) -> None:
        """ADR-08: what is not multicast."""
        for kind in ("83", "84"):
            self.assertEqual(
                refusal(self, kind + "00" * 7 + source(IPV6, 1).hex()), DropReason.GROUP
            )

    def test_other_types(self) -> None:
        """V-9: echo, neighbour discovery and router discovery are not ours."""
        for kind in (0, 1, 128, 129, 133, 135, 142, 144, 151, 255):
            self.assertEqual(refusal(self, bytes([kind]).ljust(24, b"\0").hex()), DropReason.TYPE)


class ChecksumTests(SynchronousTestCase):
    """The checksum covers the addresses."""

    def test_another_destination(self) -> None:
        """CK-03: what holds for one address does not for another."""
        message = mld.encode(Leave(G), HOST, packed("ff02::2"))
        verify_checksum(message, HOST, packed("ff02::2"))
        error = self.assertRaises(WireError, verify_checksum, message, HOST, packed("ff02::3"))
        self.assertIs(error.reason, DropReason.CHECKSUM)
        self.assertEqual(str(error), "checksum")


class AnyBytesTests(SynchronousTestCase):
    """Properties over all packets and all bytes."""

    @given(packets(), addresses(IPV6), addresses(IPV6))
    @examples(4)
    def test_round_trip(self, packet: Packet, here: bytes, there: bytes) -> None:
        """What is encoded is decoded again, and its checksum holds."""
        message = mld.encode(packet, here, there)
        verify_checksum(message, here, there)
        self.assertEqual(mld.decode(message), packet)

    @given(st.binary(max_size=120), st.sampled_from([130, 131, 132, 143, None]))
    @examples(20)
    def test_bytes_decode_or_are_refused(self, data: bytes, kind: int | None) -> None:
        """T-018, SEC-07: a packet or a WireError."""
        if kind is not None and data:
            data = bytes([kind]) + data[1:]
        try:
            packet = mld.decode(data)
        except WireError as error:
            self.assertIn(error.reason.value, str(error))
        else:
            self.assertIsInstance(packet, Packet)
