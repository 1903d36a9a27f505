"""The daemon's log: one line per event on standard error, and which events it has."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, TextIO

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


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the daemon with a log level of its own; what is None is not compared."""

    instance: str | None = None
    interface: str | None = None
    group: IPv4Network | IPv6Network | None = None

    def has(self, fields: Mapping[str, Any]) -> bool:
        """Whether a log event with these fields belongs to this part."""
        if self.instance is not None:
            name = str(fields.get("instance"))
            if self.instance not in (name, name.partition("/")[0]):
                return False
        if self.interface is not None and self.interface != fields.get("interface"):
            return False
        return self.group is None or self._has_group(fields.get("group"))

    def _has_group(self, group: object) -> bool:
        try:
            return ip_address(str(group)) in (self.group or ())
        except ValueError:
            return False


class Levels:
    """The least level of the events in the log: for all, and other ones for some parts.

    ``changed`` is called when a level is different.
    """

    def __init__(self, general: str = "info") -> None:
        self.general = general
        self.parts: dict[Scope, str] = {}
        self.changed: Callable[[], None] = lambda: None

    @property
    def lowest(self) -> str:
        """The level below which no event is in the log."""
        return min((self.general, *self.parts.values()), key=_ORDER.__getitem__)

    def set(self, level: str, scope: Scope | None = None) -> None:
        """Use this level from now on; without a part of its own, no part has its own level."""
        if scope is None:
            self.general = level
            self.parts.clear()
        else:
            self.parts[scope] = level
        self.changed()

    def allow(self, level: str, fields: Mapping[str, Any]) -> bool:
        """Whether an event of this level, with these fields, is in the log."""
        if not self.parts:
            return _ORDER[level] >= _ORDER[self.general]
        own = [one for scope, one in self.parts.items() if scope.has(fields)]
        least = min(own, key=_ORDER.__getitem__) if own else self.general
        return _ORDER[level] >= _ORDER[least]


levels = Levels()
"""The levels of this process's log."""


@implementer(ILogObserver)
class LineLog:
    """An observer that writes ``TIME LEVEL INSTANCE INTERFACE: WHAT`` for each event.

    The journal has its own times, so its lines begin with the priority instead. Only an
    unexpected failure takes more than one line; its traceback is indented.
    """

    def __init__(self, stream: TextIO, levels: Levels, journal: bool) -> None:
        self._stream = stream
        self._levels = levels
        self._journal = journal

    def __call__(self, event: LogEvent) -> None:
        """Write ``event`` if its level is high enough."""
        level = event.get("log_level", LogLevel.info).name
        own = str(event.get("log_namespace", "")).startswith("mcproxy")
        # Messages of Twisted itself below "warn" are for debugging only.
        least = level if own or _ORDER[level] >= _ORDER["warn"] else "debug"
        if not self._levels.allow(least, event):
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


def observer() -> LineLog:
    """A log on standard error; also for ``twistd --logger=mcproxy.logs.observer``."""
    return LineLog(sys.stderr, levels, is_journal(sys.stderr))


def start_logging(level: str) -> None:
    """Begin to write events of at least ``level`` to standard error."""
    levels.set(level)
    globalLogBeginner.beginLoggingTo([observer()], redirectStandardIO=False)
