"""Codes, checksums, records and the packing of reports."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Family
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire import encoding as wire
from mcproxy.protocol.wire.packets import Record, RecordType, Report, Sources

from ..support import (
    ALLOW,
    BLOCK,
    IS_EX,
    TO_EX,
    TO_IN,
    FamilyTests,
    both_families,
    examples,
    group,
    host,
    records,
    source,
)

CODES_OF_8_BITS = {
    0x7F: 127,
    0x80: 128,
    0x81: 136,
    0x82: 144,
    0x83: 152,
    0x8F: 248,
    0x90: 256,
    0x9F: 496,
    0xA0: 512,
    0xFE: 30720,
    0xFF: 31744,
}
CODES_OF_16_BITS = {
    0x7FFF: 32767,
    0x8000: 32768,
    0x8001: 32776,
    0x8FFF: 65528,
    0x9000: 65536,
    0xFFFF: 8387584,
}


def many_sources(family: Family, count: int) -> Sources:
    """``count`` senders of distinct addresses."""
    prefix = bytes([10]) + bytes(family.address_size - 4)
    return frozenset(prefix + number.to_bytes(3, "big") for number in range(1, count + 1))


class CodeTests(SynchronousTestCase):
    """The floating-point codes of response times and query intervals."""

    def test_vectors_of_8_bits(self) -> None:
        """ENC-01: the worked values, both ways."""
        for code, value in CODES_OF_8_BITS.items():
            self.assertEqual(wire.decode_float(code, 8), value)
            self.assertEqual(wire.encode_float(value, 8), code)

    def test_vectors_of_16_bits(self) -> None:
        """ENC-02: the worked values, both ways."""
        for code, value in CODES_OF_16_BITS.items():
            self.assertEqual(wire.decode_float(code, 16), value)
            self.assertEqual(wire.encode_float(value, 16), code)

    def test_every_code_comes_back(self) -> None:
        """T-001, T-002, ENC-03: decoding and encoding all 256 and 65536 codes loses nothing."""
        for bits in (8, 16):
            for code in range(1 << bits):
                self.assertEqual(wire.encode_float(wire.decode_float(code, bits), bits), code)

    def test_codes_rise_with_their_values(self) -> None:
        """A larger code is always a longer time."""
        for bits in (8, 16):
            values = [wire.decode_float(code, bits) for code in range(1 << bits)]
            self.assertEqual(values, sorted(set(values)))

    @given(st.sampled_from([8, 16]), st.integers(0, 10_000_000))
    @examples(10)
    def test_never_longer_than_asked_for(self, bits: int, value: int) -> None:
        """ENC-03: the largest code whose value is not above the one wanted."""
        code = wire.encode_float(value, bits)
        self.assertLessEqual(wire.decode_float(code, bits), value)
        if code + 1 < 1 << bits:
            self.assertGreater(wire.decode_float(code + 1, bits), value)

    def test_default_times(self) -> None:
        """A.12: the codes of the default timers; 150 s becomes 144 s."""
        self.assertEqual(wire.encode_float(wire.tenths(10), 8), 0x64)
        self.assertEqual(wire.encode_float(wire.tenths(1), 8), 0x0A)
        self.assertEqual(wire.encode_float(wire.milliseconds(10), 16), 0x2710)
        self.assertEqual(wire.encode_float(wire.milliseconds(1), 16), 0x03E8)
        self.assertEqual(wire.encode_float(125, 8), 0x7D)
        self.assertEqual(wire.encode_float(150, 8), 0x82)

    def test_below_nothing(self) -> None:
        """A negative time is no time."""
        self.assertEqual(wire.encode_float(-1, 8), 0)

    def test_units_survive_floats(self) -> None:
        """Each tenth and each millisecond as a float is itself, and half of one is cut."""
        for number in range(100_000):
            self.assertEqual(wire.tenths(number / 10), number)
            self.assertEqual(wire.milliseconds(number / 1000), number)
        self.assertEqual(wire.tenths(0.25), 2)
        self.assertEqual(wire.milliseconds(0.0015), 1)


class ChecksumTests(SynchronousTestCase):
    """The Internet checksum."""

    @given(st.binary(max_size=200))
    @examples(5)
    def test_against_the_sum_of_words(self, data: bytes) -> None:
        """CK-01: the complement of the one's complement sum, a zero byte making it even."""
        even = data + bytes(len(data) % 2)
        total = sum(int.from_bytes(even[at : at + 2], "big") for at in range(0, len(even), 2))
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        self.assertEqual(wire.checksum(data), total ^ 0xFFFF)

    def test_ends_of_the_range(self) -> None:
        """Only zeros sum up to zero; all ones are the other zero."""
        self.assertEqual(wire.checksum(b""), 0xFFFF)
        self.assertEqual(wire.checksum(b"\0\0"), 0xFFFF)
        self.assertEqual(wire.checksum(b"\xff\xff"), 0)


@both_families
class PackingTests(FamilyTests):
    """Records spread over reports that fit the link."""

    def pack(self, *wanted: Record, mtu: int = 1500) -> list[Report]:
        """The reports of some records, each checked to fit."""
        reports = list(wire.pack_reports(wanted, self.family, mtu))
        for report in reports:
            self.assertLessEqual(self.size(report), mtu)
        return reports

    def size(self, report: Report) -> int:
        """Bytes of the whole IP packet."""
        to = self.family.report_destination
        return len(datagram.encode(self.family, host(self.family, 1), to, report))

    def most(self, mtu: int = 1500) -> int:
        """IGMP3-R-10, MLD2-R-10: as many sources as one record can have."""
        size = self.family.address_size
        return (mtu - self.family.header_size - 8 - 4 - size) // size

    def test_the_most_sources_of_a_record(self) -> None:
        """IGMP3-R-10, MLD2-R-10: 365 sources for IGMP, 89 for MLD at 1500 bytes."""
        self.assertEqual(self.most(), 365 if self.family is IPV4 else 89)
        full = Record(TO_EX, group(self.family, 1), many_sources(self.family, self.most()))
        self.assertEqual(self.pack(full), [Report((full,))])

    def test_nothing_to_report(self) -> None:
        """No records make no report."""
        self.assertEqual(self.pack(), [])

    def test_several_groups_share_a_report(self) -> None:
        """HS-09: records that fit together travel together, in their order."""
        wanted = [self.record(TO_EX, number, group_number=number) for number in (3, 1, 2)]
        self.assertEqual(self.pack(*wanted), [Report(tuple(wanted))])

    def test_a_long_change_is_divided(self) -> None:
        """T-015, IGMP3-R-09, MLD2-R-09: 800 sources are divided over records of disjoint lists."""
        for kind in (ALLOW, BLOCK, TO_IN, RecordType.MODE_IS_INCLUDE):
            wanted = Record(kind, group(self.family, 1), many_sources(self.family, 800))
            reports = self.pack(wanted)
            lists = [record.sources for report in reports for record in report.records]
            whole, rest = divmod(800, self.most())
            self.assertEqual([len(one) for one in lists], [self.most()] * whole + [rest])
            self.assertEqual(frozenset().union(*lists), wanted.sources)
            self.assertEqual(len(reports), len(lists))

    def test_a_long_exclude_list_is_cut(self) -> None:
        """T-016, IGMP3-R-09, MLD2-R-09: a second IS_EX or TO_EX would replace the first."""
        for kind in (IS_EX, TO_EX):
            wanted = Record(kind, group(self.family, 1), many_sources(self.family, 800))
            [report] = self.pack(wanted)
            [cut] = report.records
            self.assertEqual(cut.type, kind)
            self.assertEqual(len(cut.sources), self.most())
            self.assertLess(cut.sources, wanted.sources)

    def test_as_many_groups_as_fit(self) -> None:
        """A report is filled to the last byte before the next begins."""
        size = 4 + self.family.address_size
        count = (1500 - self.family.header_size - 8) // size
        wanted = [Record(TO_EX, source(self.family, 1)) for _ in range(count + 1)]
        self.assertEqual([len(r.records) for r in self.pack(*wanted)], [count, 1])

    @given(st.data(), st.integers(1280, 1400))
    @examples(2)
    def test_nothing_is_lost_or_too_large(self, data: st.DataObject, mtu: int) -> None:
        """Divided and packed records say together what the records said, in their order."""
        wanted = data.draw(st.lists(self.sized_records(), max_size=6))
        packed = [r for report in self.pack(*wanted, mtu=mtu) for r in report.records]
        self.assertEqual(joined(packed), joined(self.cut(wanted, mtu)))

    def sized_records(self) -> st.SearchStrategy[Record]:
        """Records of few or very many sources."""
        many = st.integers(0, 700).map(lambda count: many_sources(self.family, count))
        groups = st.integers(1, 9).map(lambda number: group(self.family, number))
        return st.builds(Record, st.sampled_from(RecordType), groups, many)

    def cut(self, wanted: Iterable[Record], mtu: int) -> list[Record]:
        """What of the records can be said at all."""
        return [
            r._replace(sources=frozenset(sorted(r.sources)[: self.most(mtu)]))
            if r.type in (IS_EX, TO_EX)
            else r
            for r in wanted
        ]

    def test_the_largest_mtu(self) -> None:
        """The length field ends at 65535 bytes though the loopback's MTU is larger."""
        count = 70_000 // (4 + self.family.address_size)
        wanted = [Record(TO_EX, group(self.family, 1))] * count
        self.assertEqual(len(self.pack(*wanted, mtu=65536)), 2)

    @given(st.data())
    def test_records_come_back(self, data: st.DataObject) -> None:
        """What is encoded is decoded again, whatever the types and sources."""
        wanted = tuple(data.draw(st.lists(records(self.family), max_size=5)))
        message = bytes(8) + wire.encode_records(wanted)
        size = self.family.address_size
        self.assertEqual(wire.decode_records(message, len(wanted), size), wanted)

    def test_sources_are_written_in_order(self) -> None:
        """The same record is the same bytes at all times."""
        encoded = wire.encode_records([self.record(ALLOW, 3, 1, 2)])
        listed = b"".join(source(self.family, number) for number in (1, 2, 3))
        self.assertTrue(encoded.endswith(listed))


def joined(wanted: Iterable[Record]) -> list[tuple[RecordType, bytes, list[bytes]]]:
    """Records with those of one type and group that follow each other put together."""
    result: list[tuple[RecordType, bytes, list[bytes]]] = []
    for kind, address, listed in wanted:
        if result and result[-1][:2] == (kind, address) and kind not in (IS_EX, TO_EX):
            result[-1][2].extend(sorted(listed))
        else:
            result.append((kind, address, sorted(listed)))
    return result


class PseudoHeaderTests(SynchronousTestCase):
    """What an ICMPv6 checksum covers besides the message."""

    def test_layout(self) -> None:
        """CK-03: both addresses, the length in four bytes, and the next header."""
        here, there = host(IPV6, 1), group(IPV6, 1)
        expected = here + there + b"\0\0\0\x1c" + b"\0\0\0\x3a"
        self.assertEqual(wire.pseudo_header(here, there, 28), expected)
