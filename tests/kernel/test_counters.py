"""Counters of entries and virtual interfaces, as the kernel has them."""

from mcproxy.linux.mroute.counters import (
    Entries,
    EntryCounters,
    entry_key,
    read_entries,
    read_vif,
    unpack_entry,
)
from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.protocol.family import FAMILIES, IPV4, Address, Family, packed

from .support import await_datagrams
from .tables import ELSEWHERE, GROUPS, SOURCES, TableTestCase


class CounterTests(TableTestCase):
    def counters(
        self, table: MulticastTable, source: Address, group: Address
    ) -> EntryCounters | None:
        """The counters of one entry whose iif is up0."""
        found: Entries = {}
        with self.router:
            for part in read_entries(table.family, table.table):
                found.update(part)
        value = found.get(entry_key(source, group, self.indexes[0]))
        return None if value is None else unpack_entry(value)

    def send(self, family: Family, name: str, source: str, count: int, hops: int = 8) -> None:
        for _ in range(count):
            self.send_data(name, source, GROUPS[family], hops)

    def test_entries_of_each_kind_count_packets_bytes_and_wrong_interfaces(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            any_, group, source = family.unspecified, packed(GROUPS[family]), SOURCES[family]
            size = 32 if family is IPV4 else 52
            table.add(table.pack(packed(source), group, 0, [1]))
            table.add(table.pack(any_, group, 0, [0, 1]))
            table.add(table.pack(any_, any_, 0, [0, 1, 2]))
            out = self.sniff(self.peer, "down0", family)
            self.send(family, "up0", source, 3)
            await_datagrams(out, lambda data: data.endswith(b"data"), 3)
            self.send(family, "down1", source, 2)
            specific = self.counters(table, packed(source), group)
            assert specific is not None
            self.assertEqual(specific[:3], (5, 5 * size, 2))
            assert specific.idle is not None
            self.assertLess(specific.idle, 5)
            for key in ((any_, group), (any_, any_)):
                self.assertEqual(self.counters(table, *key), EntryCounters(0, 0, 0, None))

    def test_table_of_its_own_has_its_own_counters(self) -> None:
        for family in FAMILIES:
            table = self.table(family, number=77)
            group = packed(GROUPS[family])
            table.add(table.pack(family.unspecified, group, 0, [0, 1]))
            self.assertIsNotNone(self.counters(table, family.unspecified, group))
            main = self.table(family)
            self.assertIsNone(self.counters(main, family.unspecified, group))

    def test_vif_counts_what_comes_in_and_goes_out(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            any_, group = family.unspecified, packed(GROUPS[family])
            size = 32 if family is IPV4 else 52
            table.add(table.pack(any_, group, 0, [0, 1]))
            out = self.sniff(self.peer, "down0", family)
            self.send(family, "up0", SOURCES[family], 3)
            await_datagrams(out, lambda data: data.endswith(b"data"), 3)
            descriptor = table.socket.fileno()
            self.assertEqual(read_vif(descriptor, 0), (3, 0, 3 * size, 0))
            self.assertEqual(read_vif(descriptor, 1), (0, 3, 0, 3 * size))
            self.assertIsNone(read_vif(descriptor, 9))

    def test_data_with_ttl_1_counts_where_it_comes_in_only(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            any_, group = family.unspecified, packed(GROUPS[family])
            table.add(table.pack(any_, group, 0, [0, 1]))
            self.send(family, "up0", SOURCES[family], 2, hops=1)
            counted = self.counters(table, any_, group)
            assert counted is not None
            self.assertEqual((counted.packets, counted.wrong_interface), (2, 0))
            descriptor = table.socket.fileno()
            vifs = read_vif(descriptor, 0), read_vif(descriptor, 1)
            self.assertEqual([vif and vif[:2] for vif in vifs], [(2, 0), (0, 0)])

    def test_large_table_is_read_in_many_slices(self) -> None:
        table, count = self.table(IPV4), 5000
        sources = [number.to_bytes(4, "big") for number in range(1 << 24, (1 << 24) + count)]
        for source in sources:
            table.add(table.pack(source, packed("239.9.9.9"), 0, [1]))
        found: Entries = {}
        with self.router:
            parts = list(read_entries(IPV4, 0))
        for part in parts:
            found.update(part)
        self.assertEqual(len(found), count)
        self.assertLess(max(map(len, parts)), count / 20)

    def test_data_from_another_link_of_any_source_is_taken(self) -> None:
        """The (*,G) entry counts what its members send too."""
        for family in FAMILIES:
            table = self.table(family)
            any_, group = family.unspecified, packed(GROUPS[family])
            table.add(table.pack(any_, any_, 0, [0, 1, 2]))
            table.add(table.pack(any_, group, 0, [0, 1, 2]))
            self.send(family, "down0", ELSEWHERE[family], 2)
            counted = self.counters(table, any_, group)
            assert counted is not None
            self.assertEqual((counted.packets, counted.wrong_interface), (2, 0))
