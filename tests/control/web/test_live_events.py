"""LiveEvents: events for all pages."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.web.live_events import (
    CHATTER,
    FLUSH_INTERVAL,
    MOST_KEPT,
    MOST_WAITING,
    LiveEvents,
)
from mcproxy.events.bus import Events
from mcproxy.events.daemon import Ready
from mcproxy.events.kinds import KINDS

from .support import messages


class LiveEventsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.events = Clock(), Events()
        self.sent: list[bytes] = []
        self.live = LiveEvents(self.events, self.clock, self.sent.append, lambda: 7.0)
        self.live.start()

    def happen(self, count: int) -> None:
        for _ in range(count):
            self.events.tell(Ready())
        self.clock.advance(FLUSH_INTERVAL)

    def test_events_of_a_moment_are_one_message(self) -> None:
        self.happen(3)
        [(name, rows)] = messages(b"".join(self.sent))
        self.assertEqual((name, [row["event"] for row in rows]), ("events", ["ready"] * 3))

    def test_flood_is_counted_and_not_kept(self) -> None:
        self.happen(MOST_WAITING + 5)
        [(_, rows)] = messages(self.sent[0])
        self.assertEqual(len(rows), MOST_WAITING + 1)
        self.assertEqual((rows[-1]["event"], rows[-1]["count"]), ("lost", 5))
        self.happen(1)
        self.assertEqual(len(messages(self.sent[1])[0][1]), 1)

    def test_page_that_opens_gets_the_latest_events(self) -> None:
        for _ in range(3):
            self.happen(MOST_WAITING)
        [(_, rows)] = messages(self.live.snapshot())
        self.assertEqual(len(rows), MOST_KEPT)

    def test_stopped_it_reads_nothing_and_has_no_timer(self) -> None:
        self.events.tell(Ready())
        self.live.stop()
        self.assertEqual((self.events.wanted, self.clock.getDelayedCalls()), (frozenset(), []))
        self.assertEqual(messages(self.live.snapshot()), [("events", [])])

    def test_chatter_is_no_event_of_the_page(self) -> None:
        self.assertLessEqual(CHATTER, set(KINDS))
        self.assertEqual(len(self.events.wanted), len(KINDS) - len(CHATTER))
