"""Settings that contradict each other because instances share an upstream.

To the router upstream this machine is one host, whatever number of instances there are. So
the instances that share an upstream in a family must agree on what that host speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import collapse_addresses
from typing import Any, NamedTuple

from ...config.addresses import IPNetwork, parse_prefix
from ...config.errors import ConfigurationError, Mistake, shown
from ...config.model import Configuration, InstanceConfig
from ...config.origin import KeyPath
from ...protocol.family import FAMILIES, IPV4, IPV6, Family
from .group_ranges import networks_of

_USUAL_SSM = {
    IPV4: [parse_prefix("232.0.0.0/8")],
    IPV6: [parse_prefix(f"ff3{scope:x}::/32") for scope in range(16)],
}
"""The source-specific groups of RFC 4607, as ``Family.is_ssm`` knows them."""


def version_of(config: InstanceConfig, family: Family) -> int:
    """The version of IGMP or MLD that an instance speaks; 0 for none."""
    return config.igmp_version if family is IPV4 else config.mld_version


def check_shared_upstreams(configuration: Configuration) -> None:
    """ConfigurationError where instances contradict each other about a shared upstream."""
    found: dict[KeyPath, Mistake] = {}
    for family in FAMILIES:
        for upstream, first, second in _sharing(configuration.instances, family):
            for setting in _settings_of(family):
                where = ("instance", second.name, setting.key)
                if where not in found and setting.differs(first, second, family):
                    found[where] = _mistake(configuration, setting, upstream, first, second)
    if found:
        raise ConfigurationError(sorted(found.values(), key=lambda mistake: mistake.line or 0))


def _sharing(
    instances: Iterable[InstanceConfig], family: Family
) -> Iterator[tuple[str, InstanceConfig, InstanceConfig]]:
    """Each shared upstream with the first of its instances and one of the others."""
    first: dict[tuple[str, int], InstanceConfig] = {}
    for config in instances:
        if version_of(config, family):
            for name in config.upstreams:
                known = first.setdefault((name, config.table), config)
                if known is not config:
                    yield name, known, config


class _Setting(NamedTuple):
    """A setting that holds for a whole upstream; ``text`` says what an instance wants there."""

    key: str
    differs: Callable[[InstanceConfig, InstanceConfig, Family], bool]
    text: Callable[[InstanceConfig], str]


def _settings_of(family: Family) -> tuple[_Setting, ...]:
    def speaks(config: InstanceConfig) -> str:
        return f"speaks {family.protocol}v{version_of(config, family)}"

    return (
        _Setting(f"{family.protocol.lower()}-version", _versions_differ, speaks),
        _Setting("version-fallback", _fallback_differs, _fallback_text),
        _Setting("ssm-range", _ssm_range_differs, _ssm_range_text),
        _Setting("ssm-fallback", _ssm_fallback_differs, _ssm_fallback_text),
        _Setting("report-interval", _report_interval_differs, _report_interval_text),
        _Setting("local-programs", _local_programs_differ, _local_programs_text),
    )


def _versions_differ(one: InstanceConfig, other: InstanceConfig, family: Family) -> bool:
    return version_of(one, family) != version_of(other, family)


def _fallback_differs(one: InstanceConfig, other: InstanceConfig, family: Family) -> bool:
    """Only who speaks the current version can follow older queriers."""
    current = family.current_version
    speak = version_of(one, family) == version_of(other, family) == current
    return speak and one.version_fallback != other.version_fallback


def _fallback_text(config: InstanceConfig) -> str:
    return "follows older queriers" if config.version_fallback else "ignores older queriers"


def _ssm_range_differs(one: InstanceConfig, other: InstanceConfig, family: Family) -> bool:
    """The range counts upstream where an older version is spoken, or may be."""
    older = any(
        config.version_fallback or version_of(config, family) != family.current_version
        for config in (one, other)
    )
    return older and _ssm_range(one, family) != _ssm_range(other, family)


def _ssm_fallback_differs(one: InstanceConfig, other: InstanceConfig, family: Family) -> bool:
    return one.ssm_fallback != other.ssm_fallback


def _ssm_fallback_text(config: InstanceConfig) -> str:
    verb = "reports" if config.ssm_fallback else "leaves out"
    return f"{verb} source-specific groups under older queriers"


def _local_programs_differ(one: InstanceConfig, other: InstanceConfig, family: Family) -> bool:
    return one.local_programs != other.local_programs


def _local_programs_text(config: InstanceConfig) -> str:
    return f"{'heeds' if config.local_programs else 'ignores'} programs of this machine"


def _report_interval_differs(one: InstanceConfig, other: InstanceConfig, family: Family) -> bool:
    return one.report_interval != other.report_interval


def _report_interval_text(config: InstanceConfig) -> str:
    return f"has report-interval {shown(config.report_interval)}"


def _ssm_range(config: InstanceConfig, family: Family) -> list[IPNetwork]:
    ranges: Any = _USUAL_SSM[family]
    if config.ssm_range is not None:
        ranges = networks_of(config.ssm_range, family)
    return list(collapse_addresses(ranges))


def _ssm_range_text(config: InstanceConfig) -> str:
    if config.ssm_range is None:
        return "has the default ssm-range"
    return f"has ssm-range {', '.join(config.ssm_range) or 'empty'}"


def _mistake(
    configuration: Configuration,
    setting: _Setting,
    upstream: str,
    first: InstanceConfig,
    second: InstanceConfig,
) -> Mistake:
    """Names the keys of both instances, and their lines where these are known."""
    origin = configuration.origin
    place = origin.name_of(("instance", first.name, setting.key))
    line = _line(configuration, first, setting.key)
    message = (
        f"instance {second.name} {setting.text(second)} on upstream {upstream}, but instance "
        f"{first.name} {setting.text(first)} there ({place}{f', line {line}' if line else ''})"
    )
    hint = "give both the same value or another upstream"
    where = origin.name_of(("instance", second.name, setting.key))
    return Mistake(origin.path, where, message, hint, _line(configuration, second, setting.key))


def _line(configuration: Configuration, config: InstanceConfig, key: str) -> int | None:
    """The line of a key, or that of its instance where the key has its default."""
    where = ("instance", config.name)
    return configuration.line_of((*where, key)) or configuration.line_of(where)
