"""Virtual interfaces: their numbers, thresholds and users."""

from __future__ import annotations

from mcproxy.protocol.family import MAX_VIFS

from .support import ANY, G1, G2, RoutingTestCase, any_source


class VifTests(RoutingTestCase):
    def test_threshold_change_renews_entries_and_ends_with_the_vif(self) -> None:
        """FWD-08: entries that lead there are made anew with them; a new vif has none."""
        self.owner.wanted[G1] = (any_source("up", "d1"),)
        self.table.changed([G1])
        [(_, _, plain)] = self.table.installed[G1]
        self.table.set_threshold("d1", 7)
        [(_, _, tail)] = self.table.installed[G1]
        numbers = self.table.vifs.numbers
        outgoing, levels = [numbers["up"], numbers["d1"]], {numbers["d1"]: 7}
        self.assertEqual(tail, self.kernel.route_tail(numbers["up"], outgoing, levels))
        self.assertNotEqual(tail, plain)
        done = len(self.kernel.applied)
        self.table.set_threshold("d1", 7)
        self.table.audit()
        self.assertEqual(len(self.kernel.applied), done)
        self.table.release("d1", self.owner)
        self.table.acquire("d1", 11, self.owner)
        self.assertEqual(self.table.installed[G1], ((ANY, numbers["up"], plain),))

    def test_recreated_link_gets_another_number_until_all_entries_are_planned(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.held = []
        self.table.acquire("d1", 21, self.owner)
        self.assertEqual(self.table.vifs.numbers["d1"], 3)
        self.table.release("d1", self.owner)
        self.table.acquire("d1", 22, self.owner)
        self.assertEqual(self.table.vifs.numbers["d1"], 4)
        while self.held:
            self.held.pop().callback(None)
        self.assertEqual(self.kernel.vifs, {0: 10, 2: 12, 4: 22})
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 4])})
        self.held = None
        self.table.acquire("d3", 30, self.owner)
        self.assertEqual(self.table.vifs.numbers["d3"], 1)  # free again

    def test_link_that_flaps_keeps_its_number_however_often(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.held = []
        self.want(G2, any_source("up", "d1"))
        for _ in range(60):
            self.table.release("up", self.owner)
            self.assertTrue(self.table.acquire("up", 10, self.owner))
        self.assertEqual(self.table.vifs.numbers["up"], 0)
        self.let_go_on()
        self.assertEqual(self.kernel.vifs, {0: 10, 1: 11, 2: 12})
        tail = bytes([0, 0, 1])
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): tail, (ANY, G2, 0): tail})
        removals = [one for batch in self.kernel.applied for one in batch if one[0] == "remove"]
        self.assertEqual(removals, [])

    def test_retired_numbers_are_no_lack_of_room(self) -> None:
        """A link is made again under new indexes faster than the kernel gets the changes."""
        self.held = []
        self.want(G1, any_source("up", "d1"))
        index, accepted = 20, True
        while accepted:
            index += 1
            accepted = self.table.acquire("d1", index, self.owner)
        self.assertEqual(index, 20 + MAX_VIFS - 2)
        self.assertFalse(self.table.is_full)
        self.let_go_on()
        self.assertTrue(self.table.acquire("d1", index, self.owner))
        self.let_go_on()
        self.assertEqual(sorted(self.kernel.vifs.values()), [10, 12, index])

    def test_recreated_upstream_gets_entries_of_its_own(self) -> None:
        """FWD-06."""
        self.want(G1, any_source("up", "d1"))
        self.table.release("up", self.owner)
        self.assertEqual(self.kernel.entries, {})
        self.table.acquire("up", 20, self.owner)
        number = self.table.vifs.numbers["up"]
        self.assertEqual(list(self.kernel.entries), [(ANY, G1, number)])

    def test_33rd_interface_is_refused(self) -> None:
        for index in range(100, 100 + MAX_VIFS - 3):
            self.assertTrue(self.table.acquire(f"x{index}", index, self.owner))
        self.assertFalse(self.table.acquire("one-more", 999, self.owner))
        self.assertTrue(self.table.is_full)
