"""What owners want is what the kernel gets, and nothing more than that."""

from __future__ import annotations

from mcproxy.protocol.family import packed
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.routing.dirty import GROUPS_A_BATCH

from .support import ANY, G1, G2, S1, FakeOwner, RoutingTestCase, any_source


class TableTests(RoutingTestCase):
    def test_wanted_group_is_installed(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 1])})

    def test_base_is_the_entry_of_the_unspecified_group(self) -> None:
        self.owner.wanted[ANY] = (any_source("up", "d1", "d2"),)
        self.table.changed([ANY])
        self.assertEqual(self.kernel.entries, {(ANY, ANY, 0): bytes([0, 0, 1, 2])})

    def test_unchanged_group_needs_no_operation(self) -> None:
        self.want(G1, any_source("up", "d1"))
        before = len(self.kernel.applied)
        self.want(G1, any_source("up", "d1"))
        self.table.changed([G1, G2])
        self.assertEqual(len(self.kernel.applied), before)

    def test_second_member_replaces_the_entry_in_place(self) -> None:
        """FWD-06."""
        self.want(G1, any_source("up", "d1"))
        self.want(G1, any_source("up", "d1", "d2"))
        self.assertEqual(self.kernel.applied[-1], [("add", ANY, G1, bytes([0, 0, 1, 2]))])

    def test_unwanted_group_is_removed(self) -> None:
        """FWD-06."""
        self.want(G1, any_source("up", "d1"))
        self.want(G1)
        self.assertEqual(self.kernel.entries, {})
        self.assertEqual(self.table.installed, {})

    def test_new_entries_are_added_before_old_ones_are_removed(self) -> None:
        self.want(G1, Route(S1, "up", frozenset(["d1"])))
        self.want(G1, any_source("up", "d1"))
        self.assertEqual([op[0] for op in self.kernel.applied[-1]], ["add", "remove"])

    def test_changes_during_a_batch_make_up_the_next_batch(self) -> None:
        self.held = []
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d1"))
        self.want(G2, any_source("up", "d1", "d2"))
        self.want(G1)
        self.assertEqual(len(self.held), 1)
        self.held.pop().callback(None)
        self.assertEqual(len(self.held), 1)
        self.held.pop().callback(None)
        self.assertEqual(self.kernel.entries, {(ANY, G2, 0): bytes([0, 0, 1, 2])})
        self.assertEqual(self.held, [])

    def test_many_groups_go_in_several_batches(self) -> None:
        groups = [packed(f"239.2.{n >> 8}.{n & 255}") for n in range(2500)]
        for group in groups:
            self.owner.wanted[group] = (any_source("up", "d1"),)
        before = len(self.kernel.applied)
        self.table.changed(groups)
        self.clock.advance(0)
        sizes = [len(batch) for batch in self.kernel.applied[before:]]
        self.assertEqual(sizes, [GROUPS_A_BATCH, GROUPS_A_BATCH, 2500 - 2 * GROUPS_A_BATCH])
        self.assertEqual(len(self.kernel.entries), 2500)

    def test_many_groups_without_a_difference_are_planned_in_several_turns(self) -> None:
        """What is wanted after them is installed in its turn."""
        groups = [packed(f"239.2.{n >> 8}.{n & 255}") for n in range(GROUPS_A_BATCH * 2)]
        planned: list[bytes] = []
        self.owner.plan = lambda group, source=None: planned.append(group) or ()  # type: ignore[method-assign]
        self.table.changed(groups)
        self.assertEqual(planned, [])
        idle = self.table.when_idle()
        self.table.changed([G1])
        self.assertEqual(planned, [])
        [call] = self.clock.getDelayedCalls()
        self.clock.calls.clear()
        call.func()
        self.assertEqual(len(planned), GROUPS_A_BATCH)
        self.assertNoResult(idle)
        for _ in range(2):
            self.clock.advance(0)
        self.assertEqual(planned, [*groups, G1])
        self.successResultOf(idle)

    def test_owners_that_share_an_upstream_share_its_entries(self) -> None:
        other = FakeOwner()
        self.table.attach(other)
        self.table.acquire("up", 10, other)
        self.table.acquire("e1", 13, other)
        self.want(G1, any_source("up", "d1"))
        other.wanted[G1] = (any_source("up", "e1"),)
        self.table.changed([G1])
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 1, 3])})
        self.table.detach(self.owner)
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 3])})
        self.assertEqual(sorted(self.kernel.vifs), [0, 3])
