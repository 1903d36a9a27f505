"""A daemon of one instance, whose links and hosts are played by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from mcproxy.config.model import Configuration, InstanceConfig
from mcproxy.control.row_filter import RowFilter
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import PacketReceived
from mcproxy.protocol.wire.packets import Packet, Record, RecordType, Report

from ...instance.support import D1, D2, UP, InstanceTestCase

Row = dict[str, Any]


class ViewTestCase(InstanceTestCase):
    """Views of an instance with upstream ``up`` and downstreams d1 and d2."""

    def setUp(self) -> None:
        super().setUp()
        self.configure(InstanceConfig("a", ("up",), ("d1", "d2", "lan*")))

    def configure(self, config: InstanceConfig, *links: Link) -> None:
        self.instance = self.make(config)
        self.proxy: Any = SimpleNamespace(
            instances=[self.instance],
            configuration=Configuration((config,)),
            timer=self.context.timer,
            monitor=SimpleNamespace(links={}),
            upstreams=list(self.instance.upstreams.values()),
        )
        self.have(*(links or (UP, D1, D2)))

    def have(self, *links: Link) -> None:
        """These links exist as they are from now on."""
        self.proxy.monitor.links.update({one.name: one for one in links})
        self.links(*links)

    def rows(
        self, view: Callable[[Any], Iterable[Row | None]], query: str = "", **where: object
    ) -> list[Row]:
        """The rows of a view that a request gets, as far as they have these values."""
        found = [row for row in RowFilter.parse(query).select(view(self.proxy)) if row is not None]
        return [
            row
            for row in found
            if all(row[key.replace("_", "-")] == value for key, value in where.items())
        ]

    def receive(self, where: str, host: bytes, packet: Packet) -> None:
        """A host on a downstream sends a packet."""
        self.instance.receive(PacketReceived(where, host, packet))

    def join(self, where: str, host: bytes, kind: RecordType, group: bytes, *src: bytes) -> None:
        """A host on a downstream sends a report of one record."""
        self.receive(where, host, Report((Record(kind, group, frozenset(src)),)))
