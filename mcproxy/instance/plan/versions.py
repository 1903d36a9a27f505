"""The versions of IGMP and MLD that a configuration sets: for an instance, and for one link."""

from __future__ import annotations

from ...config.model import InstanceConfig, InterfaceSettings
from ...protocol.family import IPV4, Family


def version_of(config: InstanceConfig, family: Family) -> int:
    """The version of IGMP or MLD that an instance speaks; 0 for none."""
    return config.igmp_version if family is IPV4 else config.mld_version


def own_version(settings: InterfaceSettings, family: Family) -> int | None:
    """The version that the settings of a link set; None where that of the instance counts."""
    return settings.igmp_version if family is IPV4 else settings.mld_version


def upstream_version(config: InstanceConfig, name: str, family: Family) -> int:
    """The version that an instance speaks on the upstream ``name``; 0 for none."""
    version = version_of(config, family)
    return version and (own_version(config.upstream_settings(name), family) or version)
