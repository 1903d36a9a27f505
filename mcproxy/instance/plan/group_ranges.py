"""Groups and channels of the configuration in the terms of the core, as values that compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from ...config.addresses import IPNetwork, read_channel, read_groups, read_mapped
from ...config.model import InstanceConfig
from ...config.rules import range_of
from ...protocol.family import Address, Family, Predicate
from ...protocol.policy.filters import CompiledFilter, FilterRule
from ...protocol.router.admission import SsmPolicy
from ...protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter, merge
from ...protocol.wire.packets import Sources

T = TypeVar("T")

_Key = tuple[Family, bool, tuple[FilterRule, ...]]
_filters: WeakValueDictionary[_Key, CompiledFilter] = WeakValueDictionary()
"""The filters in use, so that equal rules are one filter, before and after a change."""


class _Call(partial[T]):
    """A function with some of its arguments; equal to another one of the same."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Call) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self.func)

    def _parts(self) -> tuple[Any, ...]:
        return self.func, self.args, self.keywords


def shared_filter(family: Family, rules: tuple[FilterRule, ...], allow: bool) -> CompiledFilter:
    """The filter of these rules: one that is in use already, or a new one."""
    key = family, allow, rules
    made = _filters.get(key)
    if made is None:
        made = _filters[key] = CompiledFilter(family, rules, allow)
    return made


def networks_of(texts: Iterable[str], family: Family) -> list[IPNetwork]:
    """The groups that ``texts`` name, as far as they are of ``family``."""
    bits = 8 * family.address_size
    return [one for one in map(read_groups, texts) if one.max_prefixlen == bits]


def is_among(texts: Iterable[str], family: Family) -> Predicate:
    """Whether a group is one of those that ``texts`` name; equal for equal ranges."""
    return _is_in(networks_of(texts, family), family)


def _is_in(networks: Iterable[IPNetwork], family: Family) -> Predicate:
    rules = tuple(sorted({FilterRule(range_of(network)) for network in networks}))
    return _Call(shared_filter(family, rules, True).passes, source=family.unspecified)


def ssm_policy(config: InstanceConfig, family: Family) -> SsmPolicy:
    """The source-specific groups, and the sources for hosts that name none (``ssm_map``)."""
    is_ssm = family.is_ssm
    if config.ssm_range is not None:
        is_ssm = is_among(config.ssm_range, family)
    mapped = tuple(
        (_is_in([one.groups], family), one.source)
        for one in map(read_mapped, config.ssm_map)
        if len(one.source) == family.address_size
    )
    return SsmPolicy(is_ssm, _Call(_sources_of, mapped))


def _sources_of(mapped: Iterable[tuple[Predicate, Address]], group: Address) -> Sources:
    return frozenset(source for contains, source in mapped if contains(group))


def static_groups(channels: Iterable[str], family: Family) -> Mapping[Address, SourceFilter]:
    """The source filter of each group that ``channels`` name in ``family``."""
    wanted: dict[Address, SourceFilter] = {}
    for group, source in map(read_channel, channels):
        if len(group) == family.address_size:
            one = ANY_SOURCE if source is None else SourceFilter(INCLUDE, frozenset([source]))
            wanted[group] = merge((wanted[group], one)) if group in wanted else one
    return wanted
