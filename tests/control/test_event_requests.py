"""Requests about events: the stream, and the levels of the log."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.event_requests import level_view, open_stream, set_level
from mcproxy.control.event_stream import FLUSH_INTERVAL
from mcproxy.control.requests import BadRequestError
from mcproxy.events.bus import Events
from mcproxy.events.daemon import Ready
from mcproxy.events.links import LinkFlaps, LinkFound
from mcproxy.logs import Levels


class StreamRequestTests(SynchronousTestCase):
    def events(self, query: str) -> list[str]:
        """What a client that asks so gets of a few events."""
        events, clock, written = Events(), Clock(), list[bytes]()
        open_stream(query, events, clock)(written.append)
        events.tell(Ready())
        for name in ("wan", "lan"):
            events.tell(LinkFound(role="upstream", interface=name, instance="tv/ipv4"))
        events.tell(LinkFlaps(seconds=10, interface="lan", instance="tv/ipv6"))
        clock.advance(FLUSH_INTERVAL)
        rows = [json.loads(line) for line in b"".join(written).splitlines()]
        return [f"{row['event']} {row.get('interface', '-')}" for row in rows]

    def test_query_selects_by_kind_level_and_place(self) -> None:
        every = ["ready -", "link-found wan", "link-found lan", "link-flaps lan"]
        for query, expected in (
            ("", every),
            ("event=ready", every[:1]),
            ("event=ready&event=link-flaps", [every[0], every[3]]),
            ("interface=lan", every[2:]),
            ("interface=lan&event=link-found", every[2:3]),
            ("level=warn", every[3:]),
            ("instance=tv&family=4", every[1:3]),
        ):
            self.assertEqual(self.events(query), expected, query)

    def test_mistake_in_a_query_is_named_with_what_is_expected(self) -> None:
        for query, told in (
            ("event=joined", "event: 'joined' is not a kind of event; did you mean join?"),
            ("level=loud", "level: 'loud' is not one of debug, info, warn, error"),
            ("colour=red", "unknown filter 'colour'"),
            ("group=x", "group: 'x' does not appear"),
        ):
            error = self.assertRaises(BadRequestError, open_stream, query, Events(), Clock())
            self.assertIn(told, str(error))


class LevelRequestTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.levels = Levels()

    def set(self, **body: Any) -> dict[str, Any]:
        set_level(json.dumps(body).encode(), self.levels)
        return level_view(self.levels)

    def test_level_is_set_for_a_part_and_for_all(self) -> None:
        part = {"interface": "lan", "group": "239.1.0.0/16", "level": "debug"}
        self.assertEqual(self.set(**part), {"level": "info", "parts": [part]})
        self.assertEqual(self.set(level="warn"), {"level": "warn", "parts": []})

    def test_mistake_is_named_and_changes_nothing(self) -> None:
        for body, told in (
            ({"level": "loud"}, "level: 'loud' is not one of debug"),
            ({}, "level: '' is not one of debug"),
            ({"level": "debug", "group": "239.1.0.1/16"}, "group: 239.1.0.1/16 has host bits set"),
            ({"level": "debug", "colour": "red"}, "colour"),
        ):
            error = self.assertRaises(BadRequestError, self.set, **body)
            self.assertIn(told, str(error))
        self.assertEqual(level_view(self.levels), {"level": "info", "parts": []})
