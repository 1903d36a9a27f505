"""The garbage collector is kept from long pauses."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.garbage import (
    _YOUNG_SEARCHES,
    FULL_SEARCH_INTERVAL,
    GarbageCollection,
    no_search,
)


class RecordingCollector:
    """Stands for the module gc; ``said`` is what was asked of it."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[str, dict[str, int]], None]] = []
        self.said: list[str] = []
        self.thresholds = (700, 10, 10)
        self.enabled = True

    def get_threshold(self) -> tuple[int, int, int]:
        """When it searches by itself, as the module tells it."""
        return self.thresholds

    def set_threshold(self, *thresholds: int) -> None:
        """Search after so many objects."""
        first, second, third = thresholds
        self.thresholds = first, second, third

    def search(self, generation: int) -> list[str]:
        """Search, and return what was asked meanwhile."""
        self.said.clear()
        for phase in ("start", "stop"):
            for each in self.callbacks:
                each(phase, {"generation": generation})
        return list(self.said)

    def isenabled(self) -> bool:
        """Whether it searches."""
        return self.enabled

    def collect(self) -> None:
        """A full search."""
        self.search(2)

    def freeze(self) -> None:
        """Exempt all objects."""
        self.said.append("freeze")

    def unfreeze(self) -> None:
        """Exempt none."""
        self.said.append("unfreeze")


class GarbageCollectionTests(SynchronousTestCase):
    def setUp(self) -> None:
        """A collector of our own, and a clock."""
        self.clock = Clock()
        self.collector = RecordingCollector()
        self.soon: list[Callable[[], None]] = []
        self.reactor: Any = SimpleNamespace(callFromThread=self.soon.append)
        self.service = GarbageCollection(self.reactor, self.collector, self.clock.seconds)

    def search_young(self, times: int) -> None:
        """Search the youngest objects, as Python does by itself."""
        for _ in range(times):
            self.collector.search(0)

    def test_what_a_full_search_has_looked_at_is_exempt(self) -> None:
        """From the start on; searches of young objects exempt nothing."""
        self.service.startService()
        self.assertEqual(self.collector.said, ["freeze"])
        self.assertEqual(self.collector.search(0), [])
        self.assertEqual(self.collector.search(1), [])
        self.assertEqual(self.collector.search(2), ["freeze"])

    def test_exempt_objects_are_searched_once_in_a_while(self) -> None:
        """So cycles of links that went are found."""
        self.service.startService()
        self.clock.advance(FULL_SEARCH_INTERVAL)
        self.assertEqual(self.collector.search(1), [])
        self.assertEqual(self.collector.search(2), ["unfreeze", "freeze"])
        self.assertEqual(self.collector.search(2), ["freeze"])

    def test_full_search_follows_some_searches_of_young_objects_in_a_call_of_its_own(self) -> None:
        """Python itself makes none; one is enough for all that came before."""
        before = self.collector.thresholds
        self.service.startService()
        self.assertEqual(self.collector.thresholds[0], before[0])
        self.assertGreater(min(self.collector.thresholds[1:]), 10_000)
        self.search_young(_YOUNG_SEARCHES - 1)
        self.assertEqual(self.soon, [])
        self.search_young(2 * _YOUNG_SEARCHES)
        (search,) = self.soon
        self.collector.said.clear()
        search()
        self.assertEqual(self.collector.said, ["freeze"])
        self.search_young(_YOUNG_SEARCHES)
        self.assertEqual(len(self.soon), 2)
        self.service.stopService()
        self.assertEqual(self.collector.thresholds, before)

    def test_search_that_another_thread_has_counted_too_is_not_missed(self) -> None:
        """The counter may pass the number at which the full search is asked for."""
        self.service.startService()
        self.service._young = _YOUNG_SEARCHES
        self.search_young(2)
        self.assertEqual(len(self.soon), 1)

    def test_search_that_is_due_is_left_out_where_none_is_wanted(self) -> None:
        """While somebody makes many objects, and once the service has stopped."""
        self.service.startService()
        self.search_young(_YOUNG_SEARCHES)
        self.collector.said.clear()
        self.collector.enabled = False
        self.soon.pop()()
        self.assertEqual(self.collector.said, [])
        self.collector.enabled = True
        self.search_young(_YOUNG_SEARCHES)
        self.service.stopService()
        self.collector.said.clear()
        self.soon.pop()()
        self.assertEqual(self.collector.said, [])

    def test_stopped_service_leaves_the_collector_alone(self) -> None:
        """Also if it stops twice, or never started."""
        self.service.stopService()
        self.service.startService()
        for _ in range(2):
            self.service.stopService()
            self.assertEqual(self.collector.search(2), [])

    def test_cycles_are_found_when_their_time_has_come(self) -> None:
        """With the collector of Python itself."""

        class Node:
            alive = 0

            def __init__(self) -> None:
                self.itself = self
                Node.alive += 1

            def __del__(self) -> None:
                Node.alive -= 1

        service = GarbageCollection(self.reactor, clock=self.clock.seconds)
        self.addCleanup(gc.unfreeze)
        node = Node()
        service.startService()
        self.addCleanup(service.stopService)
        del node
        gc.collect()
        self.assertEqual(Node.alive, 1)
        self.clock.advance(FULL_SEARCH_INTERVAL)
        gc.collect()
        self.assertEqual(Node.alive, 0)

    def test_searches_go_on_after_work_without_them(self) -> None:
        """Also if the work fails."""
        for error in (None, OSError()):
            try:
                with no_search():
                    self.assertFalse(gc.isenabled())
                    if error is not None:
                        raise error
            except OSError as raised:
                self.assertIs(raised, error)
            self.assertTrue(gc.isenabled())
