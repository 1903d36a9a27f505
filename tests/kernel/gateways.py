"""Access gateways of mobile nodes (RFC 6224), built by ``mcproxy.lab.mobility``.

The first anchor has the role of ``proxy`` in other scenarios. The server sends each packet to both
anchors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcproxy.cli import client
from mcproxy.lab import mobility

from .providers import BOTH_PROVIDERS
from .site import SETTINGS, SiteTestCase

DEFAULTS = "".join(
    f"{line}\n"
    for line in ("[defaults]", "query-interval = 4", *(f"{k} = {v}" for k, v in SETTINGS.items()))
)
"""A short query interval: a bridge may lose the first query on a port that comes up."""


class GatewaysTestCase(SiteTestCase):
    """Builds two anchors and two gateways, and starts their daemons."""

    links = ()

    def setUp(self) -> None:
        super().setUp()
        self.gateways = made = mobility.Gateways(self.lab)
        self.server, self.proxy, self.second = made.server, made.anchor1, made.anchor2
        self.node, self.near, self.far = made.node, made.near, made.far
        self.source = self.plan.at(mobility.SERVER, 2)
        for daemon in made.start(DEFAULTS):
            self.use_daemon(daemon)

    def move(self, interface: str, instance: str) -> list[dict[str, Any]]:
        """Move a link of the near gateway to another instance; the changes made.

        ``self.daemon`` is the daemon of the near gateway.
        """
        request = {"interface": interface, "to": instance}
        changes: list[dict[str, Any]] = client.ask(
            str(self.daemon.socket), "POST", "/move", request
        )["changes"]
        return changes

    def send_both_ways(self) -> None:
        """Start a stream from the server to both anchors."""
        self.stream(interface=BOTH_PROVIDERS)


if TYPE_CHECKING:
    Gateways = GatewaysTestCase
else:
    Gateways = object
"""Base class of scenarios with gateways; see ``site.Scenarios``."""
