"""The configuration as the daemon sees it: complete, and free of mistakes when it was read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import attrs

from ..protocol.policy.filters import FilterRule
from .addresses import NO_TEXTS, Texts, each, read_address, read_channel
from .limits import Limits
from .names import is_pattern, matches

RESPONSE_TIME = Limits(0.1, 3174.4)
"""Seconds that a query of IGMP can ask for; 0 in it would mean an IGMPv1 query."""

MUTEX_TIME = Limits(0.1, 3600)
"""Seconds between two looks at who delivers."""

HOLD_TIME = Limits(0, 86400)
"""Seconds before an upstream that was down is preferred again."""

NEVER = math.inf
"""A time that is never over; "never" in a file."""

HOST_KEY = "/var/lib/mcproxy/manhole_host_key"
CONTROL_SOCKET = "/run/mcproxy/control.sock"


def _limited(default: Any, limits: Limits) -> Any:
    """A field whose value, where it comes from a file, must be within ``limits``."""
    return attrs.field(default=default, metadata={"check": limits})


@attrs.frozen
class InterfaceSettings:
    """How the proxy is a router on one downstream (RFC 9776, section 8); times in seconds.

    Limits count per family; None is no limit. ``max_report_rate`` is reports a second.
    ``static_group`` has channels (see ``addresses``) that are wanted whatever hosts say.
    Only routers in ``allowed_queriers`` may become querier, None for all.
    """

    query_interval: float = _limited(125.0, Limits(1, 31744))
    query_max_response_time: float = _limited(10.0, RESPONSE_TIME)
    robustness_variable: int = _limited(2, Limits(1, 7))
    last_member_query_interval: float = _limited(1.0, RESPONSE_TIME)
    immediate_leave: bool = False
    explicit_tracking: bool = False
    max_hosts: int = _limited(10_000, Limits(1, 2**32 - 1))
    max_group_hosts: int = _limited(1000, Limits(1, 2**32 - 1))
    max_groups: int | None = _limited(None, Limits(1, 2**32 - 1))
    max_group_sources: int | None = _limited(None, Limits(1, 2**32 - 1))
    max_report_rate: float | None = _limited(None, Limits(1, 1e9))
    check_subnet: bool = False
    ttl_threshold: int = _limited(1, Limits(1, 255))
    static_group: Texts = attrs.field(default=NO_TEXTS, metadata={"check": each(read_channel)})
    allowed_queriers: Texts | None = attrs.field(
        default=None, metadata={"check": each(read_address)}
    )


UPSTREAM, DOWNSTREAM = ROLES = ("upstream", "downstream")
IN, OUT = DIRECTIONS = ("in", "out")


@attrs.frozen
class FilterConfig:
    """What may pass by the interfaces, named or meant by a pattern, of one role: a filter.

    Upstream, "out" is for data sent up, and "in" for what is asked for there and data accepted
    from there. Downstream, "in" is for data accepted from senders there, and "out" for data
    sent down and for memberships, as far as they count upstream. With ``allow`` that passes
    which matches one of the ``rules``, otherwise that which matches none. ``name`` is that of
    the named filter that the rules are, or empty.
    """

    interface: str
    role: str
    direction: str
    allow: bool
    rules: tuple[FilterRule, ...]
    name: str = ""


@attrs.frozen
class InstanceConfig:
    """One proxy: upstreams in order of priority, and downstreams by name or pattern.

    With several upstreams, ``upstream_join`` says where groups are asked for: at the first that
    may have them ("first"), or at all until one delivers ("mutex"), which is looked at every
    ``mutex_time`` (s). Data of downstream sources goes to all upstreams, or to the first of
    them: ``upstream_data``. An upstream that was down comes after the others until it has been
    up for ``upstream_hold_time`` (s, or NEVER). ``forwarding`` is "auto" or "per-source".

    With ``version_fallback`` older queriers upstream are followed. Groups in ``boundary`` do
    not pass between upstreams and downstreams; those of ``static_group`` are always asked for
    upstream. ``ssm_range`` are the source-specific groups, None for the usual ones, and
    ``ssm_map`` says where these come from for hosts that name no source.

    A version of 0 leaves that family out. ``table`` is the kernel's, 0 the default one.
    ``interface`` has settings by name or pattern, with the defaults in them; a downstream
    that none of its keys means has the settings' own defaults. Interfaces that are named
    ``elsewhere``, by other instances, are not meant by patterns here.
    """

    name: str
    upstreams: tuple[str, ...]
    downstream: tuple[str, ...]
    igmp_version: int = 3
    mld_version: int = 2
    table: int = 0
    interface: Mapping[str, InterfaceSettings] = attrs.field(factory=dict)
    elsewhere: frozenset[str] = frozenset()
    upstream_join: str = "first"
    mutex_time: float = 2.0
    upstream_data: str = "all"
    upstream_hold_time: float = 10.0
    forwarding: str = "auto"
    version_fallback: bool = True
    boundary: Texts = NO_TEXTS
    static_group: Texts = NO_TEXTS
    ssm_range: Texts | None = None
    ssm_map: Texts = NO_TEXTS
    filters: tuple[FilterConfig, ...] = ()

    @property
    def upstream(self) -> str:
        """The upstream that comes first, or the empty string without any."""
        return self.upstreams[0] if self.upstreams else ""

    def downstream_settings(self, name: str) -> InterfaceSettings | None:
        """The settings of ``name``; None when it is no downstream.

        A pattern never means an upstream. A name in ``interface`` comes before patterns,
        and of these the first that matches counts.
        """
        if not self._is_downstream(name):
            return None
        return settings_for(name, self.interface) or InterfaceSettings()

    def filter_for(self, name: str, role: str, direction: str) -> FilterConfig | None:
        """What holds for ``name``: the filter that names it, else the first whose pattern does."""
        there = [f for f in self.filters if (f.role, f.direction) == (role, direction)]
        named = (one for one in there if one.interface == name)
        meant = (one for one in there if fnmatchcase(name, one.interface))
        return next(named, None) or next(meant, None)

    def _is_downstream(self, name: str) -> bool:
        if name in self.downstream:
            return True
        if name in self.elsewhere or name in self.upstreams:
            return False
        patterns = (pattern for pattern in self.downstream if is_pattern(pattern))
        return any(matches(name, pattern) for pattern in patterns)


def settings_for(name: str, interface: Mapping[str, InterfaceSettings]) -> InterfaceSettings | None:
    """What ``interface`` says of ``name``: by name, or by the first pattern."""
    exact = interface.get(name)
    if exact is not None:
        return exact
    patterns = (settings for key, settings in interface.items() if matches(name, key))
    return next(patterns, None)


Settings = dict[str, InterfaceSettings]
"""What holds for interfaces, by name or pattern; of patterns the first that matches counts."""


def complete(own: Settings, downstream: Iterable[str], defaults: InterfaceSettings) -> Settings:
    """``own``, and after it what holds for each of ``downstream`` that it does not name."""
    settings = dict(own)
    for name in downstream:
        if name not in settings:
            settings[name] = settings_for(name, settings) or defaults
    return settings


@attrs.frozen
class ManholeConfig:
    """Where the manhole listens, whom it lets in, and the key that it shows.

    ``listen`` is a UNIX socket's path, or ``127.0.0.1:PORT`` or ``[::1]:PORT``. The host key
    is made when it is missing.
    """

    listen: str
    authorized_keys: str
    host_key: str = HOST_KEY


@attrs.frozen
class ControlConfig:
    """The UNIX socket that commands come to, and who may use it.

    An empty ``socket`` is none. ``mode`` is octal text; ``group`` is a name, or empty for the
    daemon's own group.
    """

    socket: str = CONTROL_SOCKET
    mode: str = "0600"
    group: str = ""


@attrs.frozen
class Configuration:
    """All that a configuration file says; ``path`` is where it was read, if from a file.

    ``defaults`` are in the settings of the instances already; they are kept for downstreams
    that are added later. ``filters`` are the named ones. Without a table [control] there is no
    ``control``: the socket is then the usual one.
    """

    instances: tuple[InstanceConfig, ...]
    manhole: ManholeConfig | None = None
    path: str | None = None
    defaults: InterfaceSettings = InterfaceSettings()
    control: ControlConfig | None = None
    filters: Mapping[str, tuple[FilterRule, ...]] = attrs.field(factory=dict)
