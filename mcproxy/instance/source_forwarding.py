"""Forwarding source by source: the kernel asks about each new source, and is answered.

It is needed where entries for groups cannot tell enough: several upstreams, filters, a
boundary, peers, or no upstream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from twisted.logger import Logger

from ..linux.mroute.dump import InstalledRoute
from ..messages import CacheMiss, WrongInterface
from ..protocol.family import Address, Family
from ..protocol.forwarding.observed_sources import IDLE_TIME, UNWANTED_IDLE_TIME, ObservedSources
from ..protocol.forwarding.per_source import PerSourcePlanner
from ..protocol.forwarding.planner import Interfaces, Route
from ..protocol.policy.directional_filters import FilterPolicy
from ..protocol.upstreams.selection import Join, Selection
from ..routing.table import ForwardingTable
from ..timer import Timer
from .forwarding import Subscriptions, Towards
from .group_forwarding import GroupForwarding
from .migration import Migration
from .source_side import SourceSides

LOOK_INTERVAL = 10.0
"""Seconds between looks at what the kernel counted for learned sources."""


class SourceForwarding:
    """Source by source: learned when the kernel asks, forgotten when its counters rest.

    ``asked`` has upstreams asked anew for groups.
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
        table: ForwardingTable,
        asked: Callable[[list[Address]], None],
    ) -> None:
        self.sources = ObservedSources()
        self._name = name
        self._family = family
        self._selection = selection
        self._look_interval = look_interval
        self._source_sides = SourceSides("", towards)
        self._planner = PerSourcePlanner(family, policy, selection, self._locate)
        self._timer = timer
        self._table = table
        self._asked = asked
        self._braked: set[str] = set()
        self._reminder = timer.reminder(self._look)
        self._looking = False
        self._links: set[str] = set()
        self._migration: Migration[GroupForwarding] | None = None

    def take_over(self, before: GroupForwarding, groups: Iterable[Address]) -> None:
        """Go on with ``groups`` as they are forwarded, and change over to sources by and by."""
        self._migration = Migration(before, groups, self._timer, self._table.changed)

    def reconfigure(self, policy: FilterPolicy, selection: Selection, look_interval: float) -> None:
        """Go by other gates and another choice from now on; what was learned stays."""
        before, self._selection, self._look_interval = self._planner, selection, look_interval
        self._planner = PerSourcePlanner(self._family, policy, selection, self._locate)
        self._planner.downstreams = before.downstreams

    def close(self) -> None:
        """Look no more."""
        if self._migration is not None:
            self._migration.close()
        self._reminder.cancel()
        self._looking = True

    def links_changed(self, downstreams: Mapping[str, int], upstreams: Interfaces) -> None:
        """What was learned on links that are not there is forgotten."""
        if self._migration is not None:
            self._migration.before.links_changed(downstreams, upstreams)
        self._source_sides.take_links(downstreams)
        self._planner.downstreams = frozenset(downstreams)
        links = {*downstreams, *upstreams}
        gone: set[Address] = set()
        for name in self._links - links:
            # Also what came in elsewhere too: whoever delivers now has to be seen anew.
            for source, group in self._selection.lost(name):
                self.sources.forget(source, group)
                gone.add(group)
            gone.update(self.sources.forget_interface(name))
            self._braked.discard(name)
        self._links = links
        self._table.changed([self._family.unspecified, *gone])

    def base(self) -> tuple[Route, ...]:
        """Entries that drop what comes in where too many sources are; no others."""
        nothing = self._family.unspecified
        return tuple(Route(nothing, name, frozenset([name])) for name in sorted(self._braked))

    def plan(
        self, group: Address, subscriptions: Subscriptions, source: Address | None
    ) -> tuple[Route, ...]:
        """(S,G) entries of the sources that send, and of those that are asked for by name."""
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
            found += tuple(self._migration.before.any_source(subscriptions))
        return found

    def groups(self) -> Iterable[Address]:
        """The groups that something is sent to."""
        return self.sources.groups

    def _locate(self, source: Address) -> str | None:
        return self._source_sides.locate(source) or None

    # -- what the kernel tells

    def recall(self, source: Address, group: Address, interface: str) -> None:
        """Learn it without being asked."""
        self.receive(CacheMiss(interface, source, group))

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """Learn a source, or that it is elsewhere now."""
        interface, source, group = message
        if interface not in self._links:
            return
        if isinstance(message, WrongInterface) and not self._may_move(interface, source, group):
            return
        if not self.sources.note(source, group, interface, self._timer.now()):
            self._brake(interface)
            return
        if self._selection.delivers(interface, source, group):
            self._asked([group])
        self._table.source_changed(group, source)
        if not self._looking:
            self._reminder.set(self._reminder.when or self._timer.now() + self._look_interval)

    def _may_move(self, interface: str, source: Address, group: Address) -> bool:
        """Whether data may be accepted there that its entry has from elsewhere."""
        downstreams = self._planner.downstreams
        if interface in downstreams:
            return True
        known = self.sources.of(group).get(source)
        if known is not None and known.arrival in downstreams.intersection([self._locate(source)]):
            return False  # where it was sent up, by us or a peer, it may come back
        return self._selection.may_take_over(interface, source, group)

    def _brake(self, interface: str) -> None:
        """Too many sources: let the kernel drop what is not known there, and not ask."""
        if interface in self._braked:
            return
        self._braked.add(interface)
        self.log.warn(
            "more sources send than can be looked after one by one: new ones are dropped",
            instance=self._name,
            interface=interface,
        )
        self._table.changed([self._family.unspecified])

    # -- the kernel's counters

    def _look(self, now: float) -> None:
        if not self._looking:
            self._looking = True
            self._table.counters().addCallbacks(self._seen, self._unseen)

    def _unseen(self, failure: object) -> None:
        self._looking = False
        self._reminder.set(self._timer.now() + self._look_interval)

    def _seen(self, routes: list[InstalledRoute]) -> None:
        now = self._timer.now()
        packets = {(r.source, r.group): r.packets - r.wrong_interface for r in routes}
        forwarded = {(r.source, r.group) for r in routes if r.outgoing}
        changed: dict[Address, None] = {}
        asked: dict[Address, None] = {}
        for source, group, heard, sent in self.sources.look(packets, now):
            wanted = (source, group) in forwarded
            if not sent and self._selection.silent(source, group):
                asked[group] = None
            elif now < heard.when + (IDLE_TIME if wanted else UNWANTED_IDLE_TIME):
                continue
            self.sources.forget(source, group)
            changed[group] = None
        if asked:
            self._asked(list(asked))
        free = {name for name in self._braked if self.sources.has_room(name)}
        if free:
            self._braked -= free
            changed[self._family.unspecified] = None
        if changed:
            self._table.changed(list(changed))
        self._looking = False
        if len(self.sources) or self._braked:
            self._reminder.set(now + self._look_interval)
