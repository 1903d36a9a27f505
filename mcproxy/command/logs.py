"""The daemon's log: one line an event on standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from zope.interface import implementer

LEVELS = ("debug", "info", "warn", "error")
_ORDER = {level: number for number, level in enumerate((*LEVELS, "critical"))}
_SYSLOG = {"debug": 7, "info": 6, "warn": 4, "error": 3, "critical": 2}


@implementer(ILogObserver)
class LineLog:
    """An observer that writes ``TIME LEVEL [INSTANCE INTERFACE:] WHAT`` for each event.

    Under a journal the level goes in front, as the journal wants it, and the time is its own.
    """

    def __init__(self, stream: TextIO, level: str, journal: bool) -> None:
        self._stream = stream
        self._least = _ORDER[level]
        self._journal = journal

    def __call__(self, event: LogEvent) -> None:
        """Write ``event`` if it matters enough."""
        level = event.get("log_level", LogLevel.info).name
        # The framework's own small talk is for those who debug.
        own = str(event.get("log_namespace", "")).startswith("mcproxy")
        if _ORDER[level] < (self._least if own else max(self._least, _ORDER["warn"])):
            return
        self._stream.write(self._line(event, level))
        self._stream.flush()

    def _line(self, event: LogEvent, level: str) -> str:
        where = " ".join(event[key] for key in ("instance", "interface") if event.get(key))
        text = f"{where}: {formatEvent(event)}" if where else formatEvent(event)
        failure = event.get("log_failure")
        if failure is not None:
            text = f"{text}\n{failure.getTraceback()}"
        if self._journal:
            return f"<{_SYSLOG[level]}>{text}\n"
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.get("log_time")))
        return f"{stamp} {level:<5} {text}\n"


def start_logging(level: str) -> None:
    """Send events of at least ``level`` to standard error from now on."""
    observer = LineLog(sys.stderr, level, bool(os.environ.get("JOURNAL_STREAM")))
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
