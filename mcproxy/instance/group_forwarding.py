"""Group forwarding: entries follow from memberships and stand before the first packet."""

from __future__ import annotations

from collections.abc import Iterable

from ..messages import CacheMiss, WrongInterface
from ..protocol.family import Address, Family
from ..protocol.forwarding.planner import Planner, Route
from ..routing.table import ForwardingTable
from .forwarding import Subscriptions, Towards
from .links import LinkSet
from .source_side import SourceSides


class GroupForwarding:
    """One upstream, and entries for any source of a group (RFC 4605, 4.2)."""

    def __init__(
        self,
        family: Family,
        upstream: str,
        towards: Towards,
        table: ForwardingTable,
        sends_up: bool = True,
    ) -> None:
        self._table = table
        self._source_sides = SourceSides(upstream, towards)
        self._planner = Planner(family.unspecified, upstream, self._source_sides.locate, sends_up)
        self._base: tuple[Route, ...] = ()
        self._closed = False

    def links_changed(self, links: LinkSet) -> None:
        """Forget which link each source is on; without an upstream there is no base."""
        downstreams = links.forwarding
        self._source_sides.set_downstreams(downstreams)
        self._base = (self._planner.base(frozenset(downstreams)),) if links.upstreams else ()

    def base(self) -> tuple[Route, ...]:
        """The (*,*) entry."""
        return self._base

    def plan(
        self, group: Address, subscriptions: Subscriptions, source: Address | None
    ) -> tuple[Route, ...]:
        """A (*,G) entry, and (S,G) entries where links differ about a source."""
        routes = self._planner.plan(subscriptions)
        if source is None:
            return routes
        return tuple(route for route in routes if route.source == source)

    def any_source(self, subscriptions: Subscriptions) -> Iterable[Route]:
        """The (*,G) entry alone."""
        return (route for route in self._planner.plan(subscriptions) if not any(route.source))

    def groups(self) -> Iterable[Address]:
        """None: entries follow from memberships alone."""
        return ()

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """Move a source whose data came in on another interface than the iif of its entry."""
        if self._closed or not isinstance(message, WrongInterface):
            return
        if self._source_sides.seen(message.source, message.interface):
            self._table.changed([message.group])

    def restore_source(self, source: Address, group: Address, interface: str) -> None:
        """Restore the link of a source found in an inherited kernel entry."""
        self._source_sides.seen(source, interface)

    def close(self) -> None:
        """Ignore upcalls from now on."""
        self._closed = True
