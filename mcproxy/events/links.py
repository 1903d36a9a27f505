"""Events of interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinkEvent(Event):
    role: str

    @property
    def summary(self) -> str:
        """What happened, in two words."""
        return self.message.format(role=self.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFound(_LinkEvent):
    """An interface is used from now on."""

    kind: ClassVar[str] = "link-found"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "{role} found"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost(_LinkEvent):
    """An interface cannot be used any more; ``reason`` says why, if that is known."""

    kind: ClassVar[str] = "link-lost"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = "{role} lost"

    reason: str = ""

    def line(self) -> str:
        """With the reason."""
        return self.message + (": {reason}" if self.reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFlaps(Event):
    """An interface goes up and down again and again."""

    kind: ClassVar[str] = "link-flaps"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "the link goes up and down; its changes are logged as one when it is steady for {seconds} s"
    )

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSteady(Event):
    """An interface does not change any more; ``last`` is its last change."""

    kind: ClassVar[str] = "link-steady"
    level: ClassVar[str] = "info"
    message: ClassVar[str] = (
        "the link is steady after {count} changes in {seconds} s; the last one was: {last}"
    )

    count: int
    seconds: float
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUnusable(_LinkEvent):
    """An interface exists or not, but cannot be used; ``cure`` says what to do."""

    kind: ClassVar[str] = "link-unusable"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = "{role} {interface} cannot be used: {reason}; {cure}"
    seldom: ClassVar[tuple[str, ...] | None] = ("role", "reason")

    reason: str
    cure: str
