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
from .versions import own_version, upstream_version, version_of

_USUAL_SSM = {
    IPV4: [parse_prefix("232.0.0.0/8")],
    IPV6: [parse_prefix(f"ff3{scope:x}::/32") for scope in range(16)],
}
"""The source-specific groups of RFC 4607, as ``Family.is_ssm`` knows them."""


class _Use(NamedTuple):
    """An instance that uses an upstream in a family."""

    config: InstanceConfig
    upstream: str
    family: Family

    @property
    def version(self) -> int:
        return upstream_version(self.config, self.upstream, self.family)

    @property
    def speaks_current(self) -> bool:
        return self.version == self.family.current_version


def check_shared_upstreams(configuration: Configuration) -> None:
    """ConfigurationError where instances contradict each other about a shared upstream."""
    found: dict[KeyPath, Mistake] = {}
    for family in FAMILIES:
        for first, second in _sharing(configuration.instances, family):
            for setting in _settings_of(family):
                where = _place(setting, second)
                if where not in found and setting.differs(first, second):
                    found[where] = _mistake(configuration, setting, first, second)
    if found:
        raise ConfigurationError(sorted(found.values(), key=lambda mistake: mistake.line or 0))


def _sharing(instances: Iterable[InstanceConfig], family: Family) -> Iterator[tuple[_Use, _Use]]:
    """Each shared upstream as the first of its instances uses it, and as another one does."""
    first: dict[tuple[str, int], _Use] = {}
    for config in instances:
        if version_of(config, family):
            for name in config.upstreams:
                use = _Use(config, name, family)
                known = first.setdefault((name, config.table), use)
                if known is not use:
                    yield known, use


class _Setting(NamedTuple):
    """A setting that holds for a whole upstream; ``text`` says what an instance wants there."""

    key: str
    differs: Callable[[_Use, _Use], bool]
    text: Callable[[_Use], str]


def _settings_of(family: Family) -> tuple[_Setting, ...]:
    return (
        _Setting(_version_key(family), _versions_differ, _version_text),
        _Setting("version-fallback", _fallback_differs, _fallback_text),
        _Setting("ssm-range", _ssm_range_differs, _ssm_range_text),
        _Setting("ssm-fallback", _ssm_fallback_differs, _ssm_fallback_text),
        _Setting("report-interval", _report_interval_differs, _report_interval_text),
        _Setting("local-programs", _local_programs_differ, _local_programs_text),
    )


def _version_key(family: Family) -> str:
    return f"{family.protocol.lower()}-version"


def _versions_differ(one: _Use, other: _Use) -> bool:
    return one.version != other.version


def _version_text(use: _Use) -> str:
    return f"speaks {use.family.protocol}v{use.version}"


def _fallback_differs(one: _Use, other: _Use) -> bool:
    """Only who speaks the current version can follow older queriers."""
    speak = one.speaks_current and other.speaks_current
    return speak and one.config.version_fallback != other.config.version_fallback


def _fallback_text(use: _Use) -> str:
    return "follows older queriers" if use.config.version_fallback else "ignores older queriers"


def _ssm_range_differs(one: _Use, other: _Use) -> bool:
    """The range counts upstream where an older version is spoken, or may be."""
    older = any(use.config.version_fallback or not use.speaks_current for use in (one, other))
    return older and _ssm_range(one) != _ssm_range(other)


def _ssm_fallback_differs(one: _Use, other: _Use) -> bool:
    return one.config.ssm_fallback != other.config.ssm_fallback


def _ssm_fallback_text(use: _Use) -> str:
    verb = "reports" if use.config.ssm_fallback else "leaves out"
    return f"{verb} source-specific groups under older queriers"


def _local_programs_differ(one: _Use, other: _Use) -> bool:
    return one.config.local_programs != other.config.local_programs


def _local_programs_text(use: _Use) -> str:
    return f"{'heeds' if use.config.local_programs else 'ignores'} programs of this machine"


def _report_interval_differs(one: _Use, other: _Use) -> bool:
    return one.config.report_interval != other.config.report_interval


def _report_interval_text(use: _Use) -> str:
    return f"has report-interval {shown(use.config.report_interval)}"


def _ssm_range(use: _Use) -> list[IPNetwork]:
    ranges: Any = _USUAL_SSM[use.family]
    if use.config.ssm_range is not None:
        ranges = networks_of(use.config.ssm_range, use.family)
    return list(collapse_addresses(ranges))


def _ssm_range_text(use: _Use) -> str:
    if use.config.ssm_range is None:
        return "has the default ssm-range"
    return f"has ssm-range {', '.join(use.config.ssm_range) or 'empty'}"


def _place(setting: _Setting, use: _Use) -> KeyPath:
    """Where the setting of an instance is: for the instance, or for the upstream alone."""
    where: KeyPath = ("instance", use.config.name)
    settings = use.config.upstream_settings(use.upstream)
    is_own = own_version(settings, use.family) is not None
    if is_own and setting.key == _version_key(use.family):
        where = *where, "interface", use.upstream
    return *where, setting.key


def _mistake(configuration: Configuration, setting: _Setting, first: _Use, second: _Use) -> Mistake:
    """Names the keys of both instances, and their lines where these are known."""
    origin = configuration.origin
    other, where = _place(setting, first), _place(setting, second)
    line = _line(configuration, other)
    message = (
        f"instance {second.config.name} {setting.text(second)} on upstream {second.upstream}, but "
        f"instance {first.config.name} {setting.text(first)} there "
        f"({origin.name_of(other)}{f', line {line}' if line else ''})"
    )
    hint = "give both the same value or another upstream"
    name = origin.name_of(where)
    return Mistake(origin.path, name, message, hint, _line(configuration, where))


def _line(configuration: Configuration, where: KeyPath) -> int | None:
    """The line of a key, or that of its instance where the key has its default."""
    return configuration.line_of(where) or configuration.line_of(where[:2])
