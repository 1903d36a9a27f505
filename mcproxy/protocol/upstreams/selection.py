"""Upstream selection: which upstream each source is requested from and accepted from.

One upstream alone provides a source of a group, so no packet arrives twice. With Join.FIRST it is
the first, in the order of Preference, whose inward filter passes the source. With Join.MUTEX the
proxy joins on all upstreams whose filter passes, until one delivers; then on that one alone, until
it falls silent.

When the order of the working upstreams changes, a *switchover* avoids a gap: for SWITCHOVER_TIME
the proxy joins on the first upstream by the new order and on the first by the previous order, and
accepts each source from the previous one until the new one delivers it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from enum import Enum

from ..family import Address
from ..policy.directional_filters import FilterPolicy
from ..sources import EXCLUDE, NOTHING, SourceFilter, merge
from .preference import Preference

SWITCHOVER_TIME = 2.0
"""Seconds within which a newly joined upstream should deliver."""


class Join(Enum):
    """Which upstreams the proxy joins groups on."""

    FIRST = "first"
    MUTEX = "mutex"


class SendUp(Enum):
    """Which upstreams data of downstream sources is forwarded to."""

    ALL = "all"
    FIRST = "first"
    NONE = "none"


class Selection:
    """The upstreams of one proxy instance and family.

    ``usable`` are the upstreams that work now, in order of preference. ``peers`` are interfaces
    that are upstreams and downstreams at once; other proxies report there what they want.
    """

    def __init__(
        self,
        policy: FilterPolicy,
        join: Join = Join.FIRST,
        send_up: SendUp = SendUp.ALL,
        peers: Iterable[str] = (),
        hold_time: float = 0.0,
    ) -> None:
        self.usable: tuple[str, ...] = ()
        self.preference = Preference(hold_time)
        self.peers = frozenset(peers)
        self.join = join
        self._policy = policy
        self._send_up = send_up
        self._delivering: dict[Address, dict[Address, str]] = {}
        self._previous: tuple[str, ...] = ()
        self._switchover_ends: float | None = None
        self._switched: set[tuple[Address, Address]] = set()

    def continue_from(self, before: Selection) -> None:
        """Start in the state of ``before``: working upstreams, and deliveries still permitted."""
        self.usable = before.usable
        self.preference.continue_from(before.preference)
        if self.join is Join.FIRST:
            self._previous, self._switchover_ends = before._previous, before._switchover_ends
            self._switched = before._switched
        for group, known in before._delivering.items():
            kept = {s: up for s, up in known.items() if self.may_provide(up, s, group)}
            if kept and self.join is Join.MUTEX:
                self._delivering[group] = kept

    # -- which upstreams work

    def note(self, names: Iterable[str], working: Container[str], now: float) -> bool:
        """Update which upstreams are usable; return whether the order changed.

        ``names`` are all upstreams by priority, ``working`` those that work. Call it also at
        ``next_deadline``.
        """
        names, before, previous = list(names), self.usable, self._previous
        self.preference.note((n for n in names if n not in self.peers), working, now)
        peers = (name for name in names if name in self.peers and name in working)
        self.usable = (*self.preference.order, *peers)
        self._update_switchover(before, now)
        return (self.usable, self._previous) != (before, previous)

    def _update_switchover(self, before: tuple[str, ...], now: float) -> None:
        """Begin a switchover from the order ``before``, continue one, or end it.

        A new upstream, as all are at the start, is used at once.
        """
        if self._switchover_ends is not None and now < self._switchover_ends:
            before = self._previous
        else:
            self._switchover_ends = None
            self._switched.clear()
        order = tuple(self._providers())
        left = tuple(name for name in before if name in order)
        if self.join is not Join.FIRST or left == tuple(name for name in order if name in left):
            self._previous, self._switchover_ends = (), None
            self._switched.clear()
            return
        self._previous = left
        if self._switchover_ends is None:
            self._switchover_ends = now + SWITCHOVER_TIME

    def next_deadline(self) -> float | None:
        """When to call ``note`` again; None for never."""
        ends = (self.preference.next_deadline(), self._switchover_ends)
        return min((end for end in ends if end is not None), default=None)

    # -- memberships

    def share(
        self, upstream: str, group: Address, wishes: Mapping[str, SourceFilter]
    ) -> SourceFilter:
        """What to request from ``upstream``, of what downstreams want of ``group``."""
        if upstream not in self.usable or self._policy.within_boundary(group):
            return NOTHING
        wanted = merge(
            self._policy.downstream(name).outward.restrict(group, wish, upstream)
            for name, wish in wishes.items()
            if name not in self.peers  # their requests are not passed on (RFC 7287, section 5)
        )
        if wanted == NOTHING:
            return NOTHING
        if upstream not in self.peers:
            wanted = self._without_others(upstream, group, wanted)
        return self._policy.upstream(upstream).inward.restrict(group, wanted)

    def _without_others(self, upstream: str, group: Address, wanted: SourceFilter) -> SourceFilter:
        """The part of ``wanted`` that no other upstream provides."""
        if self.join is Join.MUTEX:
            return self._without_delivered(upstream, group, wanted)
        left = self._left_by(self._providers(), upstream, group, wanted)
        if upstream in self._previous:
            left = merge((left, self._left_by(self._previous, upstream, group, wanted)))
        return left

    def _left_by(
        self, order: Iterable[str], upstream: str, group: Address, wanted: SourceFilter
    ) -> SourceFilter:
        """The part of ``wanted`` that no upstream before ``upstream`` in ``order`` provides."""
        for other in order:
            if other == upstream or wanted == NOTHING:
                break
            wanted = self._policy.upstream(other).inward.rest(group, wanted)
        return wanted

    def _without_delivered(
        self, upstream: str, group: Address, wanted: SourceFilter
    ) -> SourceFilter:
        delivering = self._delivering.get(group)
        if not delivering or (upstream in (by := set(delivering.values())) and len(by) == 1):
            return wanted
        mode, sources = wanted
        elsewhere = frozenset(s for s, name in delivering.items() if name != upstream)
        if mode is not EXCLUDE:
            left = sources - elsewhere
            return SourceFilter(mode, left) if left else NOTHING
        return wanted if upstream in by else NOTHING

    # -- data

    def provider(self, source: Address, group: Address) -> str | None:
        """The upstream from which data of ``source`` to ``group`` is accepted, if any."""
        if self._policy.within_boundary(group):
            return None
        delivering = self._delivering.get(group, {}).get(source)
        if delivering is not None:
            return delivering
        if self._previous and (source, group) not in self._switched:
            for name in self._passing(source, group, self._previous):
                return name
        return self._preferred(source, group)

    def _preferred(self, source: Address, group: Address) -> str | None:
        return next(self._passing(source, group, self._providers()), None)

    def may_replace_provider(self, upstream: str, source: Address, group: Address) -> bool:
        """Whether ``upstream`` may provide data that is accepted from elsewhere now."""
        if self._previous and self._preferred(source, group) == upstream:
            return not self._policy.within_boundary(group)
        delivering = self._delivering.get(group, {}).get(source, upstream)
        return delivering == upstream and self.may_provide(upstream, source, group)

    def may_provide(self, upstream: str, source: Address, group: Address) -> bool:
        """Whether data of ``source`` to ``group`` may be accepted from ``upstream``."""
        if upstream in self.peers:
            return self._policy.upstream(upstream).inward.passes(group, source)
        if self._policy.within_boundary(group):
            return False
        if self.join is Join.FIRST:
            return self.provider(source, group) == upstream
        return upstream in self._passing(source, group, self._providers())

    def sent_up(self, source: Address, group: Address, came_from: str) -> list[str]:
        """The upstreams that data of a downstream source is sent to (RFC 4605, section 4.2)."""
        if self._send_up is SendUp.NONE:
            return []
        if self._policy.within_boundary(group) or came_from in self.peers:
            return []
        passing = [
            name
            for name in self._providers()
            if self._policy.upstream(name).outward.passes(group, source, came_from)
        ]
        return passing[:1] if self._send_up is SendUp.FIRST else passing

    def _providers(self) -> Iterator[str]:
        return (name for name in self.usable if name not in self.peers)

    def _passing(self, source: Address, group: Address, among: Iterable[str]) -> Iterator[str]:
        filters = self._policy.upstream
        return (name for name in among if filters(name).inward.passes(group, source))

    # -- who delivers

    def delivers(self, upstream: str, source: Address, group: Address) -> bool:
        """Note data on ``upstream``; return whether other upstreams can be left for it now."""
        if self._previous and self._preferred(source, group) == upstream:
            self._switched.add((source, group))
        if self.join is not Join.MUTEX or not self.may_provide(upstream, source, group):
            return False
        known = self._delivering.setdefault(group, {})
        if source in known:
            return False
        known[source] = upstream
        return True

    def stops_delivering(self, source: Address, group: Address) -> bool:
        """Note that data of ``source`` ended; return whether to join on all upstreams again."""
        known = self._delivering.get(group)
        if known is None or known.pop(source, None) is None:
            return False
        if not known:
            del self._delivering[group]
        return True

    def lost(self, upstream: str) -> list[tuple[Address, Address]]:
        """Note that ``upstream`` is gone; return the sources and groups that it delivered."""
        lost = [
            (source, group)
            for group, known in self._delivering.items()
            for source, name in known.items()
            if name == upstream
        ]
        for source, group in lost:
            self.stops_delivering(source, group)
        return lost
