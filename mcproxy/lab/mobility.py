"""A journey: a node that moves between access gateways while it watches and while it films.

Each gateway has a proxy instance for each tunnel to an anchor (RFC 6224). What is measured is
how long the streams are away, and how much of that is due to the proxies.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

from .capture import is_membership
from .daemon import Daemon
from .node import Node
from .topology import Lab

PICTURE = """
  server ---- up [anchor1] t1 ----- home    [near] mn ---- node
                           t2 ---------- home [far] mn ---'
         ---- up [anchor2] t1 ----- visited [near]

  Both anchors have the channel. The node watches it, and films for the server.
"""

ANCHOR = '[instance.anchor]\nupstream = "up"\ndownstream = "t*"\n'
GATEWAY = """\
[defaults]
query-interval = 2
query-max-response-time = 0.3
[instance.home]
upstream = "home"
downstream = ["mn"]
"""
VISITED = '[instance.visited]\nupstream = "visited"\ndownstream = ["idle"]\n'

CHANNEL, FILM = ("239.1.1.1", "ff1e::1"), ("239.2.2.2", "ff1e::2")
RATE = 500.0
LATEST = 0.5
"""Seconds, from the node's report or its first packet, within which a stream must be back."""
PAUSE = 1.5
"""Seconds between the steps; a node is asked again after half a second."""

_SERVER1, _SERVER2, _TUNNEL1, _TUNNEL2, _TUNNEL3, _RADIO = range(1, 7)


class Journey:
    """The network with its four daemons; ``faults`` are sentences on what was not as it should."""

    def __init__(self, lab: Lab) -> None:
        names = ("server", "anchor1", "anchor2", "near", "far", "node")
        self.server, *anchors, self.near, self.far, self.node = map(lab.node, names)
        self.faults: list[str] = []
        self._connect(lab, *anchors)
        configs = (ANCHOR, ANCHOR, GATEWAY + VISITED, GATEWAY)
        nodes = (*anchors, self.near, self.far)
        self.daemons = [Daemon(n, c) for n, c in zip(nodes, configs, strict=True)]
        for daemon in self.daemons:
            daemon.wait_ready()
        self._near_daemon = self.daemons[2]
        self._air = self.node.capture(data=True)
        self._seen = {name: self.server.capture(name, data=True) for name in ("eth0", "eth1")}

    def _connect(self, lab: Lab, one: Node, two: Node) -> None:
        self._radio = lab.switch("radio")
        for number, (left, name, right, other) in enumerate(
            (
                (self.server, "eth0", one, "up"),
                (self.server, "eth1", two, "up"),
                (one, "t1", self.near, "home"),
                (one, "t2", self.far, "home"),
                (two, "t1", self.near, "visited"),
            ),
            _SERVER1,
        ):
            lab.link(left, name, right, other, _at(number, 1), _at(number, 2))
        lab.link(self._radio, "node", self.node, "eth0", (), _at(_RADIO, 2))
        for gateway in (self.near, self.far):
            lab.link(self._radio, gateway.name, gateway, "mn", (), _at(_RADIO, 1))
        self.far.set_link("mn", state="down")

    # -- what happens

    def perform(self, tell: Callable[[str], None]) -> None:
        """Play it, and tell of each step in a line or two."""
        for group in CHANNEL:
            self.server.stream(group, ("eth0", "eth1"), RATE, _own(_SERVER1, group))
            self.node.join(group)
        for group in FILM:
            self.node.stream(group, "eth0", RATE, _own(_RADIO, group))
        tell("the node, at the near gateway, watches a channel and films")
        time.sleep(PAUSE)
        for text, step, way in (
            ("the node goes to the far gateway", lambda: self._go(self.near, self.far), "eth0"),
            ("the node comes back", lambda: self._go(self.far, self.near), "eth0"),
            ("mcproxy move mn --to visited: it belongs to the other anchor", self._move, "eth1"),
        ):
            for capture in (self._air, *self._seen.values()):
                capture.clear()
            tell(text)
            step()
            time.sleep(PAUSE)
            for line in self._judge(way):
                tell(f"         {line}")

    def _go(self, old: Node, new: Node) -> None:
        old.set_link("mn", state="down")
        new.set_link("mn", state="up")
        for node, name in ((new, "mn"), (self._radio, new.name)):
            node.await_link(name)

    def _move(self) -> None:
        self._near_daemon.command("move", "mn", "--to", "visited")

    # -- what came of it

    def _judge(self, way: str) -> Iterator[str]:
        """A line for each stream: how long it was away, and since when it could be back."""
        for group in CHANNEL:
            gap = _gap([d.time for d in self._air.data() if d.group == group])
            if gap is None:
                self.faults.append(f"{group} did not come back to the node")
                continue
            away, back = gap
            told = [t for t in self._reports(group) if t <= back]
            yield self._line(group, away, back - told[-1] if told else None)
        for group in FILM:
            times = [d.time for c in self._seen.values() for d in c.data() if d.group == group]
            gap = _gap(sorted(times))
            if gap is None or not any(d.group == group for d in self._seen[way].data()):
                self.faults.append(f"{group} did not come back to the server, by {way}")
                continue
            yield self._line(group, gap[0], None)

    def _line(self, group: str, away: float, since: float | None) -> str:
        told = f"{group} was away for {away * 1000:.0f} ms"
        if since is None:
            return told
        if since > LATEST and away > LATEST:
            self.faults.append(f"{group} came only {since:.1f} s after the node's report")
        return f"{told}, and came {since * 1000:.1f} ms after the node's report"

    def _reports(self, group: str) -> list[float]:
        """When the node said something about a group."""
        packed = ipaddress.ip_address(group).packed
        said = (frame for frame in self._air.frames(outgoing=True) if is_membership(frame.packet))
        return [frame.time for frame in said if packed in frame.packet]


def _gap(times: list[float]) -> tuple[float, float] | None:
    """The longest pause between packets, and its end; None if they have not come again."""
    if len(times) < 2 or time.time() - times[-1] > LATEST:
        return None
    return max((later - sooner, later) for sooner, later in pairwise(times))


def _at(link: int, host: int) -> tuple[str, str]:
    return f"10.0.{link}.{host}/24", f"fd00:{link}::{host}/64"


def _own(link: int, group: str) -> str:
    """A sender's address on a link, in the family of a group."""
    host = 1 if link == _SERVER1 else 2
    return _at(link, host)[":" in group].partition("/")[0]
