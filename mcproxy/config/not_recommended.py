"""What is allowed in a configuration but not recommended.

``mcproxy check`` prints it, and the daemon logs it when it starts and when it reloads.
"""

from __future__ import annotations

from collections.abc import Iterator

from .errors import Mistake
from .model import Configuration, InstanceConfig
from .origin import KeyPath

LEAST_ROBUSTNESS = 2
"""RFC 9776, section 8.1, and RFC 9777, section 9.1: the value should not be 1."""


def not_recommended(configuration: Configuration) -> list[Mistake]:
    """What is not recommended in ``configuration``, each place once."""
    found: dict[KeyPath, Mistake] = {}
    for instance in configuration.instances:
        for where in _weak_robustness(configuration, instance):
            found[where] = configuration.origin.mistake(
                where,
                "with robustness-variable 1, a single lost packet can end a stream",
                f"use {LEAST_ROBUSTNESS} or more",
            )
        for where, version in _too_new_hosts(configuration, instance):
            found[where] = configuration.origin.mistake(
                where,
                f"all reports are dropped: the value is above {version}",
                "use the same value or a lower one",
            )
        for where, name, version in _too_old_upstreams(instance):
            found[where] = configuration.origin.mistake(
                where,
                f"{version} cannot name sources: source-specific groups, which hosts can join with"
                f" the version of the instance, are left out on the upstream {name}",
                "set ssm-fallback = true, which joins them there from any source, or use the"
                " version of the instance",
            )
    return list(found.values())


def _weak_robustness(configuration: Configuration, instance: InstanceConfig) -> Iterator[KeyPath]:
    for name, settings in instance.interface.items():
        if settings.robustness_variable < LEAST_ROBUSTNESS:
            yield _place(configuration, instance.name, name, "robustness-variable")


def _too_new_hosts(
    configuration: Configuration, instance: InstanceConfig
) -> Iterator[tuple[KeyPath, str]]:
    for name, settings in instance.interface.items():
        for family, oldest, own in (
            (
                "igmp",
                settings.minimum_igmp_version,
                instance.igmp_version and (settings.igmp_version or instance.igmp_version),
            ),
            (
                "mld",
                settings.minimum_mld_version,
                instance.mld_version and (settings.mld_version or instance.mld_version),
            ),
        ):
            if 0 < own < oldest:
                where = _place(configuration, instance.name, name, f"minimum-{family}-version")
                yield where, f"{family}-version {own}"


def _too_old_upstreams(instance: InstanceConfig) -> Iterator[tuple[KeyPath, str, str]]:
    """Upstreams whose own version has no source lists, while that of the instance has them."""
    if instance.ssm_fallback:
        return
    for name in instance.upstreams:
        settings = instance.upstream_settings(name)
        for protocol, newest, usual, own in (
            ("IGMP", 3, instance.igmp_version, settings.igmp_version),
            ("MLD", 2, instance.mld_version, settings.mld_version),
        ):
            if own is not None and own < usual == newest:
                key = f"{protocol.lower()}-version"
                where = ("instance", instance.name, "interface", name, key)
                yield where, name, f"{protocol}v{own}"


def _place(configuration: Configuration, instance: str, interface: str, key: str) -> KeyPath:
    """Where the value of an interface's option comes from: its own table, or [defaults]."""
    own = ("instance", instance, "interface", interface, key)
    everywhere = ("defaults", key)
    return everywhere if not configuration.has(own) and configuration.has(everywhere) else own
