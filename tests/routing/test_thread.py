"""RoutingThread: work in one thread, whose results may come quietly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Queue
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.routing.route_events import ROUTES
from mcproxy.routing.thread import RoutingThread

from .support import ANY, G1, G2, QuietWork, RoutingTestCase, any_source

LIMIT = 10.0


class Reactor:
    """Keeps what threads want to be called, until the test turns it."""

    def __init__(self) -> None:
        self.calls: Queue[Callable[[], None]] = Queue()

    def callFromThread(self, call: Callable[..., None], *arguments: Any) -> None:
        self.calls.put(lambda: call(*arguments))

    def turn(self) -> None:
        """Wait until a thread wakes the reactor, and do what it wants."""
        self.calls.get(timeout=LIMIT)()


class ThreadTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        self.thread = RoutingThread(self.reactor)
        self.thread.start()
        self.addCleanup(self.thread.stop)

    def let_thread_end_its_work(self) -> None:
        """Return when all that was submitted is done, and no earlier."""
        self.thread.submit(int)
        self.reactor.turn()

    def test_submitted_work_runs_in_order_in_another_thread(self) -> None:
        found: list[Any] = []
        for number in range(3):
            self.thread.submit(lambda n=number: found.append((n, threading.get_ident())))
        for _ in range(3):
            self.reactor.turn()
        self.assertEqual([number for number, _ in found], [0, 1, 2])
        self.assertEqual(len({ident for _, ident in found} | {threading.get_ident()}), 2)

    def test_result_and_failure_of_submitted_work_are_delivered(self) -> None:
        result, failure = self.thread.submit(divmod, 7, 2), self.thread.submit(divmod, 7, 0)
        self.reactor.turn()
        self.reactor.turn()
        self.assertEqual(self.successResultOf(result), (3, 1))
        self.failureResultOf(failure, ZeroDivisionError)

    def test_quiet_empty_result_does_not_wake_the_reactor(self) -> None:
        work = self.thread.quiet_work()
        done = work.submit(list)
        self.let_thread_end_its_work()
        self.assertTrue(self.reactor.calls.empty())
        self.assertTrue(work.has_ended())
        self.assertNoResult(done)

    def test_question_before_the_end_has_the_reactor_woken(self) -> None:
        work, may_end = self.thread.quiet_work(), threading.Event()
        done = work.submit(lambda: may_end.wait(LIMIT) and [])
        self.assertFalse(work.has_ended())
        self.assertNoResult(done)
        may_end.set()
        self.reactor.turn()
        self.assertEqual(self.successResultOf(done), [])
        self.assertFalse(work.has_ended())

    def test_question_does_not_last_beyond_what_was_submitted(self) -> None:
        work = self.thread.quiet_work()
        for _ in range(2):
            done = work.submit(list)
            self.let_thread_end_its_work()
            self.assertTrue(work.has_ended())
            self.assertNoResult(done)

    def test_end_is_no_end_of_what_others_submit(self) -> None:
        """Nor is it told twice."""
        work, other = self.thread.quiet_work(), self.thread.quiet_work()
        self.assertFalse(work.has_ended())
        work.submit(list)
        self.let_thread_end_its_work()
        self.assertEqual(
            [work.has_ended(), work.has_ended(), other.has_ended()], [True, False, False]
        )

    def test_quiet_result_that_says_something_wakes_the_reactor(self) -> None:
        work = self.thread.quiet_work()
        done = work.submit(lambda: ["refused"])
        self.reactor.turn()
        self.assertFalse(work.has_ended())
        self.assertEqual(self.successResultOf(done), ["refused"])

    def test_quiet_failure_wakes_the_reactor(self) -> None:
        done = self.thread.quiet_work().submit(divmod, 7, 0)
        self.reactor.turn()
        self.failureResultOf(done, ZeroDivisionError)

    def test_each_end_is_told_once_whoever_comes_first(self) -> None:
        """Questions and ends race: there is an answer or a call, and never both."""
        work, told = self.thread.quiet_work(), []
        for number in range(500):
            done = work.submit(list).addCallback(lambda _, n=number: told.append(n))
            if work.has_ended():
                told.append(number)
                self.assertNoResult(done)
            else:
                self.reactor.turn()
        self.assertEqual(told, list(range(500)))
        self.assertTrue(self.reactor.calls.empty())

    def test_thread_that_was_never_started_can_be_stopped(self) -> None:
        thread = RoutingThread(self.reactor)
        thread.stop()
        self.assertTrue(self.reactor.calls.empty())


class QuietBatchTests(RoutingTestCase):
    """Batches are quiet unless somebody waits for their end; who comes later asks for it."""

    def setUp(self) -> None:
        super().setUp()
        self.held = []
        self.quiet = self.asked = 0

    def test_lone_batch_is_not_waited_for(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.assertEqual((len(self.held or ()), self.quiet, self.asked), (1, 1, 0))

    def test_change_during_a_batch_asks_for_its_end_and_follows_it(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d2"))
        self.assertEqual(self.asked, 1)
        self.let_go_on()
        self.assertEqual({group for _, group, _ in self.kernel.entries}, {G1, G2})

    def test_who_waits_for_an_idle_table_asks(self) -> None:
        self.want(G1, any_source("up", "d1"))
        idle = self.table.when_idle()
        self.assertEqual(self.asked, 1)
        self.let_go_on()
        self.successResultOf(idle)

    def test_batch_that_others_wait_for_is_not_quiet(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d1"))
        idle = self.table.when_idle()
        self.let_go_on()
        self.successResultOf(idle)
        self.assertEqual(self.quiet, 1)

    def test_batch_that_removes_a_vif_is_not_quiet(self) -> None:
        self.table.release("d2", self.owner)
        self.assertEqual((len(self.held or ()), self.quiet), (1, 0))

    def test_batch_after_a_refusal_is_not_quiet_until_all_is_accepted(self) -> None:
        self.kernel.refuse.add(("add", ANY, G1))
        self.want(G1, any_source("up", "d1"))
        self.let_go_on()
        self.assertEqual(self.quiet, 1)
        self.want(G2, any_source("up", "d1"))
        self.assertEqual(self.quiet, 1)
        self.let_go_on()

    def test_batch_is_not_quiet_while_somebody_reads_of_entries(self) -> None:
        self.events_log.events.read(lambda event: None, ROUTES)
        self.want(G1, any_source("up", "d1"))
        self.assertEqual((len(self.held or ()), self.quiet), (1, 0))
        self.let_go_on()


class EndedQuietlyTests(RoutingTestCase):
    """The end of a batch that nobody was told of is found by whoever needs it."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(QuietWork, "has_ended", lambda _: self.ended.pop() if self.ended else False)
        self.ended: list[bool] = []
        self.held = []
        self.want(G1, any_source("up", "d1"))
        self.kernel.apply([("add", ANY, G1, b"\0\0\1")])  # as the thread does
        self.held.clear()
        self.ended = [True]

    def test_next_change_starts_a_batch(self) -> None:
        self.want(G2, any_source("up", "d2"))
        self.let_go_on()
        self.assertEqual({group for _, group, _ in self.kernel.entries}, {G1, G2})

    def test_table_is_idle(self) -> None:
        self.successResultOf(self.table.when_idle())

    def test_table_closes(self) -> None:
        done = self.table.close()
        self.let_go_on()
        self.successResultOf(done)
        self.assertTrue(self.kernel.closed)
