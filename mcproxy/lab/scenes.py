"""The play of the demo: who joins and leaves what, and when.

All streams run from the beginning, so a packet that nobody asked for is seen wherever it comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .accounts import Flow, Want, Watch
from .host import Member
from .house import ANY, CAMERA, CHOSEN, HOME, NOBODYS, SENDERS, SPECIFIC, House, Pair
from .node import Node
from .results import Results
from .source import Stream
from .topology import Lab

RATE = 200.0
HOPS = 8
GRACE = 2.5
"""Seconds that a stream may go on after a leave: the last member query time, and some."""
_DRAIN = 0.1
"""Seconds that packets may be on their way."""


class Line(NamedTuple):
    """A moment of the play, in seconds from its beginning."""

    at: float
    text: str
    action: Callable[[], object]


class Play:
    """A house, what happens in it, and the results."""

    def __init__(self, lab: Lab) -> None:
        self.house = House(lab)
        self._streams: dict[Flow, Stream] = {}
        self._members: dict[tuple[int, str], Member] = {}
        self._current: dict[tuple[int, str], Want] = {}
        self._heard = {node.name: node.capture() for node in self.house.receivers}
        one, two, _ = self.house.receivers
        watches = [
            Watch("up", self.house.server.capture(data=True), HOPS, GRACE),
            Watch("down1", one.capture(data=True), HOPS, GRACE),
            Watch("down2", two.capture(data=True), HOPS, GRACE, local=frozenset(CAMERA)),
        ]
        self.results = Results([], watches, (ANY, SPECIFIC, CHOSEN, HOME))

    # -- what happens

    def lines(self) -> list[Line]:
        """The play."""
        return [
            Line(0.3, "all streams run, nobody has joined anything", self._begin),
            Line(1.3, "receiver1 joins two groups, from any source", self._any_source),
            Line(2.0, "receivers 1 and 2 join the same groups, one source each", self._specific),
            Line(2.7, "receiver3 blocks a source that receiver1 alone wants", self._chosen),
            Line(3.4, "receiver2 joins what receiver1 has already", self._second_member),
            Line(4.1, "receivers 1 and 2 want the camera, beside receiver2", self._camera),
            Line(4.8, "receiver3 joins what receiver2 has on the same link", self._third_member),
            Line(5.7, "receivers 1 and 3 leave, receiver2 goes on", self._leave),
            Line(6.5, "receiver1 changes from one source to the other", self._change),
            Line(9.5, "the end", self._end),
        ]

    def perform(self, tell: Callable[[Line], object], glance: Callable[[], object]) -> None:
        """Play it in its own time: ``tell`` each line, and ``glance`` ten times a second."""
        begin = time.monotonic()
        for line in self.lines():
            # In short sleeps, so that what comes is judged and shown meanwhile.
            while (left := begin + line.at - time.monotonic()) > 0:
                time.sleep(min(left, 0.1))
                self.look()
                glance()
            line.action()
            tell(line)
        self.look()
        glance()

    def look(self) -> None:
        """Judge what hosts said and what came on the links until now."""
        for name, capture in self._heard.items():
            for frame in capture.take():
                for want in self.results.wants:
                    if want.receiver == name:
                        want.hear(frame)
        self.results.update()

    # -- its lines

    def _begin(self) -> None:
        for groups in (ANY, SPECIFIC, CHOSEN, NOBODYS):
            self._stream(self.house.server, groups, SENDERS["A"])
        for groups in (SPECIFIC, CHOSEN):
            self._stream(self.house.server, groups, SENDERS["B"])
        begin = time.time()
        self._stream(self.house.camera, HOME, CAMERA)
        for group, source in zip(HOME, CAMERA, strict=True):
            link, streams = (
                self.results.watches[0].member(group),
                [self._streams[Flow(source, group)]],
            )
            self.results.wants.append(
                Want("server", "up", group, "camera", link, streams, begin, from_start=True)
            )

    def _any_source(self) -> None:
        self._join(1, ANY)

    def _specific(self) -> None:
        self._join(1, SPECIFIC, only="A")
        self._join(2, SPECIFIC, only="B")

    def _chosen(self) -> None:
        self._join(3, CHOSEN, but="B")
        self._join(1, CHOSEN, only="B")

    def _second_member(self) -> None:
        self._join(2, ANY)

    def _camera(self) -> None:
        self._join(1, HOME)
        self._join(2, HOME)

    def _third_member(self) -> None:
        self._join(3, ANY)

    def _leave(self) -> None:
        leaving = [(number, group) for number in (1, 3) for group in ANY]
        for key in self._last_packets(leaving):
            self._members[key].leave()

    def _change(self) -> None:
        for key in self._last_packets([(1, group) for group in SPECIFIC]):
            sources = self._sources(key[1], "B")
            self._members[key].include(sources)
            self._want(*key, "only B", sources)

    def _end(self) -> None:
        for stream in self._streams.values():
            stream.stop()
        for want in self.results.wants:
            want.stop_counting()
        time.sleep(_DRAIN)

    # -- parts of a line

    def _stream(self, node: Node, groups: Pair, sources: Pair) -> None:
        for group, source in zip(groups, sources, strict=True):
            stream = node.stream(group, rate=RATE, source=source, ttl=HOPS)
            self._streams[Flow(source, group)] = stream

    def _sources(self, group: str, only: str = "", but: str = "") -> list[str]:
        """The sources of a group: all, only those of a sender, or all but those of a sender."""
        known = [flow.source for flow in self._streams if flow.group == group]
        if only:
            return [source for source in known if source in SENDERS[only]]
        return [source for source in known if not but or source not in SENDERS[but]]

    def _join(self, number: int, groups: Pair, only: str = "", but: str = "") -> None:
        node = self.house.receivers[number - 1]
        for group in groups:
            if only:
                text, member = f"only {only}", node.join(group, include=self._sources(group, only))
            elif but:
                text, member = (
                    f"not {but}",
                    node.join(group, exclude=self._sources(group, only=but)),
                )
            else:
                text, member = "any", node.join(group)
            self._members[number, group] = member
            self._want(number, group, text, self._sources(group, only, but))

    def _want(self, number: int, group: str, text: str, sources: Sequence[str]) -> None:
        link = "down1" if number == 1 else "down2"
        streams = [self._streams[Flow(source, group)] for source in sources]
        member = self._members[number, group]
        want = Want(f"receiver{number}", link, group, text, member, streams, member.joined)
        self._current[number, group] = want
        self.results.wants.append(want)

    def _last_packets(self, keys: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """The memberships to end, one by one, once the packets on their way have come."""
        for key in keys:
            self._current[key].stop_counting()
        time.sleep(_DRAIN)
        for key in keys:
            self._current[key].left = time.time()
            yield key
