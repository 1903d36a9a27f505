"""The plan: what should run, compiled from a configuration into values that never change.

Everything that follows from the configuration alone is decided here: families and versions,
which instances share an upstream, which forward source by source, the settings of each
downstream. Two plans compare by value; ``compare`` lists the steps from one to the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...config.model import Configuration, ControlConfig, InstanceConfig
from ...protocol.family import FAMILIES, Address, Family, Predicate
from ...protocol.sources import SourceFilter
from .conflicts import check_shared_upstreams
from .downstream import DownstreamPlans, plan_downstreams
from .forwarding import ForwardingPlan, per_source_instances, plan_forwarding
from .group_ranges import ssm_policy, static_groups
from .versions import upstream_version, version_of

InstanceKey = tuple[str, Family]
"""An instance's name in the configuration, and its family."""

UpstreamKey = tuple[str, Family, int]
"""An upstream's interface, its family, and its kernel table."""


@dataclass(frozen=True, slots=True)
class TablePlan:
    """A kernel table; ``number`` 0 is the default one."""

    family: Family
    number: int

    def __str__(self) -> str:
        return f"kernel table {self.number} ({self.family.name})"


@dataclass(frozen=True, slots=True)
class UpstreamPlan:
    """The host on an upstream, shared by the instances that name it.

    With ``version_fallback`` it follows older queriers; groups that ``is_ssm`` are left out
    while it speaks an older version, unless ``ssm_fallback``. With ``require_router_alert`` it
    ignores IGMP packets without that option. It reports all groups again every
    ``report_interval`` seconds; None is 125 s, but only while no querier is heard. With
    ``local_programs`` it heeds what programs on this machine have joined there.
    """

    interface: str
    family: Family
    table: int
    version: int
    version_fallback: bool
    is_ssm: Predicate
    require_router_alert: bool = False
    ssm_fallback: bool = False
    report_interval: float | None = None
    local_programs: bool = True

    @property
    def key(self) -> UpstreamKey:
        """Identifies it in every plan."""
        return self.interface, self.family, self.table

    def __str__(self) -> str:
        table = f", table {self.table}" if self.table else ""
        return f"upstream {self.interface} ({self.family.name}{table})"


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """A proxy instance in one family; ``static`` groups are always joined upstream."""

    instance: str
    family: Family
    table: int
    version: int
    downstreams: DownstreamPlans
    forwarding: ForwardingPlan
    static: Mapping[Address, SourceFilter]

    @property
    def key(self) -> InstanceKey:
        """Identifies it in every plan."""
        return self.instance, self.family

    @property
    def name(self) -> str:
        """Its name in the log and in views."""
        return f"{self.instance}/{self.family.name}"

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The names of its upstreams, in order of preference."""
        return self.forwarding.upstreams

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Plan:
    """All that should run; ``services`` has the configuration of each optional service."""

    tables: tuple[TablePlan, ...] = ()
    upstreams: tuple[UpstreamPlan, ...] = ()
    instances: tuple[InstancePlan, ...] = ()
    services: tuple[tuple[str, Any], ...] = ()

    def without(self, families: Collection[Family]) -> Plan:
        """The plan as far as it is not of these families, which the kernel lacks."""
        if not families:
            return self
        return replace(
            self,
            tables=tuple(one for one in self.tables if one.family not in families),
            upstreams=tuple(one for one in self.upstreams if one.family not in families),
            instances=tuple(one for one in self.instances if one.family not in families),
        )


def compile_plan(configuration: Configuration) -> Plan:
    """The plan for ``configuration``; ConfigurationError where instances contradict each other."""
    check_shared_upstreams(configuration)
    per_source = {family: per_source_instances(_of(configuration, family)) for family in FAMILIES}
    tables: dict[TablePlan, None] = {}
    upstreams: dict[UpstreamKey, UpstreamPlan] = {}
    instances = []
    for config in configuration.instances:
        for family in FAMILIES:
            version = version_of(config, family)
            if not version:
                continue
            tables[TablePlan(family, config.table)] = None
            for name in config.upstreams:
                key = name, family, config.table
                upstreams.setdefault(key, _plan_upstream(name, config, family))
                if config.upstream_settings(name).require_router_alert:
                    upstreams[key] = replace(upstreams[key], require_router_alert=True)
            instances.append(
                _plan_instance(config, family, version, config.name in per_source[family])
            )
    return Plan(
        tuple(tables), tuple(upstreams.values()), tuple(instances), plan_services(configuration)
    )


def plan_services(configuration: Configuration) -> tuple[tuple[str, Any], ...]:
    """The optional services by name, each with its configuration; None where there is none."""
    control = configuration.control or ControlConfig()
    return ("manhole", configuration.manhole), ("control", control), ("http", configuration.http)


def _of(configuration: Configuration, family: Family) -> list[InstanceConfig]:
    return [one for one in configuration.instances if version_of(one, family)]


def _plan_upstream(name: str, config: InstanceConfig, family: Family) -> UpstreamPlan:
    is_ssm = ssm_policy(config, family).is_ssm
    interval = config.report_interval
    return UpstreamPlan(
        name,
        family,
        config.table,
        upstream_version(config, name, family),
        config.version_fallback,
        is_ssm,
        ssm_fallback=config.ssm_fallback,
        local_programs=config.local_programs,
        report_interval=interval if isinstance(interval, float) else None,
    )


def _plan_instance(
    config: InstanceConfig, family: Family, version: int, per_source: bool
) -> InstancePlan:
    return InstancePlan(
        config.name,
        family,
        config.table,
        version,
        plan_downstreams(config, family, version),
        plan_forwarding(config, family, per_source),
        static_groups(config.static_group, family),
    )
