"""Forwarding by group: from subscriptions to the entries that the kernel should have.

There is one (*,*) entry. It forwards data of downstream sources upstream, and drops data from
the upstream that no host wants (RFC 4605, section 4.2). Where nothing is sent up, its iif is no
interface: the kernel then drops all data without a (*,G) entry, and accepts data with one from
all oifs of the (*,*) entry. A group that a link wants from any
source adds a (*,G) entry. It stands before the first packet, and forwards data of sources on
either side. Only a source that a link lists has an (S,G) entry. Such an entry has one iif, so
the planner must know on which link the source is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..family import Address
from ..sources import EXCLUDE, SourceFilter
from ..wire.packets import NO_SOURCES, Sources

Interfaces = frozenset[str]

NO_INTERFACE = "/"
"""Begins an iif that is no interface; no interface has a name like that."""


class Route(NamedTuple):
    """A forwarding entry of a group; an unspecified ``source`` stands for any source.

    ``parent`` is the iif, ``outgoing`` are the oifs. In an entry for any source the oifs
    contain the iif too, unless nothing may be sent there: then the kernel accepts data from
    there because the (*,*) entry has that oif. The kernel never sends a packet back to the
    interface where it came in.
    """

    source: Address
    parent: str
    outgoing: Interfaces


class Planner:
    """Plans the entries of one proxy instance and family.

    ``upstream`` is the interface name. ``locate`` names the interface of a source that
    sends to a group: a downstream of the instance, or else the upstream. Without ``sends_up``
    no data of downstream sources goes there.
    """

    def __init__(
        self,
        unspecified: Address,
        upstream: str,
        locate: Callable[[Address, Address], str],
        sends_up: bool = True,
    ) -> None:
        self._any = unspecified
        self._upstream = upstream
        self._locate = locate
        self._base_iif = upstream if sends_up else NO_INTERFACE + upstream
        self._up: Interfaces = frozenset([upstream]) if sends_up else frozenset()
        # Most groups are wanted by one of a few sets of links; groups of one set share a plan.
        self._plain: dict[Interfaces, tuple[Route, ...]] = {}

    def base(self, downstreams: Interfaces) -> Route:
        """The (*,*) entry."""
        return Route(self._any, self._base_iif, downstreams | {self._upstream})

    def plan(
        self,
        group: Address,
        subscriptions: Mapping[str, SourceFilter],
        source: Address | None = None,
    ) -> tuple[Route, ...]:
        """The entries that ``subscriptions`` to a group need, by downstream.

        A (*,G) entry, and (S,G) entries where links differ about a source; of these only the one
        of ``source`` if that is given.
        """
        members = []
        listed = NO_SOURCES
        for name, (mode, sources) in subscriptions.items():
            if mode is EXCLUDE:
                members.append(name)
            if sources:
                listed |= sources
        any_source = frozenset(members)
        routes = self._plain.get(any_source)
        if routes is None:
            routes = self._plain[any_source] = self._any_source(any_source)
        if listed:
            routes += self._per_source(group, listed, subscriptions)
        if source is None:
            return routes
        return tuple(route for route in routes if route.source == source)

    def _any_source(self, members: Interfaces) -> tuple[Route, ...]:
        if not members:
            return ()
        return (Route(self._any, self._upstream, members | self._up),)

    def _per_source(
        self, group: Address, listed: Sources, subscriptions: Mapping[str, SourceFilter]
    ) -> tuple[Route, ...]:
        """An (S,G) entry for each source that a link lists."""
        routes = []
        for source in sorted(listed):
            members = frozenset([n for n, f in subscriptions.items() if f.wants(source)])
            parent = self._locate(source, group)
            outgoing = members - {parent}
            if parent != self._upstream:
                outgoing |= self._up
            routes.append(Route(source, parent, outgoing))
        return tuple(routes)
