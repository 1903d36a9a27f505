"""Events: the bus, the rows, and the lines of the log."""

from __future__ import annotations

import json
from dataclasses import fields
from ipaddress import ip_network
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.bus import Events
from mcproxy.events.daemon import Ready, Stopped
from mcproxy.events.event import Event
from mcproxy.events.kinds import KINDS
from mcproxy.events.log_reader import MOST_LINES, SELDOM
from mcproxy.events.membership import Joined, Refused, ReportReceived
from mcproxy.logs import Levels, Scope
from mcproxy.protocol.family import packed

from .log_lines import LogLines

G, H = packed("239.1.1.1"), packed("10.0.0.9")
S = (packed("192.0.2.1"), packed("192.0.2.2"))


def joined(interface: str = "lan", group: bytes = G) -> Joined:
    return Joined(instance="tv/ipv4", interface=interface, group=group, host=H, mode="exclude")


def refused(reason: str, group: bytes | None = G) -> Refused:
    said = "{host} joined {group}; refused"
    return Refused(
        instance="tv",
        interface="lan",
        host=H,
        group=group,
        reason=reason,
        setting=None,
        explanation=said,
    )


class BusTests(SynchronousTestCase):
    def test_reader_gets_the_kinds_that_it_wants(self) -> None:
        events, heard = Events(), list[Event]()
        events.read(heard.append, [Ready])
        self.assertEqual(events.wanted, {Ready})
        for event in (Ready(), Stopped()):
            events.tell(event)
        self.assertEqual(heard, [Ready()])

    def test_reader_that_ignores_gets_nothing_and_wants_nothing(self) -> None:
        events, heard, others = Events(), list[Event](), list[Event]()
        read, read_too = heard.append, others.append
        events.read(read, [Ready])
        events.read(read_too, [Ready, Stopped])
        events.ignore(read_too)
        events.tell(Ready())
        self.assertEqual((heard, others, events.wanted), ([Ready()], [], {Ready}))


class RowTests(SynchronousTestCase):
    def test_row_names_addresses_as_the_views_do(self) -> None:
        event = ReportReceived(
            instance="tv", interface="lan", group=G, host=H, record="allow", sources=S
        )
        self.assertEqual(
            event.row(1.5),
            {
                "time": 1.5,
                "event": "report-received",
                "level": "debug",
                "family": "ipv4",
                "instance": "tv",
                "interface": "lan",
                "group-address": "239.1.1.1",
                "host-address": "10.0.0.9",
                "record": "allow",
                "sources": ["192.0.2.1", "192.0.2.2"],
                "text": "10.0.0.9 reported 239.1.1.1: allow 192.0.2.1, 192.0.2.2",
            },
        )

    def test_each_kind_has_a_row_and_a_line(self) -> None:
        """With any value in each field, so that no line names a field that does not exist."""
        self.assertGreater(len(KINDS), 30)
        for name, kind in KINDS.items():
            given = {field.name: self.example(str(field.type)) for field in fields(kind)}
            row = kind(**given).row(0.0)
            self.assertEqual(row["event"], name)
            self.assertIn("text", json.loads(json.dumps(row)))
            self.assertNotIn("{", row["text"])

    def example(self, annotation: str) -> Any:
        for part, value in (("tuple[A", S), ("tuple[s", ("a", "b")), ("Address", G), ("str", "x")):
            if part in annotation:
                return value
        return 7


class LevelsTests(SynchronousTestCase):
    def test_part_of_the_daemon_has_its_own_level(self) -> None:
        levels = Levels("warn")
        levels.set("debug", Scope(instance="tv", group=ip_network("239.1.0.0/16")))
        levels.set("error", Scope(interface="wan"))
        shown = {
            ("tv/ipv4", "lan", "239.1.1.1"): True,
            ("tv/ipv4", "lan", "239.2.1.1"): False,
            ("other", "lan", "239.1.1.1"): False,
            ("tv", "lan", None): False,
        }
        for (instance, interface, group), expected in shown.items():
            where = {"instance": instance, "interface": interface, "group": group}
            self.assertEqual(levels.allow("debug", where), expected, where)
        self.assertFalse(levels.allow("warn", {"interface": "wan"}))
        levels.set("info")
        self.assertTrue(levels.allow("info", {"interface": "wan"}))


class LogReaderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.log = LogLines(self.clock, "info")

    def tell(self, event: Event, times: int = 1) -> None:
        for _ in range(times):
            self.log.events.tell(event)

    def test_kinds_below_the_level_are_not_wanted(self) -> None:
        self.assertNotIn(Joined, self.log.events.wanted)
        self.log.levels.set("debug")
        self.assertIn(Joined, self.log.events.wanted)
        self.log.levels.set("info")
        self.assertNotIn(Joined, self.log.events.wanted)

    def test_group_with_a_level_of_its_own_is_followed(self) -> None:
        self.log.levels.set("debug", Scope(group=ip_network("239.1.1.1")))
        self.tell(joined())
        self.tell(joined(group=packed("239.1.1.2")))
        self.assertEqual(self.log.lines, ["10.0.0.9 joined 239.1.1.1"])

    def test_kind_that_is_seldom_logged_has_a_line_for_each_reason(self) -> None:
        for _ in range(3):
            self.tell(refused("ssm"))
            self.tell(refused("max-groups", None))
        self.assertEqual(
            self.log.lines,
            ["10.0.0.9 joined 239.1.1.1; refused", "10.0.0.9 joined a group; refused"],
        )
        self.clock.advance(SELDOM)
        self.tell(refused("ssm"))
        self.assertTrue(self.log.lines[2].endswith("refused (2 more like it in the last 600 s)"))

    def test_debug_level_shows_also_what_is_seldom_logged(self) -> None:
        self.log.levels.set("debug")
        self.tell(refused("ssm"), 3)
        self.assertEqual([level for level, _, _ in self.log.written], ["warn", "debug", "debug"])

    def test_flood_of_a_kind_is_summarised_for_each_interface(self) -> None:
        """SEC-08."""
        self.log.levels.set("debug")
        self.tell(joined("lan1"), 500)
        self.tell(joined("lan2"))
        self.clock.advance(1)
        self.assertEqual(len(self.log.lines), MOST_LINES + 2)
        level, line, where = self.log.written[-1]
        self.assertEqual((level, where["interface"]), ("debug", "lan1"))
        self.assertIn(f'{500 - MOST_LINES} more events "join" within a second', line)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_log_that_is_closed_reads_nothing(self) -> None:
        self.log.reader.close()
        self.tell(Ready())
        self.assertEqual((self.log.lines, self.log.events.wanted), ([], frozenset()))
