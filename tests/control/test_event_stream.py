"""EventStream: the events of one client."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.event_stream import (
    FLUSH_INTERVAL,
    MOST_WAITING,
    ROWS_A_TURN,
    EventStream,
)
from mcproxy.events.bus import Events
from mcproxy.events.daemon import Ready, Stopped
from mcproxy.events.links import LinkFound


class OnInterface:
    """Stands for the filter of a request."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def matches(self, row: dict[str, Any]) -> bool:
        return self.name is None or row.get("interface") == self.name


class EventStreamTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.events = Clock(), Events()
        self.written: list[bytes] = []

    def make(self, interface: str | None = None) -> EventStream:
        return EventStream(
            self.events,
            self.clock,
            (Ready, LinkFound),
            OnInterface(interface),
            self.written.append,
            lambda: 7.0 + self.clock.seconds(),
        )

    def rows(self) -> list[Any]:
        return [json.loads(line) for line in b"".join(self.written).splitlines()]

    def test_events_are_written_in_their_order_with_their_times(self) -> None:
        self.make()
        self.events.tell(Ready())
        self.clock.advance(0.01)
        self.events.tell(LinkFound(role="upstream", interface="wan"))
        self.events.tell(Stopped())
        self.assertEqual(self.written, [])
        self.clock.advance(FLUSH_INTERVAL)
        found = [(row["time"], row["event"]) for row in self.rows()]
        self.assertEqual(found, [(7.0, "ready"), (7.01, "link-found")])

    def test_filter_selects_events(self) -> None:
        self.make("lan")
        for name in ("wan", "lan"):
            self.events.tell(LinkFound(role="upstream", interface=name))
        self.clock.advance(FLUSH_INTERVAL)
        self.assertEqual([row["interface"] for row in self.rows()], ["lan"])

    def test_flood_is_written_a_few_at_a_time_and_what_is_lost_is_counted(self) -> None:
        """SEC-08: the daemon keeps neither more events, nor works longer in one turn."""
        self.make()
        for _ in range(MOST_WAITING + 12):
            self.events.tell(Ready())
        self.clock.advance(FLUSH_INTERVAL)
        self.assertEqual(len(self.rows()), ROWS_A_TURN)
        self.clock.pump([FLUSH_INTERVAL] * (MOST_WAITING // ROWS_A_TURN))
        rows = self.rows()
        self.assertEqual(len(rows), MOST_WAITING + 1)
        self.assertEqual((rows[-1]["event"], rows[-1]["count"]), ("lost", 12))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_paused_stream_writes_when_it_is_resumed(self) -> None:
        stream = self.make()
        stream.pause()
        self.events.tell(Ready())
        self.clock.advance(10)
        self.assertEqual(self.written, [])
        stream.resume()
        self.clock.advance(FLUSH_INTERVAL)
        self.assertEqual(len(self.rows()), 1)

    def test_closed_stream_wants_nothing(self) -> None:
        stream = self.make()
        self.events.tell(Ready())
        stream.close()
        self.assertEqual((self.events.wanted, self.clock.getDelayedCalls()), (frozenset(), []))
        self.clock.advance(1)
        self.assertEqual(self.written, [])
