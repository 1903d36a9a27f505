"""The membership database: what all downstream links together want (RFC 4605, 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from .family import Address
from .router.querier import Querier
from .sources import NOTHING, SourceFilter, merge


class MembershipDatabase:
    """The merged subscriptions of the queriers of one proxy instance and family.

    It stores nothing: a subscription is its querier's, and a merged record is made anew
    when a group changed. ``queriers`` is the instance's own mapping by interface name.
    ``static`` groups are asked for whatever downstreams want, and go to none of them for it.
    """

    def __init__(
        self, queriers: Mapping[str, Querier], static: Mapping[Address, SourceFilter] | None = None
    ) -> None:
        self.queriers = queriers
        self.static = static or {}

    def subscriptions(self, group: Address) -> dict[str, SourceFilter]:
        """What each downstream wants of ``group``; those that want nothing are left out."""
        found = {}
        for name, querier in self.queriers.items():
            wanted = querier.subscription(group)
            if wanted is not NOTHING:
                found[name] = wanted
        return found

    def wishes(self, group: Address) -> dict[str, SourceFilter]:
        """What is wanted of ``group``: by downstreams, and under the empty name always."""
        found = self.subscriptions(group)
        if group in self.static:
            found[""] = self.static[group]
        return found

    def merged(self, group: Address) -> SourceFilter:
        """The record of ``group``: what the upstream is to be asked for."""
        wanted = self.wishes(group).values()
        return next(iter(wanted)) if len(wanted) == 1 else merge(wanted)

    def groups(self) -> Iterable[Address]:
        """Every group that is wanted, once each."""
        by_links = (querier.wanted_groups() for querier in self.queriers.values())
        return dict.fromkeys(chain(self.static, *by_links))
