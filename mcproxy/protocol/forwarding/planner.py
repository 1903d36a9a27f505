"""From subscriptions to the forwarding entries that should stand in the kernel.

The base is one (*,*) entry: it forwards data of downstream sources upstream, and drops
upstream data that no host asked for (RFC 4605, 4.2). A group that some link wants from any
source adds a (*,G) entry. That entry forwards from the first packet on, whichever side the
source is on. A source that some link wants and another does not has an (S,G) entry. Such an
entry has one iif, so the planner must know which link the source is on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..family import Address
from ..sources import EXCLUDE, SourceFilter
from ..wire.packets import NO_SOURCES, Sources

Interfaces = frozenset[str]


class Route(NamedTuple):
    """A forwarding entry of some group; an unspecified ``source`` stands for any.

    In an entry for any source ``outgoing`` includes the parent, as the kernel requires; it
    never sends a packet back to the interface that the packet came in on.
    """

    source: Address
    parent: str
    outgoing: Interfaces


class Planner:
    """Plans the entries of one proxy instance and family.

    ``upstream`` is the interface name. ``locate`` names the interface that a source is
    behind: a downstream of the instance, or else the upstream.
    """

    def __init__(
        self, unspecified: Address, upstream: str, locate: Callable[[Address], str]
    ) -> None:
        self._any = unspecified
        self._upstream = upstream
        self._locate = locate
        # Most groups are wanted by one of a few sets of links; they share one plan.
        self._plain: dict[Interfaces, tuple[Route, ...]] = {}

    def base(self, downstreams: Interfaces) -> Route:
        """The (*,*) entry."""
        return Route(self._any, self._upstream, downstreams | {self._upstream})

    def plan(self, subscriptions: Mapping[str, SourceFilter]) -> tuple[Route, ...]:
        """The entries of a group that ``subscriptions`` (by downstream) want."""
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
        if not listed:
            return routes
        return routes + self._per_source(listed, subscriptions)

    def _any_source(self, members: Interfaces) -> tuple[Route, ...]:
        if not members:
            return ()
        return (Route(self._any, self._upstream, members | {self._upstream}),)

    def _per_source(
        self, listed: Sources, subscriptions: Mapping[str, SourceFilter]
    ) -> tuple[Route, ...]:
        """The (S,G) entries of sources that some link includes or excludes by name."""
        routes = []
        for source in sorted(listed):
            members = frozenset([n for n, f in subscriptions.items() if f.wants(source)])
            parent = self._locate(source)
            outgoing = members - {parent}
            if parent != self._upstream:
                outgoing |= {self._upstream}
            routes.append(Route(source, parent, outgoing))
        return tuple(routes)
