"""The daemon of the documentation: an instance whose neighbours are played, at a fixed time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import attrs

from mcproxy.config.model import FilterConfig, InstanceConfig, InterfaceSettings
from mcproxy.config.rules import read_rule
from mcproxy.control.row_filter import RowFilter
from mcproxy.control.view_list import VIEWS
from mcproxy.control.views.status import status
from mcproxy.linux.netlink.links import NO_CARRIER
from mcproxy.messages import CacheMiss, PacketReceived
from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.packets import OldReport, Query

from ..control.views.support import ViewTestCase
from ..instance.support import ALLOW, ANY, TO_EX, link
from .traffic import play_counts, reading

NEWS, FILM, SPORT, CHANNEL, LOCAL = map(
    packed, ("239.1.1.1", "239.1.1.2", "239.1.1.3", "232.1.1.1", "239.255.0.1")
)
TABLET, LAPTOP, SET_TOP_BOX = map(packed, ("192.168.1.20", "192.168.1.21", "192.168.2.40"))
SENDER = packed("203.0.113.5")

CONFIG = InstanceConfig(
    "tv",
    ("eth0", "eth1"),
    ("lan1", "lan2", "lan3"),
    igmp_version=3,
    mld_version=0,
    boundary=("239.255.0.0/16",),
    filters=(
        FilterConfig("eth0", "upstream", "in", False, (read_rule("239.1.1.3"),), "no-sport"),
        FilterConfig("lan2", "downstream", "out", True, (read_rule("239.1.1.0/30"),)),
    ),
    interface={
        "lan1": InterfaceSettings(explicit_tracking=True, max_groups=3),
        "lan2": InterfaceSettings(query_interval=60.0),
    },
)

LINKS = (
    link("eth0", 2, "198.51.100.7"),
    link("eth1", 3, "192.0.2.7"),
    link("lan1", 4, "192.168.1.1"),
    link("lan2", 5, "192.168.2.1"),
    replace(link("lan3", 6, "192.168.3.1", up=False), why_down=NO_CARRIER),
)


class Sample(ViewTestCase):
    """Plays the neighbours; ``answer`` is what the daemon answers then."""

    def runTest(self) -> None:
        """It is no test."""

    def build(self) -> None:
        """A proxy with two upstreams, and joins of which some are refused."""
        random.seed(1)  # reports are sent after random times
        self.setUp()
        self.configure(CONFIG, *LINKS)
        proxy = self.proxy
        proxy.since, proxy.ready = self.clock.seconds(), True
        proxy.started = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
        proxy.cleared = {}
        play_counts(proxy)
        self.clock.pump([1.0] * 70)
        self.instance.upstreams["eth0"].receive(
            PacketReceived("eth0", packed("198.51.100.1"), Query(3, ANY, 10.0))
        )
        for where, host, group in (
            ("lan1", TABLET, NEWS),
            ("lan1", LAPTOP, NEWS),
            ("lan1", LAPTOP, SPORT),
            ("lan2", SET_TOP_BOX, LOCAL),
            ("lan2", SET_TOP_BOX, SPORT),
        ):
            self.join(where, host, TO_EX, group)
            self.clock.advance(1)
        self.join("lan1", TABLET, ALLOW, CHANNEL, SENDER)
        self.join("lan1", TABLET, TO_EX, FILM)  # beyond max-groups
        self.receive("lan2", SET_TOP_BOX, OldReport(2, CHANNEL))  # names no source
        self.receive("lan2", packed("192.168.2.9"), OldReport(2, NEWS))
        self.instance.receive(CacheMiss("eth0", packed("203.0.113.9"), NEWS))
        self.clock.pump([1.0] * 7)

    def answer(self, view: str) -> Any:
        """The answer of a view, with a process that is the same everywhere."""
        if view == "status":
            self.proxy.configuration = replace_path(self.proxy.configuration)
            return status(self.proxy, RowFilter()) | {"pid": 1234, "memory": 48 << 20}
        rows = VIEWS[view].rows
        if VIEWS[view].looks_for is not None:
            rows = partial(rows, reading=reading(self.instance.table_key))
        return {view: self.rows(rows)}


def replace_path(configuration: Any) -> Any:
    """The configuration as if it were read from the usual file."""
    return attrs.evolve(configuration, path="/etc/mcproxy.toml")
