"""What a table remembers when the kernel refuses a part of a batch."""

from __future__ import annotations

import errno
from typing import Any

from mcproxy.protocol.family import packed
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.routing import audit
from mcproxy.routing.work import KernelWork

from .support import ANY, G1, G2, S1, RoutingTestCase, any_source

S2 = packed("192.0.2.2")


def from_source(source: bytes, *members: str) -> Route:
    return Route(source, "up", frozenset(members))


class RecordingLog:
    """Stands for a logger."""

    def __init__(self) -> None:
        self.warnings: list[dict[str, Any]] = []

        self.infos: list[str] = []

    def warn(self, text: str, **fields: Any) -> None:
        self.warnings.append({"text": text, **fields})

    def info(self, text: str, **fields: Any) -> None:
        self.infos.append(text)


class RefusalTestCase(RoutingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.log = RecordingLog()
        self.patch(KernelWork, "log", self.log)

    def sources_of(self, group: bytes) -> set[bytes]:
        """The sources of the entries that the table remembers."""
        return {entry.source for entry in self.table.installed.get(group, ())}

    def check_memory(self) -> None:
        """The table remembers just what the kernel has."""
        remembered = {
            (entry.source, group, entry.parent): entry.tail
            for group, entries in self.table.installed.items()
            for entry in entries
        }
        self.assertEqual(remembered, self.kernel.entries)


class EntryRefusalTests(RefusalTestCase):
    def test_refused_entry_is_tried_again_at_the_next_change(self) -> None:
        self.kernel.refuse.add(("add", ANY, G1))
        self.want(G1, any_source("up", "d1"))
        self.assertNotIn(G1, self.table.installed)
        self.kernel.refuse.clear()
        self.table.changed([G1])
        self.assertIn((ANY, G1, 0), self.kernel.entries)

    def test_refused_entry_leaves_the_others_of_its_group_remembered(self) -> None:
        self.kernel.refuse.add(("add", S1))
        self.want(G1, any_source("up", "d1"), from_source(S1, "d2"), from_source(S2, "d1"))
        self.assertEqual(self.sources_of(G1), {ANY, S2})
        self.check_memory()
        self.want(G1)
        self.assertEqual(self.kernel.entries, {})

    def test_refused_replacement_leaves_the_old_entry_remembered(self) -> None:
        self.want(G1, any_source("up", "d1"), from_source(S2, "d1"))
        self.kernel.refuse.add(("add", ANY, G1))
        self.want(G1, any_source("up", "d1", "d2"), from_source(S2, "d2"))
        self.assertEqual(self.kernel.entries[ANY, G1, 0], bytes([0, 0, 1]))
        self.check_memory()
        self.kernel.refuse.clear()
        self.table.changed([G1])
        self.assertEqual(self.kernel.entries[ANY, G1, 0], bytes([0, 0, 1, 2]))
        self.check_memory()

    def test_refused_removal_is_remembered_and_tried_again(self) -> None:
        self.want(G1, any_source("up", "d1"), from_source(S1, "d2"))
        self.kernel.refuse.add(("remove", S1))
        self.want(G1)
        self.assertEqual(self.sources_of(G1), {S1})
        self.check_memory()
        self.kernel.refuse.clear()
        self.table.changed([G1])
        self.assertEqual(self.kernel.entries, {})
        self.check_memory()

    def test_refused_change_of_one_source_leaves_the_others_remembered(self) -> None:
        """Also where the source and its whole group change in one batch."""
        self.want(G1, from_source(S1, "d1"), from_source(S2, "d1"))
        self.kernel.refuse.add(("add", S1))
        self.held = []
        self.want(G2, any_source("up", "d1"))
        self.owner.wanted[G1] = (from_source(S1, "d2"), from_source(S2, "d2"))
        self.table.source_changed(G1, S1)
        self.table.changed([G1])
        self.let_go_on()
        self.check_memory()
        self.assertEqual(self.kernel.entries[S1, G1, -1], bytes([0, 1]))
        self.assertEqual(self.kernel.entries[S2, G1, -1], bytes([0, 2]))
        self.kernel.refuse.clear()
        self.table.source_changed(G1, S1)
        self.let_go_on()
        self.assertEqual(self.kernel.entries[S1, G1, -1], bytes([0, 2]))
        self.check_memory()

    def test_refusal_is_logged_with_group_and_reason(self) -> None:
        self.kernel.refuse.add(("add", ANY, G1))
        self.want(G1, any_source("up", "d1"))
        ((_, _, warning),) = self.events_log.written
        self.assertEqual(
            (warning["group"], warning["reason"], warning["count"]), ("239.1.1.1", "no room", 1)
        )

    def test_refused_entries_are_tried_again_with_a_growing_wait(self) -> None:
        self.kernel.refuse.add(("add",))
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d2"))
        for wait in (1, 2, 4, 8, 16, 32, 60, 60):
            self.clock.advance(wait - 0.01)
            tried = len(self.kernel.applied)
            self.clock.advance(0.01)
            self.assertEqual(len(self.kernel.applied), tried + 1)
            self.assertEqual(len(self.kernel.applied[-1]), 2)
        self.kernel.refuse.clear()
        self.clock.advance(60)
        self.assertEqual({group for _, group, _ in self.kernel.entries}, {G1, G2})
        self.check_memory()
        self.assertEqual((len(self.events_log.lines), len(self.log.infos)), (1, 1))
        self.assertEqual(self.table.refused["entry"], 18)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_wait_starts_anew_after_the_kernel_accepted_all(self) -> None:
        for _ in range(2):
            self.kernel.refuse.add(("add",))
            self.want(G1, any_source("up", "d1"))
            self.clock.pump([1, 2])
            self.kernel.refuse.clear()
            self.clock.advance(4)
            self.assertEqual(len(self.kernel.entries), 1)
            self.want(G1)
        self.assertEqual(len(self.events_log.lines), 2)

    def test_refused_entry_that_is_unwanted_meanwhile_is_not_added(self) -> None:
        self.kernel.refuse.add(("add",))
        self.want(G1, any_source("up", "d1"))
        self.kernel.refuse.clear()
        self.want(G1)
        done = len(self.kernel.applied)
        self.clock.advance(1)
        self.assertEqual((len(self.kernel.applied), self.kernel.entries), (done, {}))

    def test_refused_removal_is_tried_again_after_a_wait(self) -> None:
        self.want(G1, from_source(S1, "d1"))
        self.kernel.refuse.add(("remove",))
        self.want(G1)
        self.kernel.refuse.clear()
        self.clock.advance(1)
        self.assertEqual(self.kernel.entries, {})

    def test_closed_table_tries_nothing_again(self) -> None:
        self.kernel.refuse.add(("add",))
        self.want(G1, any_source("up", "d1"))
        self.successResultOf(self.table.close())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_audit_that_cannot_read_the_table_runs_again_after_a_wait(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.kernel.entries.clear()

        def fail(*_: object) -> None:
            raise OSError(errno.ENOBUFS, "no memory")

        self.patch(audit, "dump_routes", fail)
        self.table.audit()
        self.assertEqual(len(self.log.warnings), 1)
        self.patch(audit, "dump_routes", lambda *_: self.kernel.dump())
        self.clock.advance(1)
        self.assertEqual(len(self.kernel.entries), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class VifRefusalTests(RefusalTestCase):
    def test_refused_vif_is_left_out_of_entries_until_it_is_acquired_again(self) -> None:
        self.kernel.refuse.add(("vif", 3))
        self.assertTrue(self.table.acquire("d3", 13, self.owner))
        self.want(G1, any_source("up", "d1", "d3"))
        self.assertEqual(self.kernel.entries[ANY, G1, 0], bytes([0, 0, 1]))
        self.assertEqual(self.log.warnings[0]["interface"], "d3")
        self.kernel.refuse.clear()
        self.assertTrue(self.table.acquire("d3", 13, self.owner))
        self.assertEqual(self.kernel.vifs[3], 13)
        self.assertEqual(self.kernel.entries[ANY, G1, 0], bytes([0, 0, 1, 3]))

    def test_refused_vif_is_tried_again_by_an_audit(self) -> None:
        self.kernel.refuse.add(("vif", 3))
        self.table.acquire("d3", 13, self.owner)
        self.want(G1, any_source("up", "d3"))
        self.table.audit()
        self.assertEqual(self.kernel.entries[ANY, G1, 0], bytes([0, 0]))
        self.kernel.refuse.clear()
        self.table.audit()
        self.assertEqual(self.kernel.entries[ANY, G1, 0], bytes([0, 0, 3]))
        self.assertEqual(len(self.log.warnings), 1)

    def test_refused_upstream_has_no_entries_with_it_as_iif(self) -> None:
        self.table.release("up", self.owner)
        self.kernel.refuse.add(("vif", 0))
        self.want(G1, any_source("up", "d1"))
        self.table.acquire("up", 20, self.owner)
        self.assertEqual((self.kernel.entries, dict(self.table.installed)), ({}, {}))
        self.kernel.refuse.clear()
        self.table.acquire("up", 20, self.owner)
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 1])})

    def test_refused_vif_and_its_entries_are_tried_again_after_a_wait(self) -> None:
        self.kernel.refuse.add(("vif", 3))
        self.table.acquire("d3", 13, self.owner)
        self.want(G1, any_source("up", "d3"))
        self.clock.pump([1, 2])
        self.assertEqual((len(self.log.warnings), self.table.refused["vif"]), (1, 3))
        self.kernel.refuse.clear()
        self.clock.advance(4)
        self.assertEqual(self.kernel.entries[ANY, G1, 0], bytes([0, 0, 3]))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_vif_that_the_kernel_did_not_remove_is_removed_after_a_wait(self) -> None:
        self.kernel.refuse.add(("no vif", 1))
        self.table.release("d1", self.owner)
        self.kernel.refuse.clear()
        self.clock.advance(1)
        self.assertEqual(sorted(self.kernel.vifs), [0, 2])

    def test_vif_refused_after_its_release_is_not_warned_about(self) -> None:
        self.held = []
        self.kernel.refuse.add(("vif", 3))
        self.table.acquire("d3", 13, self.owner)
        self.table.release("d3", self.owner)
        self.let_go_on()
        self.assertEqual(self.log.warnings, [])
        self.assertEqual(sorted(self.kernel.vifs), [0, 1, 2])

    def test_number_of_a_vif_that_stays_is_not_used_again(self) -> None:
        self.kernel.refuse.add(("no vif", 1))
        self.table.release("d1", self.owner)
        self.assertEqual(self.kernel.vifs[1], 11)
        self.table.acquire("d3", 13, self.owner)
        self.assertEqual(self.table.vifs.numbers["d3"], 3)
        self.assertEqual(self.kernel.vifs, {0: 10, 1: 11, 2: 12, 3: 13})
        self.kernel.refuse.clear()
        self.table.acquire("d4", 14, self.owner)
        self.assertEqual(self.kernel.vifs, {0: 10, 2: 12, 3: 13, 4: 14})
        self.table.acquire("d5", 15, self.owner)
        self.assertEqual(self.table.vifs.numbers["d5"], 1)


class OwnerErrorTests(RoutingTestCase):
    """An error in the plan of one group concerns no other group, and no vif."""

    def test_group_that_cannot_be_planned_keeps_its_entries(self) -> None:
        self.want(G1, any_source("up", "d1"))
        before = dict(self.kernel.entries)
        plan = self.owner.plan

        def broken(group: bytes, source: bytes | None = None) -> tuple[Route, ...]:
            return plan(group, source) if group != G1 else 1 / 0  # type: ignore[return-value]

        self.patch(self.owner, "plan", broken)
        self.owner.wanted[G2] = (any_source("up", "d2"),)
        self.table.acquire("d3", 13, self.owner)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.kernel.vifs[3], 13)
        self.assertEqual(self.kernel.entries, {**before, (ANY, G2, 0): bytes([0, 0, 2])})
