"""How a proxy instance has data forwarded: by groups alone, or source by source.

By groups is the fast way, with no message from the kernel: entries follow from memberships
and stand before the first packet. It needs one upstream and no filters. Source by source
the kernel asks about each new source of a group, and is answered with an entry of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from twisted.logger import Logger

from .handover import Handover
from .linux.mroute import InstalledRoute
from .locations import Locations
from .messages import CacheMiss, WrongInterface
from .protocol.family import Address, Family
from .protocol.forwarding import Interfaces, Planner, Route
from .protocol.gates import Policy
from .protocol.learning import IDLE_TIME, UNWANTED_IDLE_TIME, LearnedSources
from .protocol.persource import PerSourcePlanner
from .protocol.selection import Join, Selection
from .protocol.sources import SourceFilter
from .routingtable import ForwardingTable
from .timer import Timer

LOOK_INTERVAL = 10.0
"""Seconds between looks at what the kernel counted for learned sources."""

Subscriptions = Mapping[str, SourceFilter]
Towards = Callable[[Address], int | None]
"""Names the interface, by index, that leads to an address."""


class Plane(Protocol):
    """Plans the entries of an instance; told what data the kernel has seen."""

    def links_changed(self, downstreams: Mapping[str, int], upstreams: Interfaces) -> None:
        """Data may pass to and from these downstreams (by name, with index), and upstreams."""

    def base(self) -> tuple[Route, ...]:
        """The entries for any source and group."""

    def plan(
        self, group: Address, subscriptions: Subscriptions, source: Address | None
    ) -> tuple[Route, ...]:
        """The entries of a group that downstreams want so, or of one source of it."""

    def groups(self) -> Iterable[Address]:
        """Groups that may have entries without being wanted."""

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """Act upon what the kernel saw."""

    def recall(self, source: Address, group: Address, interface: str) -> None:
        """The kernel has an entry for data of ``source`` that comes in there."""

    def close(self) -> None:
        """Do nothing any more."""


class GroupPlane:
    """By groups: one upstream, and entries for any source (RFC 4605, 4.2)."""

    def __init__(
        self,
        family: Family,
        upstream: str,
        towards: Towards,
        table: ForwardingTable,
    ) -> None:
        self._table = table
        self._locations = Locations(upstream, towards)
        self._planner = Planner(family.unspecified, upstream, self._locations.locate)
        self._base: tuple[Route, ...] = ()

    def links_changed(self, downstreams: Mapping[str, int], upstreams: Interfaces) -> None:
        """Sources may be elsewhere now; without an upstream there is no base."""
        self._locations.take_links(downstreams)
        self._base = (self._planner.base(frozenset(downstreams)),) if upstreams else ()

    def base(self) -> tuple[Route, ...]:
        """The (*,*) entry."""
        return self._base

    def plan(
        self, group: Address, subscriptions: Subscriptions, source: Address | None
    ) -> tuple[Route, ...]:
        """A (*,G) entry, and (S,G) entries where links differ about a source."""
        return self._planner.plan(subscriptions)

    def any_source(self, subscriptions: Subscriptions) -> Iterable[Route]:
        """The (*,G) entry alone."""
        return (route for route in self._planner.plan(subscriptions) if not any(route.source))

    def groups(self) -> Iterable[Address]:
        """None: entries follow from memberships alone."""
        return ()

    def receive(self, message: CacheMiss | WrongInterface) -> None:
        """A source is behind another interface than its entry says."""
        moved = isinstance(message, WrongInterface)
        if moved and self._locations.seen(message.source, message.interface):
            self._table.changed([message.group])

    def recall(self, source: Address, group: Address, interface: str) -> None:
        """It is where it was."""
        self._locations.seen(source, interface)

    def close(self) -> None:
        """Nothing is under way."""


class SourcePlane:
    """Source by source: learned when the kernel asks, forgotten when its counters rest.

    ``asked`` has upstreams asked anew for groups.
    """

    log = Logger()

    def __init__(
        self,
        name: str,
        family: Family,
        policy: Policy,
        selection: Selection,
        look_interval: float,
        towards: Towards,
        timer: Timer,
        table: ForwardingTable,
        asked: Callable[[list[Address]], None],
    ) -> None:
        self.sources = LearnedSources()
        self._name = name
        self._family = family
        self._selection = selection
        self._look_interval = look_interval
        self._locations = Locations("", towards)
        self._planner = PerSourcePlanner(family, policy, selection, self._locate)
        self._timer = timer
        self._table = table
        self._asked = asked
        self._braked: set[str] = set()
        self._reminder = timer.reminder(self._look)
        self._looking = False
        self._links: set[str] = set()
        self._handover: Handover[GroupPlane] | None = None

    def take_over(self, before: GroupPlane, groups: Iterable[Address]) -> None:
        """Go on with ``groups`` as they are forwarded, and change over to sources by and by."""
        self._handover = Handover(before, groups, self._timer, self._table.changed)

    def reconfigure(self, policy: Policy, selection: Selection, look_interval: float) -> None:
        """Go by other gates and another choice from now on; what was learned stays."""
        before, self._selection, self._look_interval = self._planner, selection, look_interval
        self._planner = PerSourcePlanner(self._family, policy, selection, self._locate)
        self._planner.downstreams = before.downstreams

    def close(self) -> None:
        """Look no more."""
        if self._handover is not None:
            self._handover.close()
        self._reminder.cancel()
        self._looking = True

    def links_changed(self, downstreams: Mapping[str, int], upstreams: Interfaces) -> None:
        """What was learned on links that are not there is forgotten."""
        if self._handover is not None:
            self._handover.before.links_changed(downstreams, upstreams)
        self._locations.take_links(downstreams)
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
        if source is None and self._handover is not None and group in self._handover:
            found += tuple(self._handover.before.any_source(subscriptions))
        return found

    def groups(self) -> Iterable[Address]:
        """The groups that something is sent to."""
        return self.sources.groups

    def _locate(self, source: Address) -> str | None:
        return self._locations.locate(source) or None

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
