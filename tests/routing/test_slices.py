"""Many changes at once are planned in slices, groups first, and one source costs little."""

from __future__ import annotations

from mcproxy.protocol.family import packed
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.routing.dirty import PLANNING_SLICE
from mcproxy.routing.installed import FEW, InstalledEntries
from mcproxy.routing.plan import Installed

from .support import ANY, G1, G2, S1, RoutingTestCase, any_source

FROM_S1 = (Route(S1, "up", frozenset(["d1"])),)
MANY = [packed(f"192.0.2.{number}") for number in range(1, 4 * FEW)]


class SliceTests(RoutingTestCase):
    """SEC-08: a flood of changes delays the packets of hosts by no more than a slice."""

    cost = PLANNING_SLICE / 10

    def setUp(self) -> None:
        super().setUp()
        plan = self.owner.plan

        def slow_plan(group: bytes, source: bytes | None = None) -> tuple[Route, ...]:
            self.clock.rightNow += self.cost
            return plan(group, source)

        self.owner.plan = slow_plan  # type: ignore[method-assign]

    def test_group_is_planned_before_sources_that_wait(self) -> None:
        self.held = []
        self.want(G2, any_source("up", "d1"))
        self.owner.wanted[G1] = tuple(Route(one, "up", frozenset(["d1"])) for one in MANY)
        for one in MANY:
            self.table.source_changed(G1, one)
        self.want(G2, any_source("up", "d1", "d2"))
        self.held.pop(0).callback(None)
        before = len(self.kernel.applied)
        self.let_go_on()
        groups = [one[2] for batch in self.kernel.applied[before:] for one in batch]
        self.assertEqual((groups[0], set(groups[1:])), (G2, {G1}))

    def test_group_with_very_many_sources_is_planned_source_by_source(self) -> None:
        """A host that joins and leaves it keeps the reactor busy for a slice at a time."""
        sources = [packed(f"198.51.{number >> 8}.{number & 255}") for number in range(300)]
        self.owner.wanted[G1] = tuple(Route(one, "up", frozenset(["d1"])) for one in sources)
        self.table.changed([G1])
        wanted = [Route(one, "up", frozenset(["d1", "d2"])) for one in sources[:-1]]
        self.owner.wanted[G1] = (*wanted, *FROM_S1)
        self.held = []
        begin = self.clock.seconds()
        self.table.changed([G1])
        self.assertLess(self.clock.seconds() - begin, PLANNING_SLICE + 2 * self.cost)
        while self.held:
            self.let_go_on()
        installed = {entry.source: entry.tail for entry in self.table.installed[G1]}
        self.assertEqual(set(installed), {*sources[:-1], S1})
        self.assertEqual({tail for one, tail in installed.items() if one != S1}, {bytes([0, 1, 2])})
        self.assertEqual({key[0] for key in self.kernel.entries}, set(installed))

    def test_group_that_gets_an_entry_for_all_sources_is_planned_as_a_whole(self) -> None:
        sources = [packed(f"198.51.{number >> 8}.{number & 255}") for number in range(300)]
        self.owner.wanted[G1] = tuple(Route(one, "up", frozenset(["d1"])) for one in sources)
        self.table.changed([G1])
        self.want(G1, any_source("up", "d1"))
        self.assertEqual(list(self.kernel.entries), [(ANY, G1, 0)])

    def plan_all(self, count: int) -> list[bytes]:
        """Have so many groups planned anew, none of which is wanted; the groups as planned."""
        many = [packed(f"239.2.{number >> 8}.{number & 255}") for number in range(count)]
        planned: list[bytes] = []
        slow_plan = self.owner.plan

        def plan(group: bytes, source: bytes | None = None) -> tuple[Route, ...]:
            planned.append(group + (source or b""))
            return slow_plan(group, source)

        self.owner.plan = plan  # type: ignore[method-assign]
        self.table.all_changed(self.owner, iter(many))
        self.assertEqual(planned, many[: len(planned)])
        return planned

    def test_all_groups_are_planned_in_slices_and_changed_ones_before_them(self) -> None:
        begin = self.clock.seconds()
        planned = self.plan_all(100)
        self.assertLess(self.clock.seconds() - begin, PLANNING_SLICE + 2 * self.cost)
        idle = self.table.when_idle()
        before = len(planned)
        self.want(G1, any_source("up", "d1"))
        self.assertNoResult(idle)
        self.clock.pump([0] * 20)
        self.assertEqual(planned[before], G1)
        self.assertEqual(list(self.kernel.entries), [(ANY, G1, 0)])
        self.successResultOf(idle)
        self.assertEqual((len(planned), len(set(planned))), (101, 101))

    def test_neither_sources_nor_all_groups_wait_for_each_other(self) -> None:
        """Anybody can send from very many addresses, and each new source waits for its entry."""
        planned = self.plan_all(100)
        before = len(planned)
        for one in MANY[:20]:
            self.table.source_changed(G1, one)
        self.clock.pump([0] * 20)
        soon = planned[before : before + 40]
        self.assertEqual(sum(len(key) > len(G1) for key in soon), 20)
        self.assertEqual(len(planned), 120)

    def test_what_changes_again_as_a_whole_is_planned_once(self) -> None:
        planned = self.plan_all(50)
        before = len(planned)
        again = [packed(f"239.2.0.{number}") for number in range(40, 50)]
        self.table.all_changed(self.owner, iter(again))
        self.clock.pump([0] * 20)
        self.assertEqual(planned[before:], again)
        self.successResultOf(self.table.when_idle())

    def test_batch_has_what_is_planned_within_a_slice(self) -> None:
        self.held = []
        wanted = [packed(f"239.2.0.{number}") for number in range(100)]
        for group in wanted:
            self.owner.wanted[group] = (any_source("up", "d1"),)
        begin = self.clock.seconds()
        self.table.changed(wanted)
        self.clock.advance(0)
        self.assertLess(self.clock.seconds() - begin, PLANNING_SLICE + 2 * self.cost)
        self.assertEqual(len(self.held), 1)
        self.let_go_on()
        self.assertEqual({group for _, group, _ in self.kernel.entries}, set(wanted))

    def test_planning_that_changes_nothing_ends_after_a_slice_too(self) -> None:
        wanted = [packed(f"239.2.0.{number}") for number in range(100)]
        begin = self.clock.seconds()
        self.table.changed([*wanted, G1])
        self.assertLess(self.clock.seconds() - begin, PLANNING_SLICE + 2 * self.cost)
        idle = self.table.when_idle()
        self.assertNoResult(idle)
        self.owner.wanted[G1] = FROM_S1
        self.clock.pump([0] * 20)
        self.successResultOf(idle)
        self.assertEqual([key[:2] for key in self.kernel.entries], [(S1, G1)])

    def test_table_that_closes_while_planning_waits_is_idle(self) -> None:
        self.table.changed([packed(f"239.2.0.{number}") for number in range(100)])
        idle = self.table.when_idle()
        self.successResultOf(self.table.close())
        self.successResultOf(idle)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class InstalledEntriesTests(RoutingTestCase):
    """FWD-13: what is known of a group with many sources is found by source."""

    def setUp(self) -> None:
        super().setUp()
        self.entries = {one: Installed(one, -1, b"\0\1") for one in MANY}
        self.installed = InstalledEntries({G1: tuple(self.entries.values())})

    def test_entry_is_found_by_its_source(self) -> None:
        self.assertEqual(self.installed.of_source(G1, MANY[3]), (self.entries[MANY[3]],))
        self.assertEqual(self.installed.of_source(G1, S1 + S1), ())
        self.assertEqual(self.installed.of_source(G2, MANY[3]), ())

    def test_sources_come_and_go_one_by_one(self) -> None:
        """Also where few are left, or few become many."""
        for one in MANY:
            self.installed.set_source(G1, one, ())
            self.installed.set_source(G2, one, (self.entries[one],))
            self.assertEqual(self.installed.of_source(G1, one), ())
        self.assertEqual(dict(self.installed), {G2: tuple(self.entries.values())})
        self.assertEqual(self.installed.of(G1), ())

    def test_group_is_replaced_as_a_whole(self) -> None:
        few = (self.entries[MANY[0]],)
        self.installed.set(G1, few)
        self.assertEqual((dict(self.installed), self.installed.of(G1)), ({G1: few}, few))
        self.installed.set(G1, ())
        self.assertEqual((len(self.installed), list(self.installed)), (0, []))
