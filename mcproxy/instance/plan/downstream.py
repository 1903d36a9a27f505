"""The downstreams of an instance as they are planned: settings by interface name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import attrs

from ...config.addresses import read_address
from ...config.model import InstanceConfig, InterfaceSettings
from ...config.names import any_matches, is_pattern, matches, split_exceptions
from ...protocol.family import IPV4, Address, Family
from ...protocol.router.admission import SsmPolicy
from ...protocol.router.settings import QuerierSettings
from .group_ranges import ssm_policy, static_groups
from .versions import own_version

_SAME_NAMES = {option.name for option in attrs.fields(InterfaceSettings)} & {
    setting.name for setting in fields(QuerierSettings)
}
"""Options that the querier has under the same name: a new one needs no line here."""


@dataclass(frozen=True, slots=True)
class DownstreamPlan:
    """The settings of one downstream; ``check_subnet`` drops reports of hosts of other subnets.

    ``require_router_alert`` drops IGMP packets without that option.
    ``query_address`` is the source of IPv4 queries where the link has no address.
    ``discovery_interval`` is the time in seconds between two advertisements of the router; None
    advertises nothing.
    """

    querier: QuerierSettings
    check_subnet: bool = False
    ttl_threshold: int = 1
    require_router_alert: bool = False
    query_address: Address | None = None
    discovery_interval: int | None = None

    def as_peer(self) -> DownstreamPlan:
        """The same for an interface that is an upstream as well, where a peer is the querier.

        We query all the same, so that each proxy hears the queries that its own host answers.
        """
        return replace(self, querier=replace(self.querier, elects=False))


@dataclass(frozen=True, slots=True)
class DownstreamPlans:
    """The interfaces that are downstreams of an instance.

    ``names`` are names and patterns, as configured. ``own`` has settings by name or pattern:
    a name comes before patterns, and of these the first that matches counts; ``default`` is
    for all others. Interfaces in ``excluded`` match a pattern, but are upstreams or named by
    another instance; ``exceptions`` are names and patterns that no pattern matches. ``peers``
    are upstreams too.
    """

    names: tuple[str, ...]
    own: Mapping[str, DownstreamPlan]
    default: DownstreamPlan
    excluded: frozenset[str]
    peers: frozenset[str]
    exceptions: tuple[str, ...] = ()

    def settings(self, name: str) -> DownstreamPlan | None:
        """The settings of the interface ``name``; None when it is no downstream."""
        if not self._includes(name):
            return None
        found = self.own.get(name)
        if found is None:
            found = next((own for key, own in self.own.items() if matches(name, key)), self.default)
        return found.as_peer() if name in self.peers else found

    def _includes(self, name: str) -> bool:
        if name in self.names:
            return True
        return name not in self.excluded and any_matches(name, self.names, self.exceptions)


def plan_downstreams(config: InstanceConfig, family: Family, version: int) -> DownstreamPlans:
    """The downstreams of an instance that speaks ``version`` of the family's protocol."""
    ssm = ssm_policy(config, family)
    planned = {
        settings: _plan(settings, config, family, version, ssm)
        for settings in {*config.interface.values(), InterfaceSettings()}
    }
    included, exceptions = split_exceptions(config.downstream)
    patterns = [name for name in included if is_pattern(name)]
    named = (*config.elsewhere, *config.upstreams) if patterns else ()
    excluded = {name for name in named if any(matches(name, pattern) for pattern in patterns)}
    return DownstreamPlans(
        included,
        {
            name: planned[settings]
            for name, settings in config.interface.items()
            if name in included or name not in config.upstreams
        },
        planned[InterfaceSettings()],
        frozenset(excluded),
        frozenset(config.upstreams) & frozenset(included),
        exceptions,
    )


def _plan(
    settings: InterfaceSettings,
    config: InstanceConfig,
    family: Family,
    version: int,
    ssm: SsmPolicy,
) -> DownstreamPlan:
    """The settings of a downstream in the terms of RFC 9776, section 8."""
    allowed = settings.allowed_queriers
    others: dict[str, Any] = {
        "query_response_interval": settings.query_max_response_time,
        "robustness": settings.robustness_variable,
        "allowed_queriers": None if allowed is None else frozenset(map(read_address, allowed)),
        "static": static_groups(settings.static_group, family),
        "ssm": ssm,
        "version": own_version(settings, family) or version,
        "oldest_host_version": (
            settings.minimum_igmp_version if family is IPV4 else settings.minimum_mld_version
        ),
    }
    same = {name: getattr(settings, name) for name in _SAME_NAMES - others.keys()}
    querier = QuerierSettings(**same, **others)
    address, advertises = settings.query_address, settings.router_discovery
    if advertises is None:
        advertises = config.router_discovery
    return DownstreamPlan(
        querier,
        settings.check_subnet,
        settings.ttl_threshold,
        settings.require_router_alert,
        None if address is None or family is not IPV4 else read_address(address),
        settings.router_discovery_interval if advertises else None,
    )
