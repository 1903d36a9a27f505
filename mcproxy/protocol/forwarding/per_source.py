"""Forwarding source by source: entries that look at where each source is, and at filters.

An (S,G) entry has one parent, the interface that data is accepted from; on others it is
dropped. So it says too which of several upstreams is listened to. Entries without outgoing
interfaces keep the kernel from asking about data that nobody wants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..family import Address, Family
from ..policy.directional_filters import FilterPolicy
from ..sources import INCLUDE, SourceFilter
from ..upstreams.selection import Selection
from .planner import Interfaces, Route


class PerSourcePlanner:
    """Plans the entries of one proxy instance and family.

    ``downstreams`` are those to and from which data may pass now. ``locate`` names the one
    of them that a source is behind, as far as that is known.
    """

    def __init__(
        self,
        family: Family,
        policy: FilterPolicy,
        selection: Selection,
        locate: Callable[[Address], str | None],
    ) -> None:
        self.downstreams: Interfaces = frozenset()
        self._family = family
        self._policy = policy
        self._selection = selection
        self._locate = locate

    def listed(self, subscriptions: Mapping[str, SourceFilter]) -> Iterable[Address]:
        """The sources that are asked for by name, whose entries can stand before their data."""
        sources: set[Address] = set()
        for mode, named in subscriptions.values():
            if mode is INCLUDE:
                sources |= named
        return sorted(sources)

    def route(
        self,
        source: Address,
        group: Address,
        subscriptions: Mapping[str, SourceFilter],
        arrival: str | None,
    ) -> Route | None:
        """The entry of a source; None where there is nothing to put it on.

        ``subscriptions`` are by downstream; data came in on ``arrival``, if it is known.
        """
        parent = arrival if arrival is not None else self._locate(source)
        if parent is None or not self._is_behind(parent):
            provider = self._selection.provider(source, group)
            if provider is None:
                return None if parent is None else Route(source, parent, frozenset())
            parent = provider
        if not self._accepted(source, group, parent):
            return Route(source, parent, frozenset())
        return Route(source, parent, self._outgoing(source, group, subscriptions, parent))

    def _is_behind(self, name: str) -> bool:
        """Whether sources on the interface are ours to look after: it is no mere upstream."""
        return name in self.downstreams or name in self._selection.peers

    def _accepted(self, source: Address, group: Address, parent: str) -> bool:
        family = self._family
        if not family.is_source(source) or family.is_link_local(source):
            return False
        if not family.is_proxied(group):
            return False
        if parent not in self.downstreams:
            return self._selection.may_provide(parent, source, group)
        if not self._policy.downstream(parent).inward.passes(group, source):
            return False
        peer = parent in self._selection.peers
        return not peer or self._selection.may_provide(parent, source, group)

    def _outgoing(
        self,
        source: Address,
        group: Address,
        subscriptions: Mapping[str, SourceFilter],
        parent: str,
    ) -> Interfaces:
        """Where data of a source on ``parent`` goes (RFC 4605, 4.2; RFC 7287, 4.3)."""
        selection, own = self._selection, parent in self.downstreams
        # What comes from an upstream or a peer is not for peers: they have it themselves.
        for_peers = own and parent not in selection.peers
        names = {
            name
            for name, wanted in subscriptions.items()
            if name != parent
            and wanted.wants(source)
            and (for_peers or name not in selection.peers)
            and self._policy.downstream(name).outward.passes(group, source, parent)
        }
        if own:
            names.update(selection.sent_up(source, group, parent))
        return frozenset(names)
