"""A held table changes nothing; a closed table ignores whatever comes late."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed

from mcproxy.routing import table as table_module
from mcproxy.routing.state import State

from .support import ANY, G1, G2, FakeOwner, RoutingTestCase, any_source


def open_descriptors() -> int:
    """How many descriptors this process has."""
    return len(os.listdir("/proc/self/fd"))


class ClosingTests(RoutingTestCase):
    def close(self) -> int:
        """Close the table; the number of batches that the kernel has got until then."""
        self.successResultOf(self.table.close())
        self.assertIs(self.table.state, State.CLOSED)
        self.assertTrue(self.kernel.closed)
        self.submitted: list[Any] = []
        submit = lambda *work: self.submitted.append(work) or succeed([])  # noqa: E731
        self.patch(self, "run_now", submit)
        return len(self.kernel.applied)

    def test_close_waits_for_the_batch_under_way(self) -> None:
        self.held = []
        self.want(G1, any_source("up", "d1"))
        closed = self.table.close()
        self.assertNoResult(closed)
        self.held.pop(0).callback(None)
        self.held.pop(0).callback(None)
        self.successResultOf(closed)
        self.assertTrue(self.kernel.closed)

    def test_close_drops_what_waits_behind_the_batch_under_way(self) -> None:
        self.held = []
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d1"))
        self.table.audit()
        closed = self.table.close()
        self.let_go_on()
        self.successResultOf(closed)
        self.assertEqual(self.kernel.entries.keys(), {(ANY, G1, 0)})

    def test_closed_table_ignores_late_notifications(self) -> None:
        self.want(G1, any_source("up", "d1"))
        done = self.close()
        self.kernel.entries.clear()
        self.kernel.vifs.clear()
        self.table.entry_removed(ANY, G1)
        self.table.vif_removed(10)
        self.table.audit()
        self.assertEqual((len(self.kernel.applied), self.submitted), (done, []))

    def test_closed_table_ignores_late_changes(self) -> None:
        done = self.close()
        self.want(G1, any_source("up", "d1"))
        self.table.source_changed(G1, ANY)
        self.table.acquire("d3", 13, self.owner)
        self.table.release("d1", self.owner)
        self.table.set_threshold("d2", 9)
        self.table.attach(FakeOwner())
        self.table.release_hold()
        self.assertEqual((len(self.kernel.applied), self.submitted), (done, []))
        self.assertIs(self.table.state, State.CLOSED)

    def test_closed_table_ignores_the_result_of_a_late_batch(self) -> None:
        self.held = []
        self.kernel.refuse.add(("add", ANY, G1))
        self.want(G1, any_source("up", "d1"))
        closed = self.table.close()
        self.let_go_on()
        self.successResultOf(closed)
        self.assertEqual(self.events_log.lines, [])

    def test_closed_table_ignores_the_result_of_a_late_audit(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.kernel.entries.clear()
        self.held = []
        self.table.audit()
        closed = self.table.close()
        self.let_go_on()
        self.successResultOf(closed)
        self.assertEqual(self.kernel.entries, {})

    def test_counters_in_flight_are_cancelled_by_close(self) -> None:
        self.patch(table_module, "dump_routes", lambda *_: self.kernel.dump())
        self.want(G1, any_source("up", "d1"))
        self.assertEqual(len(self.successResultOf(self.table.counters())), 1)
        self.held = []
        asked: Deferred[Any] = self.table.counters()
        self.table.close()
        self.let_go_on()
        self.failureResultOf(asked, CancelledError)
        self.failureResultOf(self.table.counters(), CancelledError)
        self.assertEqual(self.held, [])

    def test_counters_of_an_entry_are_read_until_the_table_is_closed(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.assertEqual(self.table.entry_counters(ANY, G1), (3, 300, 1))
        self.assertIsNone(self.table.entry_counters(ANY, G2))
        self.close()
        self.assertIsNone(self.table.entry_counters(ANY, G1))

    def test_second_wait_for_a_closed_table_fires(self) -> None:
        self.close()
        self.successResultOf(self.table.when_idle())

    def test_close_closes_the_record_of_vifs(self) -> None:
        """Also while a batch is under way; nothing makes it again."""
        before = open_descriptors()
        record = self.table.vifs.record()
        self.assertIs(self.table.vifs.record(), record)
        self.assertEqual(open_descriptors(), before + 1)
        self.held = []
        self.want(G1, any_source("up", "d1"))
        closed = self.table.close()
        self.let_go_on()
        self.successResultOf(closed)
        self.assertEqual(open_descriptors(), before)
        self.table.release("d1", self.owner)
        self.assertEqual(open_descriptors(), before)
