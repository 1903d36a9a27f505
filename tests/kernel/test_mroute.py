"""Multicast routing tables of the kernel: their entries, and who has them."""

import errno
import os
import subprocess
import sys

from mcproxy.linux.mroute.dump import InstalledRoute
from mcproxy.linux.mroute.errors import MulticastRoutingError, TableInUse
from mcproxy.linux.mroute.operations import ADD
from mcproxy.protocol.family import FAMILIES, IPV4, Family, packed

from .tables import GROUPS, SOURCES, TableTestCase


class EntryTests(TableTestCase):
    def test_entries_of_all_kinds_are_dumped_as_they_were_added(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            any_, group = family.unspecified, packed(GROUPS[family])
            source = packed(SOURCES[family])
            entries = {(any_, any_): (0, [0, 1, 2]), (any_, group): (0, [0, 1])}
            entries[source, group] = (1, [])
            for (one, other), (parent, outgoing) in entries.items():
                table.add(table.pack(one, other, parent, outgoing))
            expected = {
                InstalledRoute(
                    *key, self.indexes[parent], tuple(self.indexes[v] for v in outgoing), 0, 0
                )
                for key, (parent, outgoing) in entries.items()
            }
            self.assertEqual(set(self.dump(family)), expected)

    def test_entry_added_again_replaces_its_interfaces(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            for source in (packed(SOURCES[family]), family.unspecified):
                group = packed(GROUPS[family])
                table.add(table.pack(source, group, 0, [0, 1]))
                table.add(table.pack(source, group, 0, [0, 2]))
                [route] = self.dump(family)
                self.assertEqual(route.outgoing, (self.indexes[0], self.indexes[2]))
                table.remove(table.pack(source, group, 0, []))
                self.assertEqual(self.dump(family), [])

    def test_any_source_entries_with_two_iifs_stay_apart(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            any_, group = family.unspecified, packed(GROUPS[family])
            for parent in (0, 1):
                table.add(table.pack(any_, group, parent, [parent, 2]))
            self.assertEqual(len(self.dump(family)), 2)
            table.remove(table.pack(any_, group, 0, []))
            [route] = self.dump(family)
            self.assertEqual(route.parent, self.indexes[1])

    def test_removal_of_a_missing_entry_or_vif_is_no_error(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            table.remove_interface(20)
            for source in (packed(SOURCES[family]), family.unspecified):
                table.remove(table.pack(source, packed(GROUPS[family]), 0, []))

    def test_batch_continues_after_failures_and_reports_them(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            unicast = packed(SOURCES[family])
            tail = table.route_tail(0, [1])
            operations = [
                table.addition(unicast, packed(GROUPS[family]), tail),
                table.addition(unicast, unicast, tail),
                table.vif_addition(9, 12345),
                table.addition(family.unspecified, packed(GROUPS[family]), tail),
                table.vif_addition(32, self.indexes[0]),
            ]
            failures = table.apply(operations)
            self.assertEqual([position for position, _ in failures], [1, 2, 4])
            self.assertEqual(
                [error.errno for _, error in failures],
                [errno.EINVAL, errno.EADDRNOTAVAIL, errno.ENFILE],
            )
            self.assertEqual(len(self.dump(family)), 2)
            error = self.assertRaises(OSError, table.add, table.pack(unicast, unicast, 0, []))
            self.assertEqual(error.errno, errno.EINVAL)

    def test_missing_vif_is_restored_and_present_one_stays(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.assertFalse(table.restore_vif(1, self.indexes[1]))
            table.remove_interface(1)
            self.assertTrue(table.restore_vif(1, self.indexes[1]))
            self.assertRaises(OSError, table.restore_vif, 9, 12345)

    def test_thousands_of_entries_are_added_and_dumped(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            tail = table.route_tail(0, [0, 1])
            base = int.from_bytes(packed(GROUPS[family]), "big")
            groups = [(base + n).to_bytes(family.address_size, "big") for n in range(3000)]
            added = [table.addition(family.unspecified, group, tail) for group in groups]
            self.assertEqual(added[0][0], ADD)
            self.assertEqual(table.apply(added), [])
            self.assertEqual(sorted(route.group for route in self.dump(family)), groups)

    def test_closed_table_is_empty_and_can_be_opened_again(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            table.add(table.pack(family.unspecified, packed(GROUPS[family]), 0, [0]))
            table.close()
            self.assertEqual(self.dump(family), [])
            self.table(family)  # and it can be had again


class TakingTests(TableTestCase):
    def test_table_in_use_names_the_process_that_has_it_and_not_our_own(self) -> None:
        """Our process has a raw socket too: that of another table."""
        for family in FAMILIES:
            self.table(family, 5)
            for number in (0, 77):
                holder = self.holder(family, number)
                error = self.assertRaises(TableInUse, self.table, family, number)
                self.assertIn(f"(pid {holder.pid})", str(error))
                self.assertNotIn(f"(pid {os.getpid()})", str(error))
                self.assertIn(f"table {number}" if number else "default table", str(error))
                holder.communicate()

    def holder(self, family: Family, number: int) -> "subprocess.Popen[str]":
        """Another process whose table this is."""
        code = (
            "import sys; from mcproxy.linux.mroute.socket import MulticastTable;"
            "from mcproxy.protocol.family import IPV4, IPV6;"
            f"table = MulticastTable({family.name.upper()}, {number});"
            "print('ready', flush=True); sys.stdin.read()"
        )
        pipe = subprocess.PIPE
        with self.router:
            process = subprocess.Popen(
                [sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True
            )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def test_tables_have_separate_entries(self) -> None:
        for family in FAMILIES:
            self.table(family)
            table = self.table(family, 77)
            table.add(table.pack(family.unspecified, packed(GROUPS[family]), 1, [1]))
            self.assertEqual(len(self.dump(family, 77)), 1)
            self.assertEqual(self.dump(family), [])
            self.assertEqual(self.dump(family, 78), [])

    def test_table_number_too_large_is_refused(self) -> None:
        for family in FAMILIES:
            error = self.assertRaises(MulticastRoutingError, self.table, family, 2_000_000_000)
            self.assertIn("2000000000", str(error))

    def test_refused_table_leaves_no_descriptor(self) -> None:
        self.table(IPV4)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            self.assertRaises(TableInUse, self.table, IPV4)
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
