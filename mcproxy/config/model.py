"""What can be configured. Keys of the file are these names with dashes.

Names and ranges are those of RFC 9398 and RFC 8652, times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import attrs

LONGEST_TIME = 3174.4
"""Seconds that the code of a maximum response time can carry in IGMP (RFC 9776, 4.1.1)."""

LONGEST_INTERVAL = 31744.0
"""Seconds that the code of a query interval can carry (RFC 9776, 4.1.7)."""


@attrs.frozen
class Range:
    """The values that a number may have, both ends included."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


def _number(default: Any, low: float, high: float) -> Any:
    return attrs.field(default=default, metadata={"range": Range(low, high)})


def _version(current: int) -> Any:
    return attrs.field(default=current, metadata={"versions": (0, current)})


@attrs.frozen
class InterfaceSettings:
    """Settings of one downstream interface; the same for both families."""

    query_interval: float = _number(125.0, 1, LONGEST_INTERVAL)
    query_max_response_time: float = _number(10.0, 0.1, LONGEST_TIME)
    robustness_variable: int = _number(2, 1, 7)
    last_member_query_interval: float = _number(1.0, 0.1, LONGEST_TIME)
    immediate_leave: bool = False
    max_groups: int | None = _number(None, 1, 10_000_000)


def is_pattern(name: str) -> bool:
    """Whether ``name`` stands for all interfaces that it matches."""
    return any(character in name for character in "*?[")


@attrs.frozen
class InstanceConfig:
    """One proxy instance. ``downstream`` are names or patterns.

    ``interface`` has the settings that were written for some of them, ``defaults`` holds for
    the others. A version of 0 leaves its family out.
    """

    name: str
    upstream: str
    downstream: tuple[str, ...]
    igmp_version: int = _version(3)
    mld_version: int = _version(2)
    table: int = _number(0, 0, 999_999_999)
    interface: Mapping[str, InterfaceSettings] = attrs.field(factory=dict)
    defaults: InterfaceSettings = attrs.field(factory=InterfaceSettings)

    def downstream_settings(self, name: str) -> InterfaceSettings | None:
        """The settings of an interface, None if it is no downstream of this instance.

        What is written for a name goes before what is written for a pattern.
        """
        if name == self.upstream:
            return None
        if not any(_matches(name, one) for one in self.downstream):
            return None
        if name in self.interface:
            return self.interface[name]
        for written, settings in self.interface.items():
            if _matches(name, written):
                return settings
        return self.defaults


def _matches(name: str, written: str) -> bool:
    return fnmatchcase(name, written) if is_pattern(written) else name == written


@attrs.frozen
class ManholeConfig:
    """A shell in the daemon: where it listens, who is let in, and the key that it shows."""

    listen: str
    authorized_keys: str
    host_key: str = "/var/lib/mcproxy/manhole_host_key"


@attrs.frozen
class Configuration:
    """All of it; ``path`` is the file it was read from, if any."""

    instances: tuple[InstanceConfig, ...]
    manhole: ManholeConfig | None = None
    path: str | None = None
