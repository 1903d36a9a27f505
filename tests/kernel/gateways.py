"""Access gateways of mobile nodes, after RFC 6224: an instance for each tunnel to an anchor.

::

    server eth0 --- up  proxy  t1 ------ home  near   mn --- [radio: bridge] --- eth0 node
                        (anchor) t2 --------------- home  far  mn ---/
           eth1 --- up  second t1 ------ visited  near  idle

Gateway ``near`` has instances ``home`` and ``visited``, gateway ``far`` has ``home`` alone. The
server sends each packet to both anchors. A gateway's link to the node is up while the node is
attached to it; both gateways have the same address on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcproxy.command import client
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node

from .providers import BOTH
from .site import SETTINGS, UP, UP2, SiteTestCase, addresses

HOME1, HOME2, VISITED, RADIO, IDLE = 11, 12, 13, 20, 21

DEFAULTS = "\n".join(
    ("[defaults]", "query-interval = 4", *(f"{key} = {value}" for key, value in SETTINGS.items()))
)
"""Hosts are asked again soon, since a bridge may lose the first query on a port that comes up."""

ANCHOR = '[instance.anchor]\nupstream = "up"\ndownstream = "t*"\n'
GATEWAY = '[instance.home]\nupstream = "home"\ndownstream = ["mn", "spare"]\n'
VISITOR = '[instance.visited]\nupstream = "visited"\ndownstream = "idle"\n'


class GatewaysTestCase(SiteTestCase):
    """Starts the daemons of two anchors and two gateways."""

    links = ()

    def setUp(self) -> None:
        super().setUp()
        names = ("second", "near", "far", "node")
        self.second, self.near, self.far, self.node = map(self.lab.node, names)
        self.radio = self.lab.switch("radio")
        link = self.lab.link
        link(self.server, "eth0", self.proxy, "up", addresses(UP, 2, 3, 4), addresses(UP, 1))
        link(self.server, "eth1", self.second, "up", addresses(UP2, 2), addresses(UP2, 1))
        self.tunnel(self.proxy, "t1", self.near, "home", HOME1)
        self.tunnel(self.proxy, "t2", self.far, "home", HOME2)
        self.tunnel(self.second, "t1", self.near, "visited", VISITED)
        link(self.radio, "node", self.node, "eth0", (), addresses(RADIO, 2))
        for gateway in (self.near, self.far):
            link(self.radio, gateway.name, gateway, "mn", (), addresses(RADIO, 1))
        self.detach(self.far)
        self.daemons = {
            node.name: self.watch(Daemon(node, f"{DEFAULTS}\n{config}"))
            for node, config in (
                (self.proxy, ANCHOR),
                (self.second, ANCHOR),
                (self.far, GATEWAY),
                (self.near, GATEWAY + VISITOR),
            )
        }
        for daemon in self.daemons.values():
            daemon.wait_ready()

    def tunnel(self, anchor: Node, name: str, gateway: Node, other: str, number: int) -> None:
        """Join an anchor and a gateway."""
        self.lab.link(anchor, name, gateway, other, addresses(number, 1), addresses(number, 2))

    # -- the node

    def attach(self, gateway: Node) -> None:
        """Put the gateway's link to the node up."""
        gateway.set_link("mn", state="up")
        for node, name in ((gateway, "mn"), (self.radio, gateway.name)):
            node.await_link(name)

    def detach(self, gateway: Node) -> None:
        """Put it down again."""
        gateway.set_link("mn", state="down")

    def move(self, interface: str, instance: str) -> list[dict[str, Any]]:
        """Have the near gateway move a link to another instance."""
        socket = str(self.daemons["near"].socket)
        request = {"interface": interface, "to": instance}
        changes: list[dict[str, Any]] = client.ask(socket, "POST", "/move", request)["changes"]
        return changes

    def send_both_ways(self) -> None:
        """The server's stream, to both anchors."""
        self.stream(interface=BOTH)


if TYPE_CHECKING:
    Gateways = GatewaysTestCase
else:
    Gateways = object
"""The base of scenarios with gateways, as ``Scenarios`` is elsewhere."""
