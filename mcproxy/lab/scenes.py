"""A play for a proxy: a provider, a proxy with two downstream links, receivers, a camera.

All streams run from the beginning, so what comes where nobody asked for it is seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .accounts import Flow, Want, Watch
from .host import Member
from .node import Node
from .source import Stream
from .topology import Lab

CONFIG = """\
[instance.demo]
upstream = "up"
downstream = ["down1", "down2"]
"""

PICTURE = """
  server A, B ---- up [proxy] down1 ---- receiver1
                              down2 ---- receiver2, receiver3, camera

  A is 10.0.0.1 and fd00:a::1, B is 10.0.0.9 and fd00:a::9; both send from the beginning.
"""

Pair = tuple[str, str]
"""Of IPv4 and of IPv6, addresses or groups."""

SENDERS = {"A": ("10.0.0.1", "fd00:a::1"), "B": ("10.0.0.9", "fd00:a::9")}
CAMERA = ("10.0.2.7", "fd00:c::7")
ANY = ("239.1.1.1", "ff1e::1")
SPECIFIC = ("232.1.1.1", "ff3e::1")
CHOSEN = ("239.3.3.3", "ff1e::3")
HOME = ("239.2.2.2", "ff1e::2")
NOBODYS = ("239.9.9.9", "ff1e::9")

RATE = 200.0
HOPS = 8
LATEST_JOIN = 1.0
"""Seconds from a host's report within which the stream must come."""
GRACE = 2.5
"""Seconds that it may go on after a leave: the last member query time, and some."""
_BUSY = 0.5
"""Seconds that no kernel takes to send a report, unless the CPU is taken."""
_DRAIN = 0.1
"""Seconds that packets may be on their way."""


class Line(NamedTuple):
    """A moment of the play, in seconds from its beginning."""

    at: float
    text: str
    action: Callable[[], object]


class Play:
    """The network, and what happens in it."""

    def __init__(self, lab: Lab) -> None:
        self.proxy = lab.node("proxy")
        self.server, self.camera = lab.node("server"), lab.node("camera")
        self.receivers = [lab.node(f"receiver{number}") for number in (1, 2, 3)]
        self.wants: list[Want] = []
        self.streams: dict[Flow, Stream] = {}
        self._members: dict[tuple[int, str], Member] = {}
        self._current: dict[tuple[int, str], Want] = {}
        self._connect(lab)
        self._heard = {node.name: node.capture() for node in self.receivers}
        one, two, _ = self.receivers
        self.watches = [
            Watch("up", self.server.capture(data=True), HOPS, GRACE),
            Watch("down1", one.capture(data=True), HOPS, GRACE),
            Watch("down2", two.capture(data=True), HOPS, GRACE, local=frozenset(CAMERA)),
        ]

    def _connect(self, lab: Lab) -> None:
        one, two, three = self.receivers
        switch = lab.switch("switch")
        lab.link(
            self.server, "eth0", self.proxy, "up", _with(SENDERS["A"] + SENDERS["B"]), _router("a")
        )
        lab.link(self.proxy, "down1", one, "eth0", _router("b"), _with(("10.0.1.1", "fd00:b::1")))
        lab.link(self.proxy, "down2", switch, "proxy", _router("c"))
        lab.link(two, "eth0", switch, "receiver2", _with(("10.0.2.1", "fd00:c::1")))
        lab.link(three, "eth0", switch, "receiver3", _with(("10.0.2.2", "fd00:c::2")))
        lab.link(self.camera, "eth0", switch, "camera", _with(CAMERA))

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
            # Not a plain sleep, so that what comes is judged and shown meanwhile.
            while (left := begin + line.at - time.monotonic()) > 0:
                time.sleep(min(left, 0.1))
                self.look()
                glance()
            line.action()
            tell(line)
        self.look()
        glance()

    def look(self) -> None:
        """Judge what was said and what came on the links until now."""
        for name, capture in self._heard.items():
            for frame in capture.take():
                for want in self.wants:
                    if want.receiver == name:
                        want.hear(frame)
        for watch in self.watches:
            watch.update(self.wants)

    # -- what came of it

    def rows(self) -> list[list[Want]]:
        """The memberships, those of one receiver for both families together."""
        rows: dict[tuple[str, str, Pair], list[Want]] = {}
        for want in self.wants:
            pair = next(pair for pair in (ANY, SPECIFIC, CHOSEN, HOME) if want.group in pair)
            rows.setdefault((want.receiver, want.filter, pair), []).append(want)
        return list(rows.values())

    def faults(self) -> list[str]:
        """All that was not as it should be, a sentence each."""
        found = []
        for want in self.wants:
            who = f"{want.receiver}, {want.group} ({want.filter})"
            found += [f"{who}: {fault}" for fault in want.result().faults(LATEST_JOIN)]
        for watch in self.watches:
            for flow, count in watch.unwanted.items():
                text = f"{count} unwanted packets from {flow.source} to {flow.group}"
                found.append(f"{watch.link}: {text}")
        return found

    def cuts(self) -> list[str]:
        """How long streams went on after the last member of their link had left."""
        found = []
        for want in self.wants:
            if want.released is None or self._wanted_still(want):
                continue
            watch = next(watch for watch in self.watches if watch.link == want.link)
            last = max(watch.last(Flow(stream.source, want.group)) for stream in want.streams)
            if last:
                text = f"{want.group} ended {last - want.released:.2f} s after {want.receiver} left"
                found.append(f"{want.link}: {text}")
        return found

    def remarks(self) -> list[str]:
        """What to know when judging this: whether the hosts themselves were slow."""
        asked = [want.asked - want.joined for want in self.wants if want.asked is not None]
        slowest = max(asked, default=0.0)
        silent = sum(want.asked is None for want in self.wants if want.link != "up")
        found = []
        if slowest > _BUSY:
            found.append(f"the kernel took up to {slowest:.1f} s to send a report")
        if silent:
            found.append(f"the kernel sent no report at all of {silent} joins")
        return [f"This machine is busy: {text}." for text in found]

    def _wanted_still(self, ended: Want) -> bool:
        """Whether others on the link want any stream of a membership that ended."""
        flows = [Flow(stream.source, ended.group) for stream in ended.streams]
        here = [want for want in self.wants if want.link == ended.link and want.left is None]
        return any(want.covers(flow, time.time(), 0) for want in here for flow in flows)

    # -- scenes

    def _begin(self) -> None:
        for groups in (ANY, SPECIFIC, CHOSEN, NOBODYS):
            self._stream(self.server, groups, SENDERS["A"])
        for groups in (SPECIFIC, CHOSEN):
            self._stream(self.server, groups, SENDERS["B"])
        begin = time.time()
        self._stream(self.camera, HOME, CAMERA)
        for group, source in zip(HOME, CAMERA, strict=True):
            link, streams = self.watches[0].member(group), [self.streams[Flow(source, group)]]
            self.wants.append(
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
        for stream in self.streams.values():
            stream.stop()
        for want in self.wants:
            want.stop_counting()
        time.sleep(_DRAIN)

    # -- their parts

    def _stream(self, node: Node, groups: Pair, sources: Pair) -> None:
        for group, source in zip(groups, sources, strict=True):
            stream = node.stream(group, rate=RATE, source=source, ttl=HOPS)
            self.streams[Flow(source, group)] = stream

    def _sources(self, group: str, only: str = "", but: str = "") -> list[str]:
        """The sources that send to a group: all, those of one sender, or those of the others."""
        known = [flow.source for flow in self.streams if flow.group == group]
        if only:
            return [source for source in known if source in SENDERS[only]]
        return [source for source in known if not but or source not in SENDERS[but]]

    def _join(self, number: int, groups: Pair, only: str = "", but: str = "") -> None:
        node = self.receivers[number - 1]
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
        streams = [self.streams[Flow(source, group)] for source in sources]
        member = self._members[number, group]
        want = Want(f"receiver{number}", link, group, text, member, streams, member.joined)
        self._current[number, group] = want
        self.wants.append(want)

    def _last_packets(self, keys: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """The memberships one by one to be ended, once what is on its way has come."""
        for key in keys:
            self._current[key].stop_counting()
        time.sleep(_DRAIN)
        for key in keys:
            self._current[key].left = time.time()
            yield key


def _router(link: str) -> Iterator[str]:
    """The proxy's addresses on a link: a is up, b and c are downstream."""
    return iter((f"10.0.{'abc'.index(link)}.254/24", f"fd00:{link}::fe/64"))


def _with(addresses: Sequence[str]) -> Iterator[str]:
    """Addresses with their prefix lengths."""
    return (f"{address}/{64 if ':' in address else 24}" for address in addresses)
