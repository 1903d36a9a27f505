"""What should have come, and what did: members and links, held against the streams sent.

A ``Want`` is one membership of one receiver from its join to its leave. It is about the packets
from the first that came to the last that was sent before the leave, each of which must come
once. A ``Watch`` is a link, where a stream may pass only while a ``Want`` there covers it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from .capture import Frame, read_datum
from .host import Received


class Flow(NamedTuple):
    """What one source sends to one group; addresses are text."""

    source: str
    group: str


class Sending(Protocol):
    """A stream: numbered packets, of which ``sent`` are on their way."""

    source: str
    group: str
    sent: int


class Receiving(Protocol):
    """A member."""

    def of(self, source: str) -> Received:
        """What came from a source."""


class Frames(Protocol):
    """A capture."""

    def take(self) -> list[Frame]:
        """What came since the last call."""


class Result(NamedTuple):
    """What became of a ``Want``. ``delay`` is in seconds, None while nothing came."""

    delay: float | None
    sent: int
    received: int
    lost: int
    repeated: int

    def faults(self, latest: float) -> list[str]:
        """What is wrong with it, if anything, where joins may take ``latest`` seconds."""
        found = []
        if self.delay is None:
            found.append("nothing came")
        elif self.delay > latest:
            found.append(f"came only after {self.delay:.1f} s")
        if self.lost and self.delay is not None:
            found.append(f"{self.lost} lost")
        if self.repeated:
            found.append(f"{self.repeated} came twice")
        return found


@dataclass
class Want:
    """The membership of ``receiver`` for the streams that its filter lets through.

    ``joined`` and ``left`` are times of the system's clock. With ``from_start`` not only what
    follows the first packet that came is wanted, but all that was sent.
    """

    receiver: str
    link: str
    group: str
    filter: str
    member: Receiving
    streams: Sequence[Sending]
    joined: float
    left: float | None = None
    from_start: bool = False
    _begins: list[int] = field(init=False)
    _ends: list[int] | None = None

    def __post_init__(self) -> None:
        self._begins = [0 if self.from_start else stream.sent for stream in self.streams]

    def stop_counting(self) -> None:
        """Packets sent from now on are not about this any more."""
        if self._ends is None:
            self._ends = [stream.sent for stream in self.streams]

    def covers(self, flow: Flow, when: float, grace: float) -> bool:
        """Whether a packet may pass, up to ``grace`` seconds after the leave."""
        if flow.group != self.group or flow.source not in {s.source for s in self.streams}:
            return False
        return self.joined <= when and (self.left is None or when <= self.left + grace)

    def result(self) -> Result:
        """The sum over its streams; while they run, up to the last packets that came."""
        parts = [self._of_stream(number) for number in range(len(self.streams))]
        delays = [part.delay for part in parts]
        return Result(
            None if None in delays else max((d for d in delays if d is not None), default=None),
            sum(part.sent for part in parts),
            sum(part.received for part in parts),
            sum(part.lost for part in parts),
            sum(part.repeated for part in parts),
        )

    def _of_stream(self, number: int) -> Result:
        stream, begin = self.streams[number], self._begins[number]
        came = self.member.of(stream.source)
        last = came.last + 1 if came.packets else stream.sent
        end = self._ends[number] if self._ends else last
        if not came.packets:
            return Result(None, max(0, end - begin), 0, max(0, end - begin), 0)
        if not self.from_start:
            # What was sent before the join may have waited for it; it says nothing of losses.
            begin = next((n for n in range(begin, end) if n in came.sequences), end)
        lost = came.missing(begin, end)
        return Result(
            came.first_time - self.joined, end - begin, end - begin - lost, lost, came.duplicates
        )


@dataclass
class Watch:
    """A link as a capture at its far end sees it: the packets that the proxy put there.

    Sources in ``local`` are on this link: they are heard directly, with all the ``hops`` that
    they give their packets, and nothing of theirs may come back. A stream may run on for
    ``grace`` seconds after a leave.
    """

    link: str
    capture: Frames
    hops: int
    grace: float
    local: frozenset[str] = frozenset()
    received: dict[Flow, Received] = field(default_factory=dict)
    unwanted: Counter[Flow] = field(default_factory=Counter)

    def update(self, wants: Sequence[Want]) -> None:
        """Judge what came since the last time."""
        here = [want for want in wants if want.link == self.link]
        for frame in self.capture.take():
            if frame.outgoing or (datum := read_datum(frame)) is None:
                continue
            if datum.source in self.local and datum.hops == self.hops:
                continue
            flow = Flow(datum.source, datum.group)
            self.received.setdefault(flow, Received()).take(datum.sequence, datum.time)
            if not self._may_pass(flow, datum.time, here):
                self.unwanted[flow] += 1

    def _may_pass(self, flow: Flow, when: float, wants: Sequence[Want]) -> bool:
        if flow.source in self.local:
            return False
        return any(want.covers(flow, when, self.grace) for want in wants)

    @property
    def packets(self) -> int:
        """All that was forwarded to this link."""
        return sum(each.packets for each in self.received.values())

    def last(self, flow: Flow) -> float:
        """When the last packet of a stream was forwarded, 0 if none was."""
        return self.received[flow].last_time if flow in self.received else 0.0

    def member(self, group: str) -> Receiving:
        """The link itself as a receiver of a group."""
        return _Passing(self, group)


@dataclass
class _Passing:
    watch: Watch
    group: str

    def of(self, source: str) -> Received:
        return self.watch.received.get(Flow(source, self.group), Received())
