"""Which packets should have arrived, and which did.

A ``Want`` is one membership of one receiver, from its join to its leave. Each packet between the
first that arrived and the last that was sent before the leave must arrive once. A ``Watch`` is a
link; a stream may pass there only while a ``Want`` on the link covers it.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from .capture import Frame, read_datum
from .host import Received


class Flow(NamedTuple):
    """What one source sends to one group; addresses are text."""

    source: str
    group: str


class Sending(Protocol):
    """A stream of numbered packets, ``sent`` of them so far."""

    source: str
    group: str
    sent: int


class Receiving(Protocol):
    """A member."""

    def of(self, source: str) -> Received:
        """What arrived from a source."""


class Frames(Protocol):
    """A capture."""

    def take(self) -> list[Frame]:
        """The frames since the last call."""


class Result(NamedTuple):
    """The outcome of a ``Want``.

    ``delay`` is the time from the join to the first packet, ``reaction`` the time from the
    host's first report to the first packet; None while there is no packet, or no report.
    """

    delay: float | None
    reaction: float | None
    sent: int
    received: int
    lost: int
    repeated: int

    def faults(self, latest: float) -> list[str]:
        """What is wrong with it, if a join may take ``latest`` seconds."""
        found = []
        if self.delay is None:
            found.append("nothing came")
        elif self.reaction is not None and self.reaction > latest:
            found.append(f"came only {self.reaction:.1f} s after its host asked for it")
        if self.lost and self.delay is not None:
            found.append(f"{self.lost} lost")
        if self.repeated:
            found.append(f"{self.repeated} came twice")
        return found


@dataclass
class Want:
    """The membership of ``receiver`` for the streams that its filter lets through.

    ``joined`` and ``left`` are the times of the calls, ``asked`` and ``released`` those of the
    kernel's reports, which it may send a second later on a busy machine; all by the system's
    clock. With ``from_start`` every packet is wanted, not only those after the first that came.
    """

    receiver: str
    link: str
    group: str
    filter: str
    member: Receiving
    streams: Sequence[Sending]
    joined: float
    left: float | None = None
    asked: float | None = None
    released: float | None = None
    from_start: bool = False
    _begins: list[int] = field(init=False)
    _ends: list[int] | None = None

    def __post_init__(self) -> None:
        self._begins = [0 if self.from_start else stream.sent for stream in self.streams]

    def stop_counting(self) -> None:
        """Packets sent from now on do not count."""
        if self._ends is None:
            self._ends = [stream.sent for stream in self.streams]

    def hear(self, frame: Frame) -> None:
        """Note the time of a report of the receiver."""
        if not frame.outgoing or ipaddress.ip_address(self.group).packed not in frame.packet:
            return
        if self.asked is None and frame.time >= self.joined:
            self.asked = frame.time
        elif self.released is None and self.left is not None and frame.time >= self.left:
            self.released = frame.time

    def covers(self, flow: Flow, when: float, grace: float) -> bool:
        """Whether a packet may pass, until ``grace`` seconds after the leave was reported."""
        if flow.group != self.group or flow.source not in {s.source for s in self.streams}:
            return False
        return self.joined <= when and (self.released is None or when <= self.released + grace)

    def result(self) -> Result:
        """The sum over its streams; while they run, up to the last packets that came."""
        parts = [self._of_stream(number) for number in range(len(self.streams))]
        return Result(
            _latest(part.delay for part in parts),
            _latest(part.reaction for part in parts),
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
            return Result(None, None, max(0, end - begin), 0, max(0, end - begin), 0)
        if not self.from_start:
            # Packets sent before the join may have waited for it; they are no measure of loss.
            begin = next((n for n in range(begin, end) if n in came.sequences), end)
        lost = came.missing(begin, end)
        received = end - begin - lost
        delay = came.first_time - self.joined
        reaction = None if self.asked is None else max(0.0, came.first_time - self.asked)
        return Result(delay, reaction, end - begin, received, lost, came.duplicates)


def _latest(times: Iterable[float | None]) -> float | None:
    """The greatest time, or None if one of them is not known yet."""
    latest = 0.0
    for each in times:
        if each is None:
            return None
        latest = max(latest, each)
    return latest


@dataclass
class Watch:
    """A link, seen by a capture at its far end: the packets that the proxy forwarded to it.

    Sources in ``local`` are on this link. Their own packets have the full hop limit ``hops``;
    copies with less came back from the proxy, which is a fault. A stream may go on for
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
        """Judge the packets since the last call."""
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
        """The number of packets forwarded to this link."""
        return sum(each.packets for each in self.received.values())

    def last(self, flow: Flow) -> float:
        """When the last packet of a stream was forwarded; 0 if there was none."""
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
