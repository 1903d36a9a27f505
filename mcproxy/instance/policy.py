"""What a configuration says about filters and upstreams, in the terms of the core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from weakref import WeakValueDictionary

import attrs

from ..config.addresses import IPNetwork, read_address, read_channel, read_groups, read_mapped
from ..config.model import (
    DOWNSTREAM,
    IN,
    OUT,
    UPSTREAM,
    FilterConfig,
    InstanceConfig,
    InterfaceSettings,
)
from ..config.rules import range_of
from ..protocol.family import IPV4, Address, Family
from ..protocol.policy.directional_filters import PASS_ALL, DirectionalFilters, FilterPolicy
from ..protocol.policy.directional_filters import DirectionalFilter as Gate
from ..protocol.policy.filters import CompiledFilter, FilterRule
from ..protocol.router.admission import SsmPolicy
from ..protocol.router.settings import QuerierSettings
from ..protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter, merge
from ..protocol.upstreams.selection import Join, Selection, SendUp
from ..protocol.wire.packets import Sources

_Key = tuple[Family, bool, tuple[FilterRule, ...]]
_made: WeakValueDictionary[_Key, CompiledFilter] = WeakValueDictionary()
"""The filters in use: the same rules at several places, or after a change, are laid out once."""


def instance_policy(config: InstanceConfig, family: Family) -> FilterPolicy:
    """The gates of an instance."""
    boundary = [read_groups(text) for text in config.boundary]
    made = {id(one): _filter(family, one) for one in config.filters}

    def gate(name: str, role: str, direction: str) -> Gate:
        # The empty name stands for what is wanted always, and by no interface.
        found = config.filter_for(name, role, direction) if name else None
        return PASS_ALL if found is None else made[id(found)]

    def gates(role: str, name: str) -> DirectionalFilters:
        return DirectionalFilters(gate(name, role, IN), gate(name, role, OUT))

    return FilterPolicy(
        cache(partial(gates, UPSTREAM)),
        cache(partial(gates, DOWNSTREAM)),
        _among(boundary, family),
    )


def _filter(family: Family, config: FilterConfig) -> CompiledFilter:
    """One that is in use already, here or before a change, or a new one."""
    key = family, config.allow, config.rules
    made = _made.get(key)
    if made is None:
        made = _made[key] = CompiledFilter(family, config.rules, config.allow)
    return made


def ssm_policy(config: InstanceConfig, family: Family) -> SsmPolicy:
    """Which groups are source-specific, and where those come from that name no source."""
    is_ssm = family.is_ssm
    if config.ssm_range is not None:
        is_ssm = _among([read_groups(text) for text in config.ssm_range], family)
    mapped = [
        (_among([one.groups], family), one.source)
        for one in map(read_mapped, config.ssm_map)
        if len(one.source) == family.address_size
    ]
    return SsmPolicy(is_ssm, partial(_sources_of, mapped))


def _sources_of(
    mapped: Iterable[tuple[Callable[[Address], bool], Address]], group: Address
) -> Sources:
    return frozenset(source for is_among, source in mapped if is_among(group))


def _among(networks: Iterable[IPNetwork], family: Family) -> Callable[[Address], bool]:
    """Whether a group is in one of ``networks``, of which those of ``family`` count."""
    rules = [FilterRule(range_of(network)) for network in networks]
    return partial(CompiledFilter(family, rules, True).passes, source=family.unspecified)


def static_groups(channels: Iterable[str], family: Family) -> Mapping[Address, SourceFilter]:
    """What is wanted of each group that is named in ``channels``."""
    wanted: dict[Address, SourceFilter] = {}
    for group, source in map(read_channel, channels):
        if len(group) == family.address_size:
            one = ANY_SOURCE if source is None else SourceFilter(INCLUDE, frozenset([source]))
            wanted[group] = merge((wanted[group], one)) if group in wanted else one
    return wanted


def querier_settings(config: InstanceConfig, name: str, family: Family) -> QuerierSettings:
    """The settings of a downstream, in the terms of RFC 9776, section 8.

    A peer asks as we do, so that each hears the queries that its own host is to answer.
    """
    settings = config.downstream_settings(name) or InterfaceSettings()
    allowed = settings.allowed_queriers
    return QuerierSettings(
        query_interval=settings.query_interval,
        query_response_interval=settings.query_max_response_time,
        robustness=settings.robustness_variable,
        last_member_query_interval=settings.last_member_query_interval,
        immediate_leave=settings.immediate_leave,
        explicit_tracking=settings.explicit_tracking,
        max_hosts=settings.max_hosts,
        max_group_hosts=settings.max_group_hosts,
        max_groups=settings.max_groups,
        max_group_sources=settings.max_group_sources,
        max_report_rate=settings.max_report_rate,
        allowed_queriers=None if allowed is None else frozenset(map(read_address, allowed)),
        elects=name not in config.upstreams,
        static=static_groups(settings.static_group, family),
        ssm=ssm_policy(config, family),
        version=version_of(config, family),
    )


def instance_selection(config: InstanceConfig, policy: FilterPolicy) -> Selection:
    """The upstreams of an instance, and how they are chosen from."""
    peers = [name for name in config.upstreams if name in config.downstream]
    join, send_up = Join(config.upstream_join), SendUp(config.upstream_data)
    ordered = join is Join.FIRST or send_up is SendUp.FIRST
    return Selection(policy, join, send_up, peers, config.upstream_hold_time if ordered else 0.0)


def forwards_per_source(config: InstanceConfig) -> bool:
    """Whether an instance has to look at each source: entries for groups cannot tell more."""
    return (
        config.forwarding == "per-source"
        or len(config.upstreams) != 1
        or config.upstream in config.downstream
        or bool(config.boundary)
        or bool(config.filters)
    )


def per_source_instances(instances: Iterable[InstanceConfig]) -> set[str]:
    """The names of the instances that are forwarded for source by source.

    Where one is, those that share an upstream with it on one table are too: an entry for
    any source would take in what comes from there for both.
    """
    instances = list(instances)
    found = {one.name for one in instances if forwards_per_source(one)}
    while True:
        links = {(up, o.table) for o in instances if o.name in found for up in o.upstreams}
        more = {o.name for o in instances if any((up, o.table) in links for up in o.upstreams)}
        if more <= found:
            return found
        found |= more


def version_of(config: InstanceConfig, family: Family) -> int:
    """The version of IGMP or MLD that an instance speaks; 0 for none."""
    return config.igmp_version if family is IPV4 else config.mld_version


def same_querier(name: str, one: InstanceConfig, other: InstanceConfig) -> bool:
    """Whether both have the same settings for the querier of a downstream."""

    def settings(config: InstanceConfig) -> tuple[object, ...]:
        peer = name in config.upstreams
        return config.downstream_settings(name), config.ssm_range, config.ssm_map, peer

    return settings(one) == settings(other)


def of_all_links(config: InstanceConfig) -> InstanceConfig:
    """``config`` without what concerns single downstreams, or one family."""
    return attrs.evolve(
        config,
        downstream=tuple(name for name in config.downstream if name in config.upstreams),
        interface={},
        elsewhere=frozenset(),
        igmp_version=0,
        mld_version=0,
    )
