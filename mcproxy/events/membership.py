"""Events of the hosts on downstream links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..protocol.family import Address
from .event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _GroupEvent(Event):
    """Something about a group on a link."""

    group: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subscription(_GroupEvent):
    """The link has another subscription; ``sources`` belong to the filter mode."""

    host: Address | None
    mode: str
    sources: tuple[Address, ...] = ()

    def line(self) -> str:
        """With the sources, if there are any."""
        return self.message + (" {mode} {sources}" if self.sources else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(_Subscription):
    """The first host of the link joined the group."""

    kind: ClassVar[str] = "join"
    message: ClassVar[str] = "{host} joined {group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChanged(_Subscription):
    """The link wants other sources of the group; no host is named where time changed it."""

    kind: ClassVar[str] = "subscription"
    message: ClassVar[str] = "{group} is wanted from other sources:"

    def line(self) -> str:
        """With the sources that are wanted or excluded."""
        return self.message + " {mode} " + ("{sources}" if self.sources else "nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(_GroupEvent):
    """The last host left; ``queried`` says whether hosts were asked first."""

    kind: ClassVar[str] = "leave"
    message: ClassVar[str] = "{host} left {group}, and no other host wants it"

    host: Address
    queried: bool

    def line(self) -> str:
        """How that is known."""
        how = "; no host answered the last-member queries" if self.queried else ""
        return self.message + how


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired(_GroupEvent):
    """No host has reported the group for the membership interval."""

    kind: ClassVar[str] = "expiry"
    message: ClassVar[str] = "{group} expired: no host has reported it for {seconds} s"

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMemberQuery(_GroupEvent):
    """We ask whether a host still wants the group, or these sources of it."""

    kind: ClassVar[str] = "last-member-query"
    message: ClassVar[str] = "asked the hosts whether one still wants {group}"

    sources: tuple[Address, ...] = ()

    def line(self) -> str:
        """With the sources, if only these are asked for."""
        return self.message + (" from {sources}" if self.sources else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReceived(_GroupEvent):
    """A host reported a group; ``record`` is the type of the record, or of an older message."""

    kind: ClassVar[str] = "report-received"
    message: ClassVar[str] = "{host} reported {group}: {record}"

    host: Address
    record: str
    sources: tuple[Address, ...] = ()

    def line(self) -> str:
        """With the sources, if there are any."""
        return self.message + (" {sources}" if self.sources else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """Something valid of a host or router was refused, by a setting or a rule.

    ``explanation`` is the line for the log, with the fields ``host`` and ``group``.
    """

    kind: ClassVar[str] = "refusal"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = ""
    seldom: ClassVar[tuple[str, ...] | None] = ("reason",)

    host: Address
    group: Address | None
    reason: str
    setting: str | None
    explanation: str

    def line(self) -> str:
        """The explanation; it speaks of "a group" where none is known."""
        if self.group is None:
            return self.explanation.replace("{group}", "a group")
        return self.explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinDenied(_GroupEvent):
    """A filter or the boundary denies what a host has joined; ``setting`` is the key of it."""

    kind: ClassVar[str] = "join-denied"
    message: ClassVar[str] = "{host} joined {group}; {explanation} (see {setting})"

    host: Address | None
    setting: str
    explanation: str

    def line(self) -> str:
        """The message; after a restart the host may be unknown."""
        return self.message if self.host else self.message.replace("{host}", "a host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped(Event):
    """A message that breaks a rule of the protocol was dropped.

    ``protocol`` is IGMP or MLD.
    """

    kind: ClassVar[str] = "drop"
    message: ClassVar[str] = "{protocol} message from {host} dropped: {details}"

    host: str
    protocol: str
    reason: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryDropped(Dropped):
    """A query was dropped for its source (RFC 9777, section 5.1.14)."""

    kind: ClassVar[str] = "query-drop"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "a query of {host} on {interface} was dropped because its source is not a link-local "
        "address; it is not answered, and {host} cannot become the querier; set that router to "
        "send its {protocol} queries from a link-local address"
    )
    seldom: ClassVar[tuple[str, ...] | None] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodDropped(Event):
    """Messages of a host were dropped because it has its share of the queue waiting."""

    kind: ClassVar[str] = "flood"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "{host} sends more {protocol} messages than can be processed; those beyond its share are "
        "dropped, other hosts are served (see max-host-report-rate)"
    )
    seldom: ClassVar[tuple[str, ...] | None] = ()

    host: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProgramJoined(_GroupEvent):
    """A program on this machine joined a group on a downstream link."""

    kind: ClassVar[str] = "local-join"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "a program on this machine joined {group} on the downstream {interface}, where it "
        "receives no forwarded data; let it join on the upstream interface"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOverflow(Event):
    """The kernel dropped messages because its queue was full."""

    kind: ClassVar[str] = "queue-overflow"
    level: ClassVar[str] = "warn"
    message: ClassVar[str] = (
        "the kernel dropped {count} {protocol} messages that came faster than they were "
        "read, or were damaged; joins and leaves among them take effect later, when hosts "
        "repeat them or answer the next query"
    )
    seldom: ClassVar[tuple[str, ...] | None] = ("protocol",)

    protocol: str
    count: int
