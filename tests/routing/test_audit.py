"""The kernel's table, changed by another program, is mended."""

from __future__ import annotations

from .support import ANY, G1, G2, RoutingTestCase, any_source


class AuditTests(RoutingTestCase):
    def test_flushed_entries_are_put_back(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d2"))
        before = dict(self.kernel.entries)
        self.kernel.entries.clear()
        self.table.entry_removed(ANY, G1)
        self.assertEqual(self.kernel.entries, before)

    def test_flushed_vifs_are_put_back(self) -> None:
        self.want(G1, any_source("up", "d1"))
        vifs, entries = dict(self.kernel.vifs), dict(self.kernel.entries)
        self.kernel.vifs.clear()
        self.kernel.entries.clear()
        self.table.audit()
        self.assertEqual((self.kernel.vifs, self.kernel.entries), (vifs, entries))

    def test_changed_entry_is_corrected(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.kernel.entries[ANY, G1, 0] = bytes([0, 0, 2])
        self.table.audit()
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 1])})

    def test_own_removal_starts_no_audit(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.want(G1)
        before = len(self.kernel.applied)
        self.table.entry_removed(ANY, G1)
        self.assertEqual(len(self.kernel.applied), before)
