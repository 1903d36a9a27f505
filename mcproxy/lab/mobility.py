"""Access gateways of mobile nodes, and a journey: a node moves, while it watches and films.

A gateway has a proxy instance for each tunnel to an anchor (RFC 6224). The journey measures how
long the streams are interrupted, and how much of that is due to the proxies.
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
GATEWAY = '[instance.home]\nupstream = "home"\ndownstream = ["mn"]\n'
VISITED = '[instance.visited]\nupstream = "visited"\ndownstream = ["idle"]\n'

SETTINGS = "[defaults]\nquery-interval = 2\nquery-max-response-time = 0.3\n"

CHANNEL, FILM = ("239.1.1.1", "ff1e::1"), ("239.2.2.2", "ff1e::2")
RATE = 500.0
LATEST = 0.5
"""Seconds, from the node's report or its first packet, within which a stream must be back."""
PAUSE = 1.5
"""Seconds between the steps; a node is asked again after half a second."""

SERVER, RADIO = 1, 6
"""Numbers of the first and the last link; addresses contain them, see ``on_link``."""


def on_link(link: int, host: int) -> tuple[str, str]:
    """A host's addresses on a link, with prefix length. Server and node are 2, all others 1."""
    return f"10.0.{link}.{host}/24", f"fd00:{link}::{host}/64"


class Gateways:
    """Two anchors, two gateways, and a node, at first connected to the near gateway.

    ::

        server eth0 --- up anchor1 t1 ----- home    near mn --- [radio: bridge] --- eth0 node
                                   t2 ------- home  far  mn ------'
               eth1 --- up anchor2 t1 ----- visited near

    Gateway ``near`` has instances ``home`` and ``visited``, gateway ``far`` has ``home`` alone.
    """

    def __init__(self, lab: Lab) -> None:
        names = ("server", "anchor1", "anchor2", "far", "near", "node")
        self.server, *proxies, self.node = map(lab.node, names)
        self.anchor1, self.anchor2, self.far, self.near = proxies
        self.radio = lab.switch("radio")
        for number, (left, name, right, other) in enumerate(
            (
                (self.anchor1, "up", self.server, "eth0"),
                (self.anchor2, "up", self.server, "eth1"),
                (self.anchor1, "t1", self.near, "home"),
                (self.anchor1, "t2", self.far, "home"),
                (self.anchor2, "t1", self.near, "visited"),
            ),
            SERVER,
        ):
            lab.link(left, name, right, other, on_link(number, 1), on_link(number, 2))
        lab.link(self.radio, "node", self.node, "eth0", (), on_link(RADIO, 2))
        for gateway in (self.near, self.far):
            lab.link(self.radio, gateway.name, gateway, "mn", (), on_link(RADIO, 1))
        self.detach(self.far)

    def start(self, settings: str) -> list[Daemon]:
        """The daemons of the anchors, the far gateway and the near one, once they are ready."""
        configs = {
            self.anchor1: ANCHOR,
            self.anchor2: ANCHOR,
            self.far: GATEWAY,
            self.near: GATEWAY + VISITED,
        }
        daemons = [Daemon(node, settings + config) for node, config in configs.items()]
        for daemon in daemons:
            daemon.wait_ready()
        return daemons

    def attach(self, gateway: Node) -> None:
        """Set a gateway's link to the node up."""
        gateway.set_link("mn", state="up")
        for node, name in ((gateway, "mn"), (self.radio, gateway.name)):
            node.await_link(name)

    def detach(self, gateway: Node) -> None:
        """Set it down again."""
        gateway.set_link("mn", state="down")


class Journey:
    """Gateways with their daemons; ``faults`` has a sentence for everything that went wrong."""

    def __init__(self, lab: Lab) -> None:
        self.faults: list[str] = []
        self._gateways = Gateways(lab)
        self._server, self._node = self._gateways.server, self._gateways.node
        self.daemons = self._gateways.start(SETTINGS)
        self._air = self._node.capture(data=True)
        self._seen = {name: self._server.capture(name, data=True) for name in ("eth0", "eth1")}

    # -- what happens

    def perform(self, tell: Callable[[str], None]) -> None:
        """Play it, and describe each step in a line or two."""
        for group in CHANNEL:
            self._server.stream(group, ("eth0", "eth1"), RATE, _own(SERVER, group))
            self._node.join(group)
        for group in FILM:
            self._node.stream(group, "eth0", RATE, _own(RADIO, group))
        near, far = self._gateways.near, self._gateways.far
        tell("the node, at the near gateway, watches a channel and films")
        time.sleep(PAUSE)
        moving = "mcproxy move mn --to visited: it belongs to the other anchor"
        steps: tuple[tuple[str, Callable[[], None], str], ...] = (
            ("the node goes to the far gateway", lambda: self._go(near, far), "eth0"),
            ("the node comes back", lambda: self._go(far, near), "eth0"),
            (moving, self._move, "eth1"),
        )
        for text, step, way in steps:
            for capture in (self._air, *self._seen.values()):
                capture.clear()
            tell(text)
            step()
            time.sleep(PAUSE)
            for line in self._judge(way):
                tell(f"         {line}")

    def _go(self, old: Node, new: Node) -> None:
        self._gateways.detach(old)
        self._gateways.attach(new)

    def _move(self) -> None:
        *_, near = self.daemons
        near.command("move", "mn", "--to", "visited")

    # -- what came of it

    def _judge(self, way: str) -> Iterator[str]:
        """A line for each stream: how long it was away, and when it could have been back."""
        for group in CHANNEL:
            gap = _gap([d.time for d in self._air.data() if d.group == group])
            if gap is None:
                self.faults.append(f"{group} did not come back to the node")
                continue
            away, back = gap
            reports = [t for t in self._reports(group) if t <= back]
            yield self._line(group, away, back - reports[-1] if reports else None)
        for group in FILM:
            times = [d.time for c in self._seen.values() for d in c.data() if d.group == group]
            gap = _gap(sorted(times))
            if gap is None or not any(d.group == group for d in self._seen[way].data()):
                self.faults.append(f"{group} did not come back to the server, by {way}")
                continue
            yield self._line(group, gap[0], None)

    def _line(self, group: str, away: float, since: float | None) -> str:
        message = f"{group} was away for {away * 1000:.0f} ms"
        if since is None:
            return message
        if since > LATEST and away > LATEST:
            self.faults.append(f"{group} came only {since:.1f} s after the node's report")
        return f"{message}, and came {since * 1000:.1f} ms after the node's report"

    def _reports(self, group: str) -> list[float]:
        """The times of the node's reports of a group."""
        packed = ipaddress.ip_address(group).packed
        said = (frame for frame in self._air.frames(outgoing=True) if is_membership(frame.packet))
        return [frame.time for frame in said if packed in frame.packet]


def _gap(times: list[float]) -> tuple[float, float] | None:
    """The longest pause between packets, and its end; None if they have not come again."""
    if len(times) < 2 or time.time() - times[-1] > LATEST:
        return None
    return max((later - sooner, later) for sooner, later in pairwise(times))


def _own(link: int, group: str) -> str:
    """A sender's address on a link, in the family of a group."""
    return on_link(link, 2)[":" in group].partition("/")[0]
