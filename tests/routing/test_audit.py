"""The kernel's table, changed by another program, is mended."""

from __future__ import annotations

from mcproxy.linux.mroute.dump import InstalledRoute
from mcproxy.protocol.family import MAX_VIFS
from mcproxy.protocol.forwarding.planner import NO_INTERFACE, Route
from mcproxy.routing import audit
from mcproxy.routing.audit import Expected, Inspection, damaged_groups, inspect
from mcproxy.routing.work import KernelWork

from .support import ANY, G1, G2, S1, RoutingTestCase, any_source


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


class WithoutInterfaceTests(RoutingTestCase):
    """(*,*) entries whose iif is no interface."""

    def test_iif_that_is_no_interface_has_a_number_that_no_vif_gets(self) -> None:
        base = Route(ANY, f"{NO_INTERFACE}up", frozenset(["up", "d1"]))
        other = Route(ANY, f"{NO_INTERFACE}d2", frozenset(["d2"]))
        self.want(ANY, base, other)
        self.assertEqual(set(self.kernel.entries), {(ANY, ANY, 31), (ANY, ANY, 30)})
        for index in range(100, 100 + MAX_VIFS - 5):
            self.assertTrue(self.table.acquire(f"x{index}", index, self.owner))
        self.assertFalse(self.table.acquire("one-more", 999, self.owner))

    def test_audit_finds_the_entry_as_it_was_installed(self) -> None:
        self.want(ANY, Route(ANY, f"{NO_INTERFACE}up", frozenset(["up", "d1"])))
        done = len(self.kernel.applied)
        self.table.audit()
        self.assertEqual(len(self.kernel.applied), done)
        before = dict(self.kernel.entries)
        self.kernel.entries.clear()
        self.table.audit()
        self.assertEqual(self.kernel.entries, before)


class RemovedLinkTests(RoutingTestCase):
    """A link is deleted while the table is audited: nobody else changed anything."""

    def setUp(self) -> None:
        super().setUp()
        self.want(G1, any_source("up", "d1", "d2"))
        self.want(G2, any_source("up", "d2"))
        self.want(ANY, any_source("d1", "up"))
        self.warned: list[str] = []
        warn = lambda _, told, **fields: self.warned.append(told.format(**fields))  # noqa: E731
        log = type("Log", (), {"warn": warn, "info": warn})
        self.patch(KernelWork, "log", log())
        self.held = []

    def release(self) -> None:
        """The message about the link comes, and its owner gives it up."""
        self.owner.wanted[G1] = (any_source("up", "d2"),)
        self.owner.wanted[ANY] = ()
        self.table.release("d1", self.owner)

    def assert_mended(self) -> None:
        """Check that the kernel has what is wanted, and that nothing was said."""
        self.let_go_on()
        self.assertEqual(self.warned, [])
        expected = {(ANY, G1, 0): bytes([0, 0, 2]), (ANY, G2, 0): bytes([0, 0, 2])}
        self.assertEqual(self.kernel.entries, expected)
        self.assertEqual(set(self.table.installed), {G1, G2})

    def test_event_of_the_vif_before_that_of_the_link(self) -> None:
        """The audit ends before the link is released."""
        self.kernel.delete_link(11)
        self.table.vif_removed(11)
        self.let_go_on()
        self.release()
        self.assert_mended()

    def test_link_that_is_released_while_the_audit_runs(self) -> None:
        self.kernel.delete_link(11)
        self.table.vif_removed(11)
        self.release()
        self.assert_mended()

    def test_link_that_goes_while_the_audit_reads_the_entries(self) -> None:
        """Its vif was there a moment ago."""
        self.patch(audit, "dump_routes", self.dump_without_link)
        self.table.audit()
        self.let_go_on()
        self.release()
        self.assert_mended()

    def dump_without_link(self, *_: object) -> list[InstalledRoute]:
        """Dump the entries; the link goes before."""
        self.kernel.delete_link(11)
        return self.kernel.dump()

    def test_threshold_that_changes_while_the_audit_runs(self) -> None:
        """The entries are written anew with it."""
        self.table.audit()
        self.table.set_threshold("d2", 2)
        self.let_go_on()
        self.assertEqual(self.warned, [])
        self.assertEqual(self.kernel.entries[ANY, G2, 0], bytes([0, 0, 34]))

    def test_entry_that_is_lost_while_a_link_goes_is_put_back(self) -> None:
        """The audit that follows does so."""
        self.kernel.delete_link(11)
        del self.kernel.entries[ANY, G2, 0]
        self.table.vif_removed(11)
        self.release()
        self.let_go_on()
        self.assertEqual(len(self.warned), 1)
        self.assertIn("0 interfaces and 1 entries are put back", self.warned[0])
        self.assertIn((ANY, G2, 0), self.kernel.entries)

    def test_vif_that_returns_is_used_again(self) -> None:
        """The link was not gone after all."""
        self.kernel.delete_link(11)
        self.table.vif_removed(11)
        self.let_go_on()
        self.kernel.gone.clear()
        self.table.audit()
        self.let_go_on()
        self.assertEqual(self.kernel.entries[ANY, G1, 0], bytes([0, 0, 1, 2]))


class ExpectedTests(RoutingTestCase):
    """What the routing thread compares with the kernel's entries."""

    def expected(self) -> Expected:
        """Return what the kernel should have now."""
        return Expected.now(self.kernel, self.table.installed, self.table.vifs)

    def damaged(self, expected: Expected) -> set[bytes]:
        """Return the groups whose entries the kernel does not have as expected."""
        return set(damaged_groups(expected, self.kernel.dump()))

    def test_comparison_is_done_in_the_routing_thread(self) -> None:
        """Its result has the damaged groups alone, and with them what remains of each."""
        self.want(G1, any_source("up", "d1"))
        self.want(G2, Route(S1, "up", frozenset(["d1"])), any_source("up", "d2"))
        expected = self.expected()
        self.assertEqual(inspect(self.kernel, expected), Inspection())
        del self.kernel.entries[S1, G2, -1]
        [rest] = [entry for entry in self.table.installed[G2] if entry.source == ANY]
        self.assertEqual(inspect(self.kernel, expected).damaged, {G2: (rest,)})
        del self.kernel.entries[ANY, G1, 0]
        self.assertEqual(inspect(self.kernel, expected).damaged[G1], ())

    def test_vifs_that_change_during_the_audit_do_not_matter(self) -> None:
        """The kernel gets them after the audit."""
        self.want(G1, any_source("up", "d1"))
        expected = self.expected()
        self.table.vifs.set_threshold("d1", 5)
        self.table.vifs.add("d9", 99)
        self.assertEqual(self.damaged(expected), set())
        changed = self.expected()
        self.assertEqual(self.damaged(changed), {G1})
