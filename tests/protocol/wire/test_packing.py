"""Records, and how they are packed into reports."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire import encoding as wire
from mcproxy.protocol.wire.packets import Record, RecordType, Report

from ..families import (
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
    many_sources,
    records,
    source,
)


@both_families
class PackingTests(FamilyTests):
    """Records are packed into reports that fit the link."""

    def pack(self, *wanted: Record, mtu: int = 1500) -> list[Report]:
        """Return the reports of some records; check that each fits."""
        reports = list(wire.pack_reports(wanted, self.family, mtu))
        for report in reports:
            self.assertLessEqual(self.size(report), mtu)
        return reports

    def size(self, report: Report) -> int:
        """Return the bytes of the whole IP packet."""
        to = self.family.report_destination
        return len(datagram.encode(self.family, host(self.family, 1), to, report))

    def most(self, mtu: int = 1500) -> int:
        """IGMP3-R-10, MLD2-R-10: as many sources as one record can have."""
        size = self.family.address_size
        return (mtu - self.family.header_size - 8 - 4 - size) // size

    def test_record_may_list_as_many_sources_as_fit_the_mtu(self) -> None:
        """IGMP3-R-10, MLD2-R-10: 365 sources for IGMP, 89 for MLD at 1500 bytes."""
        self.assertEqual(self.most(), 365 if self.family is IPV4 else 89)
        full = Record(TO_EX, group(self.family, 1), many_sources(self.family, self.most()))
        self.assertEqual(self.pack(full), [Report((full,))])

    def test_no_records_make_no_report(self) -> None:
        """The list of reports is empty."""
        self.assertEqual(self.pack(), [])

    def test_groups_that_fit_share_a_report(self) -> None:
        """HS-09: in their order."""
        wanted = [self.record(TO_EX, number, group_number=number) for number in (3, 1, 2)]
        self.assertEqual(self.pack(*wanted), [Report(tuple(wanted))])

    def test_long_list_is_split_into_disjoint_records(self) -> None:
        """IGMP3-R-09, MLD2-R-09: 800 sources."""
        for kind in (ALLOW, BLOCK, TO_IN, RecordType.MODE_IS_INCLUDE):
            wanted = Record(kind, group(self.family, 1), many_sources(self.family, 800))
            reports = self.pack(wanted)
            lists = [record.sources for report in reports for record in report]
            whole, rest = divmod(800, self.most())
            self.assertEqual([len(one) for one in lists], [self.most()] * whole + [rest])
            self.assertEqual(frozenset().union(*lists), wanted.sources)
            self.assertEqual(len(reports), len(lists))

    def test_long_exclude_list_is_truncated(self) -> None:
        """IGMP3-R-09, MLD2-R-09: a second IS_EX or TO_EX would replace the first."""
        for kind in (IS_EX, TO_EX):
            wanted = Record(kind, group(self.family, 1), many_sources(self.family, 800))
            [report] = self.pack(wanted)
            [cut] = report
            self.assertEqual(cut.type, kind)
            self.assertEqual(len(cut.sources), self.most())
            self.assertLess(cut.sources, wanted.sources)

    def test_report_is_filled_to_the_last_byte(self) -> None:
        """The next report begins with the record that did not fit."""
        size = 4 + self.family.address_size
        count = (1500 - self.family.header_size - 8) // size
        wanted = [Record(TO_EX, source(self.family, 1)) for _ in range(count + 1)]
        self.assertEqual([len(r) for r in self.pack(*wanted)], [count, 1])

    @given(st.data(), st.integers(1280, 1400))
    @examples(2)
    def test_packed_records_say_the_same_as_the_originals(
        self, data: st.DataObject, mtu: int
    ) -> None:
        """In their order, and every report fits."""
        wanted = data.draw(st.lists(self.sized_records(), max_size=6))
        packed = [r for report in self.pack(*wanted, mtu=mtu) for r in report]
        self.assertEqual(joined(packed), joined(self.cut(wanted, mtu)))

    def sized_records(self) -> st.SearchStrategy[Record]:
        """Return records of few or very many sources."""
        many = st.integers(0, 700).map(lambda count: many_sources(self.family, count))
        groups = st.integers(1, 9).map(lambda number: group(self.family, number))
        return st.builds(Record, st.sampled_from(RecordType), groups, many)

    def cut(self, wanted: Iterable[Record], mtu: int) -> list[Record]:
        """Return what can be reported of the records at all."""
        return [
            r._replace(sources=frozenset(sorted(r.sources)[: self.most(mtu)]))
            if r.type in (IS_EX, TO_EX)
            else r
            for r in wanted
        ]

    def test_report_never_exceeds_65535_bytes(self) -> None:
        """The MTU of the loopback interface is larger."""
        count = 70_000 // (4 + self.family.address_size)
        wanted = [Record(TO_EX, group(self.family, 1))] * count
        self.assertEqual(len(self.pack(*wanted, mtu=65536)), 2)

    @given(st.data())
    def test_encoded_records_are_decoded_to_themselves(self, data: st.DataObject) -> None:
        """Whatever their types and sources."""
        wanted = Report(data.draw(st.lists(records(self.family), max_size=5)))
        message = wire.encode_report(0, wanted)
        self.assertEqual(wire.decode_report(message, self.family.address_size), wanted)

    def test_sources_are_encoded_in_order(self) -> None:
        """The same record always has the same bytes."""
        encoded = wire.encode_report(0, Report([self.record(ALLOW, 3, 1, 2)]))
        listed = b"".join(source(self.family, number) for number in (1, 2, 3))
        self.assertTrue(encoded.endswith(listed))


def joined(wanted: Iterable[Record]) -> list[tuple[RecordType, bytes, list[bytes]]]:
    """Return records, with adjacent records of one type and group joined."""
    result: list[tuple[RecordType, bytes, list[bytes]]] = []
    for kind, address, listed in wanted:
        if result and result[-1][:2] == (kind, address) and kind not in (IS_EX, TO_EX):
            result[-1][2].extend(sorted(listed))
        else:
            result.append((kind, address, sorted(listed)))
    return result
