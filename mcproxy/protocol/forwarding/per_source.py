"""Source-by-source forwarding: (S,G) entries by the link of each source, and by filters.

An (S,G) entry accepts data from one iif and drops what comes in elsewhere. So the entry also
decides which of several upstreams data is taken from. Entries without oifs keep the kernel from
sending upcalls about data that nobody wants.
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

    ``downstreams`` are those to and from which data may pass now. ``locate`` names the
    downstream that a source is behind, or returns None if that is not known.
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

    def set_downstreams(self, downstreams: Interfaces) -> None:
        """Let data pass to and from these, and no other downstreams."""
        self.downstreams = downstreams

    def configure(self, policy: FilterPolicy, selection: Selection) -> None:
        """Apply other filters and another choice among upstreams; the downstreams stay."""
        self._policy, self._selection = policy, selection

    def listed(self, subscriptions: Mapping[str, SourceFilter]) -> Iterable[Address]:
        """The sources that hosts ask for by name: their entries can stand before their data."""
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
        """The entry of a source; None if no interface can be its iif.

        ``subscriptions`` are by downstream. ``arrival`` is the interface that data came in on,
        None if no data has come in yet.
        """
        parent = arrival if arrival is not None else self._locate(source)
        if parent is None or not self._is_behind(parent):
            provider = self._selection.provider(source, group)
            if provider is None:
                return None if parent is None else Route(source, parent, frozenset())
            parent = provider
        if not self.accepts(source, group, parent):
            return Route(source, parent, frozenset())
        return Route(source, parent, self._outgoing(source, group, subscriptions, parent))

    def _is_behind(self, name: str) -> bool:
        """Whether the interface is a downstream or a peer, not an upstream alone."""
        return name in self.downstreams or name in self._selection.peers

    def accepts(self, source: Address, group: Address, parent: str) -> bool:
        """Whether filters and upstream selection let data come in on ``parent``."""
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
        """Where data of a source on ``parent`` goes (RFC 4605, 4.2; RFC 7287, 5)."""
        selection, own = self._selection, parent in self.downstreams
        # Peers receive the data of upstreams and of other peers themselves.
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
