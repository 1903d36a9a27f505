"""RoutingThread: work in one thread, whose results may come quietly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Queue
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.routing.thread import RoutingThread

from .support import ANY, G1, G2, RoutingTestCase, any_source

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
        done = self.thread.submit_quietly(list)
        self.let_thread_end_its_work()
        self.assertNoResult(done)
        self.assertTrue(self.reactor.calls.empty())
        self.thread.hurry()
        self.assertEqual(self.successResultOf(done), [])

    def test_hurry_before_the_end_has_the_reactor_woken(self) -> None:
        may_end = threading.Event()
        done = self.thread.submit_quietly(lambda: may_end.wait(LIMIT) and [])
        self.thread.hurry()
        self.assertNoResult(done)
        may_end.set()
        self.reactor.turn()
        self.assertEqual(self.successResultOf(done), [])

    def test_hurry_does_not_last_beyond_what_was_submitted(self) -> None:
        first = self.thread.submit_quietly(list)
        self.let_thread_end_its_work()
        self.thread.hurry()
        self.successResultOf(first)
        second = self.thread.submit_quietly(list)
        self.let_thread_end_its_work()
        self.assertNoResult(second)
        self.thread.hurry()
        self.successResultOf(second)

    def test_quiet_result_that_says_something_wakes_the_reactor(self) -> None:
        done = self.thread.submit_quietly(lambda: ["refused"])
        self.reactor.turn()
        self.assertEqual(self.successResultOf(done), ["refused"])

    def test_quiet_failure_wakes_the_reactor(self) -> None:
        done = self.thread.submit_quietly(divmod, 7, 0)
        self.reactor.turn()
        self.failureResultOf(done, ZeroDivisionError)

    def test_thread_that_was_never_started_can_be_stopped(self) -> None:
        thread = RoutingThread(self.reactor)
        thread.stop()
        self.assertTrue(self.reactor.calls.empty())


class QuietBatchTests(RoutingTestCase):
    """Batches come quietly; whoever waits for one hurries."""

    def setUp(self) -> None:
        super().setUp()
        self.held = []
        self.hurried = 0

    def test_lone_batch_is_not_waited_for(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.assertEqual((len(self.held or ()), self.hurried), (1, 0))

    def test_change_during_a_batch_hurries_and_follows_it(self) -> None:
        self.want(G1, any_source("up", "d1"))
        self.want(G2, any_source("up", "d2"))
        self.assertEqual(self.hurried, 1)
        self.let_go_on()
        self.assertEqual({group for _, group, _ in self.kernel.entries}, {G1, G2})

    def test_who_waits_for_an_idle_table_hurries(self) -> None:
        self.want(G1, any_source("up", "d1"))
        idle = self.table.when_idle()
        self.assertEqual(self.hurried, 1)
        self.let_go_on()
        self.successResultOf(idle)

    def test_batch_that_removes_a_vif_hurries(self) -> None:
        self.table.release("d2", self.owner)
        self.assertGreaterEqual(self.hurried, 1)

    def test_batch_after_a_refusal_hurries_until_all_is_accepted(self) -> None:
        self.kernel.refuse.add(("add", ANY, G1))
        self.want(G1, any_source("up", "d1"))
        self.let_go_on()
        self.hurried = 0
        self.want(G2, any_source("up", "d1"))
        self.assertEqual(self.hurried, 1)
        self.let_go_on()
