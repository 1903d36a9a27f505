"""Several upstreams: which of them is asked for what, and whose data is accepted.

A source of a group is served by one upstream alone, so nothing comes twice. With Join.FIRST
that is the first, in the order of Preference, whose inward gate lets it pass. With Join.MUTEX
all that let it pass are asked, until one delivers: then that one alone, until it falls silent.

Where the order of upstreams that work changes, *handing over* spares a gap: for HANDOVER_TIME
both are asked, the first by either order, and each source is accepted from the one before until
the new one delivers it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from enum import Enum

from ..family import Address
from ..policy.directional_filters import FilterPolicy
from ..sources import EXCLUDE, NOTHING, SourceFilter, merge
from .preference import Preference

HANDOVER_TIME = 2.0
"""Seconds in which an upstream that was joined on should deliver."""


class Join(Enum):
    """Where groups are asked for."""

    FIRST = "first"
    MUTEX = "mutex"


class SendUp(Enum):
    """Which upstreams data of downstream sources goes to."""

    ALL = "all"
    FIRST = "first"


class Selection:
    """The upstreams of one proxy instance and family.

    ``usable`` are those that work now, the preferred ones first; ``peers`` are interfaces that
    are downstreams as well, to which other proxies report what they want.
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
        self._leaving: tuple[str, ...] = ()
        self._leave_at: float | None = None
        self._handed_over: set[tuple[Address, Address]] = set()

    def take_over(self, before: Selection) -> None:
        """Go on from ``before``: which upstreams work, and who delivers what that still may."""
        self.usable = before.usable
        self.preference.take_over(before.preference)
        if self.join is Join.FIRST:
            self._leaving, self._leave_at = before._leaving, before._leave_at
            self._handed_over = before._handed_over
        for group, known in before._delivering.items():
            kept = {s: up for s, up in known.items() if self.may_provide(up, s, group)}
            if kept and self.join is Join.MUTEX:
                self._delivering[group] = kept

    # -- which upstreams work

    def note(self, names: Iterable[str], working: Container[str], now: float) -> bool:
        """Those of ``names``, by priority, work that are among ``working``; True for a change.

        To be called as well when ``next_deadline`` has come.
        """
        names, before, leaving = list(names), self.usable, self._leaving
        self.preference.note((n for n in names if n not in self.peers), working, now)
        peers = (name for name in names if name in self.peers and name in working)
        self.usable = (*self.preference.order, *peers)
        self._hand_over(before, now)
        return (self.usable, self._leaving) != (before, leaving)

    def _hand_over(self, before: tuple[str, ...], now: float) -> None:
        """Begin to leave the order that was ``before``, or go on leaving one, or be done.

        What comes anew, as all do when we begin, is used at once.
        """
        if self._leave_at is not None and now < self._leave_at:
            before = self._leaving
        else:
            self._leave_at = None
            self._handed_over.clear()
        order = tuple(self._providers())
        left = tuple(name for name in before if name in order)
        if self.join is not Join.FIRST or left == tuple(name for name in order if name in left):
            self._leaving, self._leave_at = (), None
            self._handed_over.clear()
            return
        self._leaving = left
        if self._leave_at is None:
            self._leave_at = now + HANDOVER_TIME

    def next_deadline(self) -> float | None:
        """When ``note`` is to be called the next time; None for never."""
        ends = (self.preference.next_deadline(), self._leave_at)
        return min((end for end in ends if end is not None), default=None)

    # -- memberships

    def share(
        self, upstream: str, group: Address, wishes: Mapping[str, SourceFilter]
    ) -> SourceFilter:
        """What ``upstream`` is to be asked for, of what downstreams want of ``group``."""
        if upstream not in self.usable or self._policy.within_boundary(group):
            return NOTHING
        wanted = merge(
            self._policy.downstream(name).outward.restrict(group, wish, upstream)
            for name, wish in wishes.items()
            if name not in self.peers  # what they want is not passed on (RFC 7287, 4.3)
        )
        if wanted == NOTHING:
            return NOTHING
        if upstream not in self.peers:
            wanted = self._without_others(upstream, group, wanted)
        return self._policy.upstream(upstream).inward.restrict(group, wanted)

    def _without_others(self, upstream: str, group: Address, wanted: SourceFilter) -> SourceFilter:
        """What is left of ``wanted`` for ``upstream`` beside the others."""
        if self.join is Join.MUTEX:
            return self._without_delivered(upstream, group, wanted)
        left = self._left_by(self._providers(), upstream, group, wanted)
        if upstream in self._leaving:
            left = merge((left, self._left_by(self._leaving, upstream, group, wanted)))
        return left

    def _left_by(
        self, order: Iterable[str], upstream: str, group: Address, wanted: SourceFilter
    ) -> SourceFilter:
        """What those leave of ``wanted`` that come before ``upstream`` in ``order``."""
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
        """The upstream whose data of ``source`` to ``group`` is accepted; None for none."""
        if self._policy.within_boundary(group):
            return None
        delivering = self._delivering.get(group, {}).get(source)
        if delivering is not None:
            return delivering
        if self._leaving and (source, group) not in self._handed_over:
            for name in self._passing(source, group, self._leaving):
                return name
        return self._preferred(source, group)

    def _preferred(self, source: Address, group: Address) -> str | None:
        return next(self._passing(source, group, self._providers()), None)

    def may_take_over(self, upstream: str, source: Address, group: Address) -> bool:
        """Whether data that is accepted elsewhere now may be accepted from ``upstream``."""
        if self._leaving and self._preferred(source, group) == upstream:
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
        """The upstreams that data of a downstream source goes to (RFC 4605, section 4.2)."""
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
        gates = self._policy.upstream
        return (name for name in among if gates(name).inward.passes(group, source))

    # -- who delivers

    def delivers(self, upstream: str, source: Address, group: Address) -> bool:
        """Data came in on ``upstream``; whether others need not be asked for it any more."""
        if self._leaving and self._preferred(source, group) == upstream:
            self._handed_over.add((source, group))
        if self.join is not Join.MUTEX or not self.may_provide(upstream, source, group):
            return False
        known = self._delivering.setdefault(group, {})
        if source in known:
            return False
        known[source] = upstream
        return True

    def silent(self, source: Address, group: Address) -> bool:
        """No data of ``source`` to ``group`` comes any more; whether to ask all again."""
        known = self._delivering.get(group)
        if known is None or known.pop(source, None) is None:
            return False
        if not known:
            del self._delivering[group]
        return True

    def lost(self, upstream: str) -> list[tuple[Address, Address]]:
        """``upstream`` delivers nothing any more; the sources and groups that it did deliver."""
        lost = [
            (source, group)
            for group, known in self._delivering.items()
            for source, name in known.items()
            if name == upstream
        ]
        for source, group in lost:
            self.silent(source, group)
        return lost
