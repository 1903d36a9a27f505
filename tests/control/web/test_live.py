"""LiveFeed: one sampler and one comparison for all pages, and none without a page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.web import live
from mcproxy.control.web.live import ALIVE_INTERVAL, HASTE, INTERVAL, LiveFeed
from mcproxy.control.web.live_events import FLUSH_INTERVAL
from mcproxy.control.web.live_reader import LiveReader
from mcproxy.events.bus import Events
from mcproxy.events.daemon import Ready

from .support import messages


class Sampler:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[Deferred[Any]] = []

    def read(self, wanted: Any) -> Deferred[Any]:
        self.asked.append(Deferred())
        return self.asked[-1]


class LiveFeedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.sampler, self.events = Clock(), Sampler(), Events()
        self.flows: dict[str, Any] = {"a": 1}
        made = {"daemon_rows": {}, "instance_rows": {}, "interface_rows": {}, "host_rows": {}}
        for name in made:
            self.patch(live.rows, name, lambda _: ())
        self.patch(live, "status", lambda *_: {})
        self.patch(live, "without_entry", lambda _: ())
        self.patch(live.rows, "flow_rows", lambda *_: self.rows())
        routing = SimpleNamespace(sampler=self.sampler)
        proxy: Any = SimpleNamespace(events=self.events, routing=routing)
        self.feed = LiveFeed(proxy, self.clock, lambda: 7.0)

    def rows(self) -> Any:
        for key, value in self.flows.items():
            yield key, {"key": key, "value": value}
            yield None

    def open(self) -> tuple[LiveReader, list[bytes]]:
        written: list[bytes] = []
        reader = self.feed.open(written.append)
        self.clock.advance(0)
        return reader, written

    def read(self) -> None:
        """One reading, and the turns of its cycle."""
        self.sampler.asked[-1].callback("a reading")
        self.clock.pump([0] * 20)

    def names(self, written: list[bytes]) -> list[str]:
        return [name for name, _ in messages(b"".join(written))]

    def put(self, written: list[bytes]) -> dict[str, Any]:
        """The rows of flows that were written last."""
        return {row["key"]: row["value"] for row in self.flow_rows(written)}

    def flow_rows(self, written: list[bytes]) -> list[dict[str, Any]]:
        tables = [value for name, value in messages(written[-1]) if name == "rows"]
        return [row for one in tables if one["table"] == "flows" for row in one["put"]]

    def test_without_a_page_nothing_happens(self) -> None:
        self.assertEqual((self.clock.getDelayedCalls(), self.sampler.asked), ([], []))
        self.assertEqual(self.events.wanted, frozenset())

    def test_page_gets_all_rows_and_then_changes(self) -> None:
        _, written = self.open()
        self.read()
        self.assertEqual(self.names(written)[0], "begin")
        self.assertEqual(self.put(written), {"a": 1})
        self.flows = {"a": 1, "b": 2}
        self.clock.advance(INTERVAL)
        self.read()
        self.assertEqual(self.put(written), {"b": 2})
        self.assertEqual(self.names(written[-1:]), ["rows", "cycle"])

    def test_ten_pages_are_served_by_one_reading(self) -> None:
        pages = [self.open()[1] for _ in range(10)]
        self.read()
        self.clock.advance(INTERVAL)
        self.flows["a"] = 2
        self.read()
        self.assertEqual(len(self.sampler.asked), 2)
        self.assertEqual([self.put(written) for written in pages], [{"a": 2}] * 10)
        self.assertEqual(len({id(written[-1]) for written in pages}), 1)

    def test_page_that_opens_later_gets_all_rows_at_once(self) -> None:
        self.open()
        self.read()
        _, written = self.open()
        self.assertEqual(self.put(written), {"a": 1})
        self.assertEqual(len(self.sampler.asked), 1)

    def test_pages_that_need_all_rows_get_them_each_in_a_turn_of_its_own(self) -> None:
        pages = [self.open()[1] for _ in range(3)]
        counts = []
        self.sampler.asked[-1].callback("a reading")
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.calls):
            call = self.clock.calls.pop(0)
            call.called = 1
            call.func(*call.args, **call.kw)
            counts.append(sum(bool(written) for written in pages))
        self.assertEqual(counts[-3:], [1, 2, 3])

    def test_last_page_that_closes_ends_everything(self) -> None:
        for moment in ("reading", "waiting"):
            first, second = self.open()[0], self.open()[0]
            if moment == "waiting":
                self.read()
            first.close()
            self.assertNotEqual(self.clock.getDelayedCalls(), [])
            second.close()
            second.close()
            self.clock.advance(0)
            self.assertEqual(self.clock.getDelayedCalls(), [], moment)
            self.assertEqual(self.events.wanted, frozenset())
        self.assertEqual(self.flushLoggedErrors(), [])
        _, written = self.open()
        self.read()
        self.assertEqual(self.put(written), {"a": 1})

    def test_page_that_does_not_keep_up_misses_changes_and_then_gets_all_rows(self) -> None:
        reader, written = self.open()
        self.read()
        reader.pause()
        before = len(written)
        for value in (2, 3, 4):
            self.flows = {"a": value, "b": 1}
            self.clock.advance(INTERVAL)
            self.read()
        self.assertEqual(len(written), before)
        reader.resume()
        self.clock.advance(INTERVAL)
        self.read()
        self.assertEqual(self.names(written[before:])[0], "begin")
        self.assertEqual(self.put(written), {"a": 4, "b": 1})

    def test_event_is_sent_and_makes_the_next_cycle_come_sooner(self) -> None:
        _, written = self.open()
        self.read()
        self.events.tell(Ready())
        self.clock.advance(FLUSH_INTERVAL)
        self.assertEqual(self.names(written[-1:]), ["events"])
        self.flows["b"] = 2
        self.clock.advance(HASTE)
        self.assertEqual(self.put(written), {"b": 2})
        self.assertEqual(len(self.sampler.asked), 1)

    def test_events_without_end_do_not_keep_the_counters_from_being_read(self) -> None:
        self.open()
        self.read()
        for _ in range(round(INTERVAL / FLUSH_INTERVAL) + 2):
            self.events.tell(Ready())
            self.clock.advance(FLUSH_INTERVAL)
        self.assertEqual(len(self.sampler.asked), 2)

    def test_event_during_a_reading_makes_another_cycle_follow(self) -> None:
        _, written = self.open()
        self.read()
        self.clock.advance(INTERVAL)
        self.events.tell(Ready())
        self.clock.advance(FLUSH_INTERVAL)
        self.read()
        self.flows["c"] = 3
        self.clock.advance(HASTE)
        self.assertEqual(self.put(written), {"c": 3})

    def test_page_hears_that_the_daemon_is_alive_while_a_reading_takes_long(self) -> None:
        _, written = self.open()
        self.read()
        self.clock.advance(INTERVAL)
        self.clock.advance(ALIVE_INTERVAL)
        self.assertEqual(self.names(written[-1:]), ["alive"])

    def test_counters_that_cannot_be_read_are_an_error_on_the_page(self) -> None:
        _, written = self.open()
        self.sampler.asked[-1].errback(OSError("no table"))
        self.clock.pump([0] * 20)
        name, value = messages(written[-1])[-1]
        self.assertEqual(name, "cycle")
        self.assertIn("cannot be read: no table", value["error"])

    def test_internal_error_is_logged_and_does_not_end_the_feed(self) -> None:
        _, written = self.open()
        self.flows = {"a": object()}
        self.read()
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.assertIn("internal error", messages(written[-1])[-1][1]["error"])
        self.flows = {"a": 5}
        self.clock.advance(INTERVAL)
        self.read()
        self.assertEqual(self.put(written), {"a": 5})

    def test_too_many_flows_are_those_with_faults_and_then_the_fastest(self) -> None:
        self.patch(live, "MOST_FLOWS", 2)
        health = {"slow": "good", "broken": "broken", "fast": "good"}
        rates = {"slow": 5, "broken": None, "fast": 7}
        made = [(k, {"key": k, "health": health[k], "bit-rate": rates[k]}) for k in health]
        self.patch(live.rows, "flow_rows", lambda *_: iter(made))
        _, written = self.open()
        self.read()
        self.assertEqual(messages(written[-1])[-1][1]["counts"]["flows"], 3)
        self.assertEqual({row["key"] for row in self.flow_rows(written)}, {"broken", "fast"})

    def test_reading_that_fails_is_tried_again_after_the_interval_only(self) -> None:
        self.open()
        self.sampler.asked[-1].errback(RuntimeError())
        self.clock.pump([HASTE] * 5)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual(len(self.sampler.asked), 1)
        self.clock.advance(INTERVAL)
        self.assertEqual(len(self.sampler.asked), 2)
