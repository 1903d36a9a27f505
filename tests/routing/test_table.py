"""ForwardingTable: what owners want is what the kernel is given, and nothing more than that."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute.dump import InstalledRoute
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.routing import table as routingtable
from mcproxy.routing.table import MAX_VIFS, ForwardingTable

ANY = IPV4.unspecified
G1, G2 = packed("239.1.1.1"), packed("239.1.1.2")
S1 = packed("192.0.2.1")


class FakeKernel:
    """A kernel table as plain values; operations are tuples, run by ``apply``."""

    def __init__(self) -> None:
        self.family = IPV4
        self.table = 0
        self.vifs: dict[int, int] = {}
        self.entries: dict[tuple[bytes, bytes, int], bytes] = {}
        self.refuse: set[bytes] = set()
        self.applied: list[list[Any]] = []
        self.closed = False

    def vif_addition(self, number: int, index: int) -> Any:
        return ("vif", number, index)

    def vif_removal(self, number: int) -> Any:
        return ("no vif", number)

    def route_tail(self, parent: int, outgoing: Iterable[int], levels: dict[int, int]) -> bytes:
        return bytes([parent, *(n + 32 * (levels.get(n, 1) - 1) for n in sorted(outgoing))])

    def addition(self, source: bytes, group: bytes, tail: bytes) -> Any:
        return ("add", source, group, tail)

    def removal(self, source: bytes, group: bytes, tail: bytes) -> Any:
        return ("remove", source, group, tail)

    def apply(self, operations: list[Any]) -> list[tuple[int, OSError]]:
        self.applied.append(list(operations))
        failures = []
        for position, operation in enumerate(operations):
            match operation:
                case ("vif", number, index):
                    self.vifs[number] = index
                case ("no vif", number):
                    del self.vifs[number]
                case ("add", source, group, tail):
                    if group in self.refuse:
                        failures.append((position, OSError(errno.ENOMEM, "no room")))
                    else:
                        self.entries[self._key(source, group, tail)] = tail
                case ("remove", source, group, tail):
                    del self.entries[self._key(source, group, tail)]
        return failures

    @staticmethod
    def _key(source: bytes, group: bytes, tail: bytes) -> tuple[bytes, bytes, int]:
        return source, group, -1 if any(source) else tail[0]

    def restore_vif(self, number: int, index: int) -> bool:
        missing = number not in self.vifs
        self.vifs[number] = index
        return missing

    def close(self) -> None:
        self.closed = True

    def dump(self) -> list[InstalledRoute]:
        return [
            InstalledRoute(
                source, group, self.vifs[tail[0]], tuple(self.vifs[n & 31] for n in tail[1:]), 0, 0
            )
            for (source, group, _), tail in self.entries.items()
            if tail[0] in self.vifs
        ]


class FakeOwner:
    """Wants what the test puts into ``wanted``."""

    def __init__(self) -> None:
        self.wanted: dict[bytes, tuple[Route, ...]] = {}

    def plan(self, group: bytes, source: bytes | None = None) -> tuple[Route, ...]:
        routes = self.wanted.get(group, ())
        return tuple(route for route in routes if source in (None, route.source))

    def planned_groups(self) -> Iterable[bytes]:
        return self.wanted


def any_source(upstream: str, *members: str) -> Route:
    return Route(ANY, upstream, frozenset([upstream, *members]))


class RoutingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.kernel = FakeKernel()
        self.held: list[Deferred[Any]] | None = None
        self.patch(routingtable, "dump_routes", lambda *_: self.kernel.dump())
        self.table = ForwardingTable(self.kernel, self.submit)  # type: ignore[arg-type]
        self.owner = FakeOwner()
        self.table.attach(self.owner)
        for name, index in (("up", 10), ("d1", 11), ("d2", 12)):
            self.assertTrue(self.table.acquire(name, index, self.owner))

    def submit(self, function: Any, *arguments: Any) -> Deferred[Any]:
        """The routing thread: at once, or when the test lets it go on."""
        if self.held is None:
            return succeed(function(*arguments))
        waiting: Deferred[Any] = Deferred()
        waiting.addCallback(lambda _: function(*arguments))
        self.held.append(waiting)
        return waiting

    def want(self, group: bytes, *routes: Route) -> None:
        self.owner.wanted[group] = routes
        self.table.changed([group])

    def test_a_wanted_group_is_installed(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 1])})

    def test_thresholds_of_interfaces(self) -> None:
        """FWD-08: entries that lead there are made anew with them; a new vif has none."""
        self.owner.wanted[G1] = (any_source("up", "d1"),)
        self.table.changed([G1])
        [(_, _, plain)] = self.table.installed[G1]
        self.table.set_threshold("d1", 7)
        [(_, _, tail)] = self.table.installed[G1]
        numbers = {name: vif.number for name, vif in self.table.vifs.items()}
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

    def test_the_base_is_the_entry_of_no_group(self) -> None:
        self.owner.wanted[ANY] = (any_source("up", "d1", "d2"),)
        self.table.changed([ANY])
        self.assertEqual(self.kernel.entries, {(ANY, ANY, 0): bytes([0, 0, 1, 2])})

    def test_no_change_asks_nothing_of_the_kernel(self) -> None:
        self.want(G1, any_source("up", "d1"))
        before = len(self.kernel.applied)
        self.want(G1, any_source("up", "d1"))
        self.table.changed([G1, G2])
        self.assertEqual(len(self.kernel.applied), before)

    def test_a_second_member_replaces_the_entry_in_place(self) -> None:
        """FWD-06."""
        self.want(G1, any_source("up", "d1"))
        self.want(G1, any_source("up", "d1", "d2"))
        self.assertEqual(self.kernel.applied[-1], [("add", ANY, G1, bytes([0, 0, 1, 2]))])

    def test_a_group_no_longer_wanted_is_removed(self) -> None:
        """FWD-06."""
        self.want(G1, any_source("up", "d1"))
        self.want(G1)
        self.assertEqual(self.kernel.entries, {})
        self.assertEqual(self.table.installed, {})

    def test_new_entries_stand_before_old_ones_go(self) -> None:
        self.want(G1, Route(S1, "up", frozenset(["d1"])))
        self.want(G1, any_source("up", "d1"))
        self.assertEqual([op[0] for op in self.kernel.applied[-1]], ["add", "remove"])

    def test_what_changes_under_way_makes_one_batch_after(self) -> None:
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
        self.assertEqual([len(b) for b in self.kernel.applied[before:]], [1000, 1000, 500])
        self.assertEqual(len(self.kernel.entries), 2500)

    def test_a_refused_entry_is_tried_again_at_the_next_change(self) -> None:
        self.kernel.refuse.add(G1)
        self.want(G1, any_source("up", "d1"))
        self.assertNotIn(G1, self.table.installed)
        self.kernel.refuse.clear()
        self.table.changed([G1])
        self.assertIn((ANY, G1, 0), self.kernel.entries)

    def test_a_link_that_comes_back_gets_another_number_until_all_is_planned(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.held = []
        self.table.acquire("d1", 21, self.owner)
        self.assertEqual(self.table.vifs["d1"].number, 3)
        self.table.release("d1", self.owner)
        self.table.acquire("d1", 22, self.owner)
        self.assertEqual(self.table.vifs["d1"].number, 4)
        while self.held:
            self.held.pop().callback(None)
        self.assertEqual(self.kernel.vifs, {0: 10, 2: 12, 4: 22})
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 4])})
        self.held = None
        self.table.acquire("d3", 30, self.owner)
        self.assertEqual(self.table.vifs["d3"].number, 1)  # free again

    def test_a_new_upstream_link_has_entries_of_its_own(self) -> None:
        """FWD-06."""
        self.want(G1, any_source("up", "d1"))
        self.table.release("up", self.owner)
        self.assertEqual(self.kernel.entries, {})
        self.table.acquire("up", 20, self.owner)
        number = self.table.vifs["up"].number
        self.assertEqual(list(self.kernel.entries), [(ANY, G1, number)])

    def test_the_33rd_interface_is_refused(self) -> None:
        for index in range(100, 100 + MAX_VIFS - 3):
            self.assertTrue(self.table.acquire(f"x{index}", index, self.owner))
        self.assertFalse(self.table.acquire("one-more", 999, self.owner))

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

    def test_entries_that_were_flushed_are_put_back(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d2"))
        before = dict(self.kernel.entries)
        self.kernel.entries.clear()
        self.table.entry_removed(ANY, G1)
        self.assertEqual(self.kernel.entries, before)

    def test_vifs_that_were_flushed_are_put_back(self) -> None:
        self.want(G1, any_source("up", "d1"))
        vifs, entries = dict(self.kernel.vifs), dict(self.kernel.entries)
        self.kernel.vifs.clear()
        self.kernel.entries.clear()
        self.table.audit()
        self.assertEqual((self.kernel.vifs, self.kernel.entries), (vifs, entries))

    def test_an_entry_that_was_changed_is_put_right(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.kernel.entries[ANY, G1, 0] = bytes([0, 0, 2])
        self.table.audit()
        self.assertEqual(self.kernel.entries, {(ANY, G1, 0): bytes([0, 0, 1])})

    def test_our_own_removals_are_no_alarm(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.want(G1)
        before = len(self.kernel.applied)
        self.table.entry_removed(ANY, G1)
        self.assertEqual(len(self.kernel.applied), before)

    def test_close_waits_for_the_work_under_way(self) -> None:
        self.held = []
        self.want(G1, any_source("up", "d1"))
        closed = self.table.close()
        self.assertNoResult(closed)
        self.held.pop(0).callback(None)
        self.held.pop(0).callback(None)
        self.successResultOf(closed)
        self.assertTrue(self.kernel.closed)
