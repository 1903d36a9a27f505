"""Events of the daemon as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(Event):
    """The daemon forwards."""

    kind: ClassVar[str] = "ready"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationChanged(Event):
    """A key of the configuration has another value, in the running daemon."""

    kind: ClassVar[str] = "configuration"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "changed: {difference}"

    difference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingChanged(Event):
    """A reload found the configuration as it was."""

    kind: ClassVar[str] = "reload"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "no changes in the configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarting(Event):
    """The next process takes over."""

    kind: ClassVar[str] = "restart"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "restarting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """The daemon has given everything back."""

    kind: ClassVar[str] = "stop"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "stopped"
