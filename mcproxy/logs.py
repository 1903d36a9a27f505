"""The daemon's log: one line per event on standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogLevel,
    formatEvent,
    globalLogBeginner,
)
from zope.interface import implementer

LEVELS = ("debug", "info", "warn", "error")
_ORDER = {level: number for number, level in enumerate((*LEVELS, "critical"))}
_SYSLOG = {"debug": 7, "info": 6, "warn": 4, "error": 3, "critical": 2}


@implementer(ILogObserver)
class LineLog:
    """An observer that writes ``TIME LEVEL INSTANCE INTERFACE: WHAT`` for each event.

    The journal has its own times, so its lines begin with the priority instead. Only an
    unexpected failure takes more than one line; its traceback is indented.
    """

    def __init__(self, stream: TextIO, level: str, journal: bool) -> None:
        self._stream = stream
        self._least = _ORDER[level]
        # Messages of Twisted itself below "warn" are for debugging only.
        self._least_of_others = max(self._least, _ORDER["warn"]) if self._least else 0
        self._journal = journal

    def __call__(self, event: LogEvent) -> None:
        """Write ``event`` if its level is high enough."""
        level = event.get("log_level", LogLevel.info).name
        own = str(event.get("log_namespace", "")).startswith("mcproxy")
        if _ORDER[level] < (self._least if own else self._least_of_others):
            return
        self._stream.write(self._line(event, level))
        self._stream.flush()

    def _line(self, event: LogEvent, level: str) -> str:
        where = " ".join(str(event[key]) for key in ("instance", "interface") if event.get(key))
        text = formatEvent(event).strip().replace("\n", " | ")
        if where:
            text = f"{where}: {text}"
        failure = event.get("log_failure")
        if failure is not None:
            text = f"{text}\n{failure.getTraceback().rstrip()}".replace("\n", "\n    ")
        if self._journal:
            return f"<{_SYSLOG[level]}>{level:<5} {text}\n"
        when = event.get("log_time", time.time())
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
        return f"{stamp}.{int(when % 1 * 1000):03} {level:<5} {text}\n"


def is_journal(stream: TextIO) -> bool:
    """Whether ``stream`` goes to the journal, according to JOURNAL_STREAM (systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def observer(level: str = "info") -> LineLog:
    """A log on standard error; also for ``twistd --logger=mcproxy.logs.observer``."""
    return LineLog(sys.stderr, level, is_journal(sys.stderr))


def start_logging(level: str) -> None:
    """Begin to write events of at least ``level`` to standard error."""
    globalLogBeginner.beginLoggingTo([observer(level)], redirectStandardIO=False)
