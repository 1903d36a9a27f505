"""LinkSet: the usable links of a proxy instance, as one immutable value.

It is the one truth about them. Forwarding, upstream selection and views derive from it. A change
replaces the value as a whole, so nobody sees half a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property


@dataclass(frozen=True, slots=True)
class DownstreamLink:
    """A usable downstream: its interface index, and whether we are the querier there."""

    index: int
    is_querier: bool


@dataclass(frozen=True)
class LinkSet:
    """The links that a proxy instance uses now.

    ``downstreams`` and ``upstreams`` (with interface index) are by interface name. ``refused``
    names links for which the kernel table had no room; they are not used.
    """

    downstreams: Mapping[str, DownstreamLink] = field(default_factory=dict)
    upstreams: Mapping[str, int] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()

    @cached_property
    def forwarding(self) -> Mapping[str, int]:
        """The downstreams on which we are the querier: data passes to and from these alone."""
        return {name: link.index for name, link in self.downstreams.items() if link.is_querier}

    @cached_property
    def foreign(self) -> frozenset[str]:
        """The downstreams on which another router is the querier."""
        return frozenset(self.downstreams.keys() - self.forwarding.keys())

    def with_downstream(self, name: str, index: int, is_querier: bool) -> LinkSet:
        """The same, with this downstream added or replaced."""
        link = DownstreamLink(index, is_querier)
        return replace(self, downstreams={**self.downstreams, name: link})

    def without_downstream(self, name: str) -> LinkSet:
        """The same without a downstream."""
        kept = {other: link for other, link in self.downstreams.items() if other != name}
        return replace(self, downstreams=kept)

    def with_upstream(self, name: str, index: int) -> LinkSet:
        """The same, with this upstream added or replaced."""
        return replace(self, upstreams={**self.upstreams, name: index})

    def without_upstream(self, name: str) -> LinkSet:
        """The same without an upstream."""
        kept = {other: index for other, index in self.upstreams.items() if other != name}
        return replace(self, upstreams=kept)

    def with_refused(self, refused: frozenset[str]) -> LinkSet:
        """The same, with these links refused."""
        return replace(self, refused=refused)
