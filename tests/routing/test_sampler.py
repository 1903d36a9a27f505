"""The sampler: one reading for all who ask, and nothing while nobody does."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.host_counters import HostCounters
from mcproxy.linux.mroute.counters import ENTRY
from mcproxy.protocol.family import IPV4
from mcproxy.routing import counters
from mcproxy.routing.counters import FORGET_TIME, FRESH_TIME, CounterSampler
from mcproxy.routing.readings import Look, Reading

KEY = bytes(8)


class FakeVifs:
    """No interfaces."""

    by_name: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    thresholds: dict[int, int] = {3: 16}  # noqa: RUF012 - nobody changes it


class FakeTable:
    """A table that is only counted."""

    vifs = FakeVifs()
    kernel: Any = type("Kernel", (), {"socket": type("S", (), {"fileno": lambda self: -1})()})()


class SamplerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock: Any = Clock()
        tables: Any = {(IPV4, 0): FakeTable()}
        self.sampler = CounterSampler(self.clock, tables)
        self.jobs: list[tuple[str, Deferred[Any], tuple[Any, ...]]] = []
        self.patch(self.sampler, "_in_thread", self.submit)
        self.packets = 0

    def submit(self, function: Any, *arguments: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.jobs.append((function.__name__, done, arguments))
        return done

    def work(self) -> list[str]:
        """Do what was submitted, and what follows from it; the names of the jobs."""
        done = []
        while self.jobs:
            name, deferred, arguments = self.jobs.pop(0)
            done.append(name)
            if name == "_read_tables":
                self.packets += 100
                self.clock.advance(0.1)
                history = arguments[0][IPV4, 0]
                history.note({KEY: ENTRY.pack(self.packets, 0, 0, 0)}, self.clock.seconds())
                deferred.callback(HostCounters(0, {}, {}))
            else:
                self.hops = arguments[2] if name == "_look" else 0
                deferred.callback(Look())
        return done

    def test_first_reading_takes_two_samples_and_looks_between_them(self) -> None:
        answer = self.sampler.read()
        self.assertEqual(self.work(), ["_read_tables", "_look", "_read_tables"])
        moved = self.successResultOf(answer).entry((IPV4, 0), KEY)
        assert moved is not None
        self.assertEqual((moved.total.packets, moved.packets), (200, 100))
        self.assertEqual(self.hops, 16)

    def test_next_reading_continues_from_the_last(self) -> None:
        self.sampler.read()
        self.work()
        self.clock.advance(5)
        answer = self.sampler.read()
        self.assertEqual(self.work(), ["_look", "_read_tables"])
        moved = self.successResultOf(answer).entry((IPV4, 0), KEY)
        assert moved is not None
        self.assertEqual((round(moved.span, 3), moved.packets), (5.1, 100))

    def test_readers_who_ask_together_share_a_reading(self) -> None:
        answers = [self.sampler.read() for _ in range(5)]
        self.assertEqual(len(self.work()), 3)
        readings = {id(self.successResultOf(one)) for one in answers}
        self.assertEqual(len(readings), 1)
        self.clock.advance(FRESH_TIME - 0.11)
        self.assertIn(id(self.successResultOf(self.sampler.read())), readings)
        self.assertEqual(self.jobs, [])

    def test_samples_are_freed_when_nobody_asks_any_more(self) -> None:
        self.sampler.read()
        self.work()
        self.clock.advance(FORGET_TIME)
        self.assertIsNone(self.sampler.last)
        self.assertEqual(self.work(), ["_free"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing_is_read_and_no_timer_runs_without_a_reader(self) -> None:
        self.clock.advance(3600)
        self.assertEqual((self.jobs, self.clock.getDelayedCalls()), ([], []))

    def test_failed_reading_is_told_to_all_and_the_next_one_is_tried(self) -> None:
        answers = [self.sampler.read() for _ in range(2)]
        self.jobs.pop()[1].errback(OSError("no memory"))
        for one in answers:
            self.failureResultOf(one, OSError)
        again = self.sampler.read()
        self.work()
        self.assertIsInstance(self.successResultOf(again), Reading)

    def test_closed_sampler_ends_its_reading_and_refuses_others(self) -> None:
        self.sampler.read()
        self.sampler.close()
        self.assertRaises(CancelledError, self.jobs[0][2][-1])
        self.failureResultOf(self.sampler.read(), CancelledError)
        self.work()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class LookTests(SynchronousTestCase):
    def test_look_that_is_not_permitted_is_none_after_the_same_time(self) -> None:
        slept: list[float] = []

        def refuse(*arguments: Any) -> None:
            raise PermissionError

        self.patch(counters, "ArrivalLook", refuse)
        self.patch(counters.time, "sleep", slept.append)
        self.assertIsNone(counters._look({}, [], 1, lambda: None))
        self.assertEqual(slept, [counters.LOOK_TIME])
