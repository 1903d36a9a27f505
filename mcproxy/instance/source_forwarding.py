"""Source-by-source forwarding: an upcall about each new source, and an entry for each.

It is needed where entries for groups cannot express enough: several upstreams, filters, a
boundary, peers, or no upstream.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from twisted.logger import Logger
from twisted.python.failure import Failure

from ..events.bus import Events
from ..events.forwarding import (
    SourceEvent,
    SourceGone,
    SourceLearned,
    SourceLimitReached,
    SourceMoved,
)
from ..linux.mroute.dump import InstalledRoute
from ..messages import CacheMiss, WrongInterface
from ..protocol.family import Address, Family
from ..protocol.forwarding.moves import Verdict
from ..protocol.forwarding.observed_sources import MOST_SOURCES, ObservedSources, Outcome
from ..protocol.forwarding.per_source import PerSourcePlanner
from ..protocol.forwarding.planner import Route
from ..protocol.policy.directional_filters import FilterPolicy
from ..protocol.upstreams.selection import Join, Selection
from ..routing.table import ForwardingTable
from ..timer import Timer
from .forwarding import Subscriptions, Towards
from .group_forwarding import GroupForwarding
from .links import LinkSet
from .migration import Migration
from .source_moves import SourceMoves
from .source_side import SourceSides


class SourceForwarding:
    """Forwards each source by an entry of its own, until the source is idle.

    ObservedSources has the rules; this class passes on its upcalls, time and counters, and
    carries out what follows. ``asked`` has upstreams update their requests for groups. ``most``
    limits the observed sources of an interface. Once closed it ignores everything, an answer
    with counters that was under way included.
    """

    log = Logger()

    def __init__(
        self,
        name: str,
        family: Family,
        policy: FilterPolicy,
        selection: Selection,
        look_interval: float,
        towards: Towards,
        timer: Timer,
        events: Events,
        table: ForwardingTable,
        asked: Callable[[list[Address]], None],
        most: int = MOST_SOURCES,
    ) -> None:
        self.sources = ObservedSources(look_interval, self._stops_delivering, most)
        self._name = name
        self._family = family
        self._most = most
        self._selection = selection
        self._source_sides = SourceSides("", towards)
        self._planner = PerSourcePlanner(family, policy, selection, self._locate)
        self._timer = timer
        self._events = events
        self._table = table
        self._asked = asked
        self._moves = SourceMoves(
            name, timer, events, table, self._judge, self._is_routed, self._move
        )
        self._reminder = timer.reminder(self._due)
        self._links: frozenset[str] = frozenset()
        self._migration: Migration[GroupForwarding] | None = None
        self._counters_fail = False
        self._closed = False

    def migrate_from(self, before: GroupForwarding, groups: dict[Address, object]) -> None:
        """Forward ``groups`` as ``before`` does, and migrate them to sources a few at a time.

        ``before`` and ``groups`` are ours from now on; ``before`` is closed with us.
        """
        self._migration = Migration(before, groups, self._timer, self._table.changed)

    def reconfigure(self, policy: FilterPolicy, selection: Selection, look_interval: float) -> None:
        """Apply other filters and another upstream selection; observed sources stay."""
        self._selection = selection
        self._planner.configure(policy, selection)
        self.sources.set_interval(look_interval)

    def close(self) -> None:
        """Ignore upcalls, timers and answers from now on."""
        self._closed = True
        self._reminder.cancel()
        self._moves.close()
        if self._migration is not None:
            self._migration.close()
            self._migration.before.close()

    def links_changed(self, links: LinkSet) -> None:
        """Use these links; forget the sources on links that are gone."""
        if self._migration is not None:
            self._migration.before.links_changed(links)
        downstreams = links.forwarding
        self._source_sides.set_downstreams(downstreams)
        self._planner.set_downstreams(frozenset(downstreams))
        # Where another router is the querier, sources are learned too, but their data is accepted
        # from upstream: without an entry the kernel would drop it together with the link's own.
        names = links.downstreams.keys() | links.upstreams.keys()
        gone: set[Address] = set()
        for name in self._links - names:
            # Also sources that came in elsewhere too: their next provider has to be observed anew.
            for source, group in self._selection.lost(name):
                self.sources.forget(source, group)
                gone.add(group)
            gone.update(self.sources.forget_interface(name))
        self._links = frozenset(names)
        self._table.changed([self._family.unspecified, *gone])

    def base(self) -> tuple[Route, ...]:
        """Entries that drop data of unknown sources on full interfaces; no others."""
        nothing = self._family.unspecified
        return tuple(Route(nothing, name, frozenset([name])) for name in sorted(self.sources.full))

    def plan(
        self, group: Address, subscriptions: Subscriptions, source: Address | None
    ) -> tuple[Route, ...]:
        """(S,G) entries of the sources that send, and of those that hosts ask for by name."""
        heard = self.sources.of(group)
        arrivals: dict[Address, str | None] = {}
        if self._selection.join is Join.FIRST:
            arrivals.update(dict.fromkeys(self._planner.listed(subscriptions)))
        if source is None:
            arrivals.update((one, known.arrival) for one, known in heard.items())
        else:
            arrivals = {source: arrivals.get(source)} if source in arrivals else {}
            if source in heard:
                arrivals[source] = heard[source].arrival
        routes = (
            self._planner.route(one, group, subscriptions, arrival)
            for one, arrival in arrivals.items()
        )
        found = tuple(route for route in routes if route is not None)
        if source is None and self._migration is not None and group in self._migration:
            found += tuple(self._migration.before.any_source(group, subscriptions))
        return found

    def planned_sources(
        self, group: Address, subscriptions: Subscriptions
    ) -> Iterable[Address] | None:
        """The sources that ``plan`` looks at; None while the group migrates."""
        if self._migration is not None and group in self._migration:
            return None
        listed = self._planner.listed(subscriptions) if self._selection.join is Join.FIRST else ()
        return {*self.sources.of(group), *listed}

    def groups(self) -> Collection[Address]:
        """The groups that something is sent to."""
        return self.sources.groups

    def _locate(self, source: Address) -> str | None:
        return self._source_sides.locate(source) or None

    # -- upcalls

    def restore_source(self, source: Address, group: Address, interface: str) -> None:
        """Restore a source found in an inherited kernel entry."""
        self.receive(CacheMiss(interface, source, group))

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """Learn a source, or look whether its data comes in on another interface now."""
        if self._closed or message.interface not in self._links:
            return
        if isinstance(message, WrongInterface):
            self._moves.receive(message)
        else:
            self._tell(SourceLearned, message.source, message.group, message.interface)
            self._learn(message)

    def _learn(self, upcall: CacheMiss | WrongInterface) -> None:
        """Forward a source from the interface of the upcall."""
        interface, source, group = upcall
        outcome = self.sources.note(source, group, interface, self._timer.now())
        if outcome is Outcome.ACCEPTED:
            if self._selection.delivers(interface, source, group):
                self._asked([group])
            self._table.source_changed(group, source)
            self._reminder.set(self.sources.next_deadline())
        elif outcome is Outcome.NOW_FULL:
            self._warn_of_full(interface)
            self._table.changed([self._family.unspecified])

    def _judge(self, upcall: WrongInterface) -> Verdict:
        """Whether the iif of an entry may change: by links, filters and upstream selection."""
        interface, source, group = upcall
        downstreams, iif = self._planner.downstreams, self._iif(source, group)
        if iif is None or iif == interface:
            return Verdict.MOVE
        if interface not in downstreams:
            if not self._selection.may_replace_provider(interface, source, group):
                return Verdict.STAY
            if iif not in downstreams:
                return Verdict.MOVE  # upstreams follow their own order
        elif not self._planner.accepts(source, group, interface):
            return Verdict.STAY
        return Verdict.LOOK if self._planner.accepts(source, group, iif) else Verdict.MOVE

    def _iif(self, source: Address, group: Address) -> str | None:
        """The iif of the source's entry; None if it has no entry."""
        known = self.sources.of(group).get(source)
        arrival = None if known is None else known.arrival
        route = self._planner.route(source, group, {}, arrival)
        return None if route is None else route.parent

    def _is_routed(self, upcall: WrongInterface) -> bool:
        """Whether the route of the source leads to the interface of the upcall, not to the iif."""
        interface, source, group = upcall
        downstreams = self._planner.downstreams
        routed = self._source_sides.look_up(source)
        iif = self._iif(source, group)
        if routed in downstreams:
            return interface == routed
        return interface not in downstreams and iif in downstreams

    def _move(self, upcall: WrongInterface) -> None:
        self._tell(SourceMoved, upcall.source, upcall.group, upcall.interface)
        self._learn(upcall)

    def _tell(
        self, kind: type[SourceEvent], source: Address, group: Address, interface: str | None
    ) -> None:
        if kind in self._events.wanted:
            self._events.tell(
                kind(instance=self._name, interface=interface, source=source, group=group)
            )

    def _warn_of_full(self, interface: str) -> None:
        self._events.tell(
            SourceLimitReached(most=self._most, instance=self._name, interface=interface)
        )

    # -- time and the kernel's counters

    def _due(self, now: float) -> None:
        if self._closed:
            return
        if self.sources.advance(now):
            self._table.counters().addCallbacks(self._counted, self._not_counted)
        else:
            self._reminder.set(self.sources.next_deadline())

    def _not_counted(self, failure: Failure) -> None:
        if self._closed:
            return
        self.sources.not_counted(self._timer.now())
        self._reminder.set(self.sources.next_deadline())
        if not isinstance(failure.value, OSError):
            self.log.failure("internal error: reading packet counters failed", failure)
        elif not self._counters_fail:
            self._counters_fail = True
            self.log.warn(
                "cannot read the kernel's packet counters: {reason}; idle sources are kept until "
                "the counters can be read",
                reason=failure.getErrorMessage(),
                instance=self._name,
            )

    def _counted(self, routes: list[InstalledRoute]) -> None:
        if self._closed:
            return
        self._counters_fail = False
        packets = {(r.source, r.group): r.packets - r.wrong_interface for r in routes}
        forwarded = {(r.source, r.group) for r in routes if r.outgoing}
        changes = self.sources.counted(packets, forwarded, self._timer.now())
        if changes.silent:
            self._asked(list(changes.silent))
        for source, group in changes.forgotten:
            self._tell(SourceGone, source, group, None)
            self._table.source_changed(group, source)
        if changes.freed:
            self._table.changed([self._family.unspecified])
        self._reminder.set(self.sources.next_deadline())

    def _stops_delivering(self, source: Address, group: Address) -> bool:
        return self._selection.stops_delivering(source, group)
