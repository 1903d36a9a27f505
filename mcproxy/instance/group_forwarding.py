"""Forwarding by groups: entries follow from memberships and stand before the first packet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..messages import CacheMiss, WrongInterface
from ..protocol.family import Address, Family
from ..protocol.forwarding.planner import Interfaces, Planner, Route
from ..routing.table import ForwardingTable
from .forwarding import Subscriptions, Towards
from .source_side import SourceSides


class GroupForwarding:
    """By groups: one upstream, and entries for any source (RFC 4605, 4.2)."""

    def __init__(
        self,
        family: Family,
        upstream: str,
        towards: Towards,
        table: ForwardingTable,
    ) -> None:
        self._table = table
        self._source_sides = SourceSides(upstream, towards)
        self._planner = Planner(family.unspecified, upstream, self._source_sides.locate)
        self._base: tuple[Route, ...] = ()

    def links_changed(self, downstreams: Mapping[str, int], upstreams: Interfaces) -> None:
        """Sources may be elsewhere now; without an upstream there is no base."""
        self._source_sides.take_links(downstreams)
        self._base = (self._planner.base(frozenset(downstreams)),) if upstreams else ()

    def base(self) -> tuple[Route, ...]:
        """The (*,*) entry."""
        return self._base

    def plan(
        self, group: Address, subscriptions: Subscriptions, source: Address | None
    ) -> tuple[Route, ...]:
        """A (*,G) entry, and (S,G) entries where links differ about a source."""
        return self._planner.plan(subscriptions)

    def any_source(self, subscriptions: Subscriptions) -> Iterable[Route]:
        """The (*,G) entry alone."""
        return (route for route in self._planner.plan(subscriptions) if not any(route.source))

    def groups(self) -> Iterable[Address]:
        """None: entries follow from memberships alone."""
        return ()

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """A source is behind another interface than its entry says."""
        moved = isinstance(message, WrongInterface)
        if moved and self._source_sides.seen(message.source, message.interface):
            self._table.changed([message.group])

    def recall(self, source: Address, group: Address, interface: str) -> None:
        """It is where it was."""
        self._source_sides.seen(source, interface)

    def close(self) -> None:
        """Nothing is under way."""
