"""Group forwarding: entries follow from memberships and stand before the first packet."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..events.bus import Events
from ..events.forwarding import SourceMoved
from ..messages import CacheMiss, WrongInterface
from ..protocol.family import Address, Family
from ..protocol.forwarding.moves import Verdict
from ..protocol.forwarding.planner import Planner, Route
from ..routing.table import ForwardingTable
from ..timer import Timer
from .forwarding import Subscriptions, Towards
from .links import LinkSet
from .source_moves import SourceMoves
from .source_side import SourceSides


class GroupForwarding:
    """One upstream, and entries for any source of a group (RFC 4605, 4.2).

    ``plan`` is the planner's own method: a method between them would cost 5 us for each join.
    Log lines carry the ``name`` of the instance.
    """

    def __init__(
        self,
        name: str,
        family: Family,
        upstream: str,
        towards: Towards,
        timer: Timer,
        events: Events,
        table: ForwardingTable,
        sends_up: bool = True,
    ) -> None:
        self._name = name
        self._events = events
        self._table = table
        self._source_sides = SourceSides(upstream, towards)
        self._planner = Planner(
            family.unspecified, upstream, self._source_sides.locate_in, sends_up
        )
        self.plan = self._planner.plan
        self._moves = SourceMoves(
            name, timer, events, table, self._judge, self._is_routed, self._move
        )
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

    def any_source(self, group: Address, subscriptions: Subscriptions) -> Iterable[Route]:
        """The (*,G) entry alone."""
        routes = self._planner.plan(group, subscriptions)
        return (route for route in routes if not any(route.source))

    def planned_sources(self, group: Address, subscriptions: Subscriptions) -> None:
        """None: a group has an entry for all sources, too."""

    def groups(self) -> Collection[Address]:
        """None: entries follow from memberships alone."""
        return ()

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """Look whether a source moved, whose data came in on another interface than its iif."""
        if not self._closed and isinstance(message, WrongInterface):
            self._moves.receive(message)

    def _judge(self, upcall: WrongInterface) -> Verdict:
        interface, source, group = upcall
        if not self._source_sides.is_possible(interface):
            return Verdict.STAY
        if self._source_sides.locate_in(source, group) == interface:
            return Verdict.MOVE  # decided already; the entry is not installed yet
        return Verdict.LOOK

    def _is_routed(self, upcall: WrongInterface) -> bool:
        """Whether the route of the source leads to the interface of the upcall."""
        return self._source_sides.look_up(upcall.source) == upcall.interface

    def _move(self, upcall: WrongInterface) -> None:
        interface, source, group = upcall
        if SourceMoved in self._events.wanted:
            self._events.tell(
                SourceMoved(instance=self._name, interface=interface, source=source, group=group)
            )
        self._source_sides.seen(source, group, interface)
        self._table.changed([group])

    def restore_source(self, source: Address, group: Address, interface: str) -> None:
        """Restore the link of a source found in an inherited kernel entry."""
        if self._source_sides.is_possible(interface):
            self._source_sides.seen(source, group, interface)

    def close(self) -> None:
        """Ignore upcalls from now on."""
        self._closed = True
        self._moves.close()
