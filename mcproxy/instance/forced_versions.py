"""Interfaces on which local programs must speak another version than the proxy.

The proxy's reports are its own, those of local programs are the kernel's. Its settings
``force_igmp_version`` and ``force_mld_version`` do not concern the proxy, so the router of a link
may hear two versions from this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from ..linux.forced_versions import ForcedVersion, forced_version
from ..protocol.family import Family
from .plan.plan import InstancePlan, Plan

ForcedOn = Callable[[Family, str], ForcedVersion | None]
"""The version that the kernel's settings force on an interface."""


def forced_versions(
    plan: Plan, links: Collection[str], forced_on: ForcedOn = forced_version
) -> list[str]:
    """A sentence for each of ``links`` where the kernel's version differs from the planned one."""
    found: dict[tuple[Family, str], str] = {}
    for instance in plan.instances:
        family = instance.family
        for name, role, version in _interfaces(plan, instance, links):
            forced = forced_on(family, name)
            if forced is not None and forced.version != version and (family, name) not in found:
                found[family, name] = _sentence(instance, name, role, version, forced)
    return list(found.values())


def _interfaces(
    plan: Plan, instance: InstancePlan, links: Collection[str]
) -> Iterator[tuple[str, str, int]]:
    """Each of ``links`` that an instance uses, with its role and version."""
    versions = {one.key: one.version for one in plan.upstreams}
    for name in instance.upstreams:
        if name in links:
            yield name, "upstream", versions[name, instance.family, instance.table]
    for name in sorted(links):
        settings = instance.downstreams.settings(name)
        if settings is not None:
            yield name, "downstream", settings.querier.version or instance.version


def _sentence(
    instance: InstancePlan, name: str, role: str, version: int, forced: ForcedVersion
) -> str:
    protocol, theirs = instance.family.protocol, forced.version
    return (
        f"{forced.setting} is {theirs}, but mcproxy uses {protocol}v{version} on the {role} "
        f"{name}: programs on this machine report there in {protocol}v{theirs}, so other routers "
        f"hear both versions from this machine; set {forced.setting} to 0, or "
        f"{protocol.lower()}-version of {name} in instance {instance.instance} to {theirs}"
    )
