"""Events, and the lines that they make in the log."""

from __future__ import annotations

from typing import Any

from constantly import NamedConstant
from twisted.internet.interfaces import IReactorTime

from mcproxy.events.bus import Events
from mcproxy.events.log_reader import LogReader
from mcproxy.logs import Levels
from mcproxy.timer import Timer


class LogLines:
    """A log that is made of ``events``; ``written`` are its lines with level and fields."""

    def __init__(self, clock: IReactorTime, level: str = "warn") -> None:
        self.events = Events()
        self.levels = Levels(level)
        self.written: list[tuple[str, str, dict[str, Any]]] = []
        self.reader = LogReader(self.events, self.levels, Timer(clock))
        self.reader.log = self  # type: ignore[assignment]

    def emit(self, level: NamedConstant, line: str, **fields: Any) -> None:
        """Write a line, as twisted.logger.Logger.emit does."""
        self.written.append((level.name, line.format(**fields), fields))

    @property
    def lines(self) -> list[str]:
        """The lines alone."""
        return [line for _, line, _ in self.written]

    @property
    def interfaces(self) -> list[str]:
        """The interface of each line."""
        return [fields["interface"] for _, _, fields in self.written]
