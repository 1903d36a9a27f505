"""How an instance forwards as it is planned: upstreams, their selection, and filters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial

from ...config.model import DOWNSTREAM, IN, OUT, UPSTREAM, InstanceConfig
from ...protocol.family import Family, Predicate
from ...protocol.policy.counted import CountedBoundary, CountedFilter
from ...protocol.policy.directional_filters import PASS_ALL, DirectionalFilters, FilterPolicy
from ...protocol.policy.filters import CompiledFilter
from ...protocol.upstreams.selection import Join, Selection, SendUp
from .group_ranges import is_among, shared_filter

LOOK_INTERVAL = 10.0
"""Seconds between looks at the packet counters where nothing asks for another time."""


@dataclass(frozen=True, slots=True)
class FilterPlan:
    """A filter for one role and direction of ``interface``, a name or a pattern."""

    interface: str
    role: str
    direction: str
    filter: CompiledFilter


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """The filters of an instance, and the groups that stay within its ``boundary``."""

    filters: tuple[FilterPlan, ...]
    boundary: Predicate

    def policy(self) -> FilterPolicy:
        """The same for the core, which asks by interface; it counts denials from zero."""
        counted = [CountedFilter(one.filter) for one in self.filters]
        return FilterPolicy(
            cache(partial(self._filters_of, counted, UPSTREAM)),
            cache(partial(self._filters_of, counted, DOWNSTREAM)),
            CountedBoundary(self.boundary),
            counted,
        )

    def _filters_of(
        self, counted: Sequence[CountedFilter], role: str, name: str
    ) -> DirectionalFilters:
        inward, outward = (self.position(name, role, direction) for direction in (IN, OUT))
        return DirectionalFilters(
            PASS_ALL if inward is None else counted[inward],
            PASS_ALL if outward is None else counted[outward],
        )

    def position(self, name: str, role: str, direction: str) -> int | None:
        """Which of ``filters`` applies to an interface; None for none.

        It is the one that names the interface, else the first whose pattern matches it. The empty
        name stands for static groups, which are of no interface.
        """
        if not name:
            return None
        there = [
            (number, one.interface)
            for number, one in enumerate(self.filters)
            if (one.role, one.direction) == (role, direction)
        ]
        named = (number for number, interface in there if interface == name)
        meant = (number for number, interface in there if fnmatchcase(name, interface))
        return next(named, next(meant, None))


@dataclass(frozen=True, slots=True)
class SelectionPlan:
    """How one of several upstreams is chosen.

    ``peers`` are upstreams that are downstreams too. ``look_interval`` is the time between looks
    at the kernel's packet counters, which tell who delivers (s).
    """

    join: Join
    send_up: SendUp
    peers: tuple[str, ...]
    hold_time: float
    look_interval: float

    def selection(self, policy: FilterPolicy) -> Selection:
        """The selection, with no upstream that works yet."""
        return Selection(policy, self.join, self.send_up, self.peers, self.hold_time)


@dataclass(frozen=True, slots=True)
class ForwardingPlan:
    """How an instance forwards: ``per_source`` source by source, else group by group.

    ``upstreams`` are the names of the upstreams in order of preference.
    """

    upstreams: tuple[str, ...]
    policy: PolicyPlan
    selection: SelectionPlan
    per_source: bool

    @property
    def upstream(self) -> str:
        """The upstream that comes first, or the empty string without any."""
        return self.upstreams[0] if self.upstreams else ""

    @property
    def sends_up(self) -> bool:
        """Whether data of downstream sources goes to upstreams."""
        return self.selection.send_up is not SendUp.NONE

    @property
    def way(self) -> tuple[object, ...]:
        """What running forwarding cannot change: another one replaces it."""
        return self.per_source, self.upstream, self.sends_up


def plan_forwarding(config: InstanceConfig, family: Family, per_source: bool) -> ForwardingPlan:
    """The forwarding of an instance in one family."""
    filters = tuple(
        FilterPlan(
            one.interface, one.role, one.direction, shared_filter(family, one.rules, one.allow)
        )
        for one in config.filters
    )
    policy = PolicyPlan(filters, is_among(config.boundary, family))
    return ForwardingPlan(config.upstreams, policy, _plan_selection(config), per_source)


def _plan_selection(config: InstanceConfig) -> SelectionPlan:
    join, send_up = Join(config.upstream_join), SendUp(config.upstream_data)
    ordered = join is Join.FIRST or send_up is SendUp.FIRST
    return SelectionPlan(
        join,
        send_up,
        tuple(name for name in config.upstreams if name in config.downstream),
        config.upstream_hold_time if ordered else 0.0,
        config.mutex_time if join is Join.MUTEX else LOOK_INTERVAL,
    )


def per_source_instances(instances: Iterable[InstanceConfig]) -> set[str]:
    """The names of the instances that forward source by source.

    Where one does, those that share an upstream with it on one table do too: an entry for
    any source would accept, for both, all that comes from there.
    """
    instances = list(instances)
    found = {one.name for one in instances if _needs_sources(one)}
    found |= _differ_about_sending(instances)
    while True:
        links = {(up, o.table) for o in instances if o.name in found for up in o.upstreams}
        more = {o.name for o in instances if any((up, o.table) in links for up in o.upstreams)}
        if more <= found:
            return found
        found |= more


def _differ_about_sending(instances: Iterable[InstanceConfig]) -> set[str]:
    """The names of instances that share an upstream, of which some send data there and some not.

    They share (*,G) entries, which would send up the data of all.
    """
    users: defaultdict[tuple[str, int], list[InstanceConfig]] = defaultdict(list)
    for one in instances:
        for upstream in one.upstreams:
            users[upstream, one.table].append(one)
    return {
        one.name
        for shared in users.values()
        for one in shared
        if len({SendUp(other.upstream_data) is SendUp.NONE for other in shared}) > 1
    }


def _needs_sources(config: InstanceConfig) -> bool:
    """Whether entries for groups cannot say what the instance forwards."""
    return (
        config.forwarding == "per-source"
        or len(config.upstreams) != 1
        or config.upstream in config.downstream
        or bool(config.boundary)
        or bool(config.filters)
    )
