"""Situation: what the configuration asks for, joined with what the machine is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..config.names import is_pattern
from ..instance.plan.plan import InstancePlan, Plan, UpstreamKey
from ..linux.host.links import HostLink
from ..linux.host.settings import LinkSettings
from ..protocol.family import Address, Family
from .facts import HostFacts
from .findings import Finding

UPSTREAM, DOWNSTREAM = "upstream", "downstream"


@dataclass(frozen=True, slots=True)
class Role:
    """An interface in its role in an instance of one family.

    ``name`` is the configured name or pattern; ``link`` is None where there is no interface of
    that name. ``row`` is the running daemon's row about it, empty without a daemon. ``version``
    of IGMP or MLD is what is planned there.
    """

    plan: InstancePlan
    role: str
    name: str
    link: HostLink | None
    row: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0

    @property
    def family(self) -> Family:
        """IPv4 or IPv6."""
        return self.plan.family

    @property
    def interface(self) -> str:
        """The interface's name; the configured one where there is none."""
        return self.link.name if self.link else self.name

    @property
    def usable(self) -> HostLink | None:
        """The interface, if packets can pass."""
        link = self.link
        return link if link and link.up and link.carrier and link.port_of is None else None

    def about(self, finding: Finding) -> Finding:
        """The finding, with this as its subject."""
        subject = f"{self.name} ({self.role} of {self.plan.instance})"
        return replace(
            finding, subject=subject, interface=self.interface, instance=self.plan.instance
        )


@dataclass(frozen=True, slots=True)
class DaemonState:
    """What a running daemon says of itself: its process, its interfaces, joined groups."""

    pid: int
    up_time: float
    interfaces: tuple[Mapping[str, Any], ...] = ()
    groups: frozenset[Address] = frozenset()

    def row(self, instance: str, role: str, interface: str) -> Mapping[str, Any]:
        """The row about an interface in a role; empty if there is none."""
        wanted = (instance, role, interface)
        for row in self.interfaces:
            if (row.get("instance"), row.get("role"), row.get("interface")) == wanted:
                return row
        return {}


@dataclass(frozen=True)
class Situation:
    """All that a check looks at. ``daemon`` is None if no daemon runs."""

    facts: HostFacts
    plan: Plan = field(default_factory=Plan)
    daemon: DaemonState | None = None

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """Each interface in each role; a pattern that no interface matches stands for itself."""
        return tuple(
            role
            for plan in self.plan.instances
            for role in (*self._upstreams(plan), *self._downstreams(plan))
        )

    @cached_property
    def interfaces(self) -> tuple[Role, ...]:
        """The roles without those that repeat an interface in another family."""
        found: dict[tuple[str, str, str], Role] = {}
        for role in self.roles:
            found.setdefault((role.plan.instance, role.role, role.name), role)
        return tuple(found.values())

    @property
    def sources(self) -> frozenset[Address]:
        """The sources that the configuration names for its groups."""
        return frozenset(
            source
            for plan in self.plan.instances
            for wanted in plan.static.values()
            for source in wanted.sources
        )

    def settings(self, link: HostLink) -> LinkSettings:
        """The kernel's settings of an interface."""
        return self.facts.settings.get(link.index, LinkSettings())

    def in_role(self, role: str) -> Iterator[tuple[Role, HostLink]]:
        """The usable interfaces in a role."""
        for one in self.roles:
            if one.role == role and one.usable:
                yield one, one.usable

    def upstreams_of(self, plan: InstancePlan) -> list[tuple[Role, HostLink]]:
        """The usable upstreams of an instance in one family."""
        return [(role, role.usable) for role in self._upstreams(plan) if role.usable]

    def _upstreams(self, plan: InstancePlan) -> Iterator[Role]:
        for name in plan.upstreams:
            yield self._role(plan, UPSTREAM, name, self.facts.link(name))

    def _downstreams(self, plan: InstancePlan) -> Iterator[Role]:
        for name in plan.downstreams.names:
            if not is_pattern(name):
                yield self._role(plan, DOWNSTREAM, name, self.facts.link(name))
        patterns = [name for name in plan.downstreams.names if is_pattern(name)]
        matching = [
            link
            for link in self.facts.links.values()
            if patterns
            and link.name not in plan.downstreams.names
            and plan.downstreams.settings(link.name) is not None
        ]
        for link in matching:
            yield self._role(plan, DOWNSTREAM, link.name, link)
        if patterns and not matching:
            for pattern in patterns:
                yield self._role(plan, DOWNSTREAM, pattern, None)

    def _role(self, plan: InstancePlan, role: str, name: str, link: HostLink | None) -> Role:
        row = self.daemon.row(plan.name, role, name) if self.daemon else {}
        return Role(plan, role, name, link, row, self._version(plan, role, name))

    def _version(self, plan: InstancePlan, role: str, name: str) -> int:
        if role == UPSTREAM:
            return self._upstream_versions.get((name, plan.family, plan.table), plan.version)
        settings = plan.downstreams.settings(name)
        return (settings and settings.querier.version) or plan.version

    @cached_property
    def _upstream_versions(self) -> dict[UpstreamKey, int]:
        return {one.key: one.version for one in self.plan.upstreams}
