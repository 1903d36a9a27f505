"""The lines of the log."""

from __future__ import annotations

import io
import os
import re

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.logs import Levels, LineLog, is_journal


class LineLogTests(SynchronousTestCase):
    def make(self, level: str = "info", journal: bool = False) -> Logger:
        """A logger of the daemon's, whose lines are found in ``lines``."""
        self.stream = io.StringIO()
        observer = LineLog(self.stream, Levels(level), journal)
        self.others = Logger("twisted.somewhere", observer=observer)
        return Logger("mcproxy.somewhere", observer=observer)

    def lines(self) -> list[str]:
        """What was written, without the times."""
        text = self.stream.getvalue()
        return [
            re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ", "T ", x) for x in text.splitlines()
        ]

    def test_line_has_time_level_instance_and_interface(self) -> None:
        log = self.make()
        log.info("ready")
        log.warn("{what} lost", what="link", instance="tv/ipv4", interface="eth0")
        log.error("odd", interface=7)
        self.assertEqual(
            self.lines(),
            ["T info  ready", "T warn  tv/ipv4 eth0: link lost", "T error 7: odd"],
        )

    def test_event_below_the_level_is_not_written(self) -> None:
        for level, expected in (("debug", 4), ("info", 3), ("warn", 2), ("error", 1)):
            log = self.make(level)
            for other in (LogLevel.debug, LogLevel.info, LogLevel.warn, LogLevel.error):
                log.emit(other, "x")
            self.assertEqual(len(self.lines()), expected)

    def test_twisted_messages_below_warn_are_written_at_debug_only(self) -> None:
        self.make("info")
        self.others.info("small talk")
        self.others.warn("important")
        self.assertEqual(self.lines(), ["T warn  important"])
        self.make("debug")
        self.others.info("small talk")
        self.assertEqual(self.lines(), ["T info  small talk"])
        self.make("error")
        self.others.warn("important")
        self.assertEqual(self.lines(), [])

    def test_event_with_line_breaks_is_one_line(self) -> None:
        self.make().info("{text}", text="one\ntwo")
        self.assertEqual(self.lines(), ["T info  one | two"])

    def test_failure_has_its_traceback_indented(self) -> None:
        log = self.make()
        try:
            raise KeyError("why")
        except KeyError:
            log.failure("it broke", Failure(), instance="tv")
        first, *more = self.lines()
        self.assertEqual(first, "T critical tv: it broke")
        self.assertIn("KeyError: 'why'", more[-1])
        self.assertTrue(all(line.startswith("    ") for line in more), more)

    def test_journal_line_has_priority_and_no_time(self) -> None:
        log = self.make(journal=True)
        log.warn("slow", instance="tv")
        self.assertEqual(self.lines(), ["<4>warn  tv: slow"])

    def test_message_that_cannot_be_formatted_is_still_written(self) -> None:
        self.make().info("{nothing}")
        (line,) = self.lines()
        self.assertIn("nothing", line)


class JournalTests(SynchronousTestCase):
    def test_stream_is_the_journal_if_its_inode_is_named(self) -> None:
        with open(self.mktemp(), "w", encoding="utf-8") as stream:
            status = os.fstat(stream.fileno())
            for value, expected in (
                (f"{status.st_dev}:{status.st_ino}", True),
                (f"{status.st_dev}:{status.st_ino + 1}", False),
                ("", False),
            ):
                self.patch(os, "environ", {"JOURNAL_STREAM": value})
                self.assertIs(is_journal(stream), expected)
        self.assertFalse(is_journal(stream))  # closed
        self.assertFalse(is_journal(io.StringIO()))
