"""The configuration as the daemon uses it; ``schema`` has the options of its parts."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..protocol.policy.filters import FilterRule
from .origin import KeyPath, Origin
from .schema.filters import (
    DIRECTIONS,
    DOWNSTREAM,
    IN,
    OUT,
    ROLES,
    UPSTREAM,
    FilterConfig,
    NamedFilter,
)
from .schema.instance import InstanceConfig
from .schema.interface import InterfaceSettings, Settings, complete, settings_for
from .schema.numbers import NEVER
from .schema.option import described, option, options_of
from .schema.services import ControlConfig, HttpConfig, ManholeConfig
from .schema.tables import Section, Tables

__all__ = (
    "DIRECTIONS",
    "DOWNSTREAM",
    "IN",
    "NEVER",
    "OUT",
    "ROLES",
    "SERVICES",
    "UPSTREAM",
    "Configuration",
    "ControlConfig",
    "FilterConfig",
    "HttpConfig",
    "InstanceConfig",
    "InterfaceSettings",
    "ManholeConfig",
    "Settings",
    "complete",
    "settings_for",
)


@attrs.frozen
class Configuration:
    """The content of a configuration file; ``path`` is that of the file, or None.

    The settings of the instances contain ``defaults`` already; these are kept for downstreams
    that are added later. ``notes`` say what a file of another program means that is not here.
    ``filters`` are the named ones, and ``unused_filters`` those that no instance uses.
    ``control`` is None without a table
    [control]; the socket then has its default path. ``origin`` knows the lines of the file; a
    configuration that was changed after reading has no lines.
    """

    instances: tuple[InstanceConfig, ...] = attrs.field(
        metadata=described(
            Tables(header="[instance.NAME]", kind=InstanceConfig),
            "The proxy instances, each with a name.",
            key="instance",
            optional=True,
        )
    )
    manhole: ManholeConfig | None = option(
        None,
        Section(kind=ManholeConfig),
        "A Python shell in the running daemon, over SSH. Whoever logs in can do whatever the"
        " daemon can. Without this table there is no such shell.",
    )
    path: str | None = None
    defaults: InterfaceSettings = option(
        InterfaceSettings(),
        Section(kind=InterfaceSettings),
        "Settings of all downstreams of all instances that do not have their own.",
    )
    control: ControlConfig | None = option(
        None,
        Section(kind=ControlConfig),
        "The UNIX socket for ``mcproxy show``, ``reload`` and the other commands. Whoever can open"
        " it can use all of them.",
    )
    http: HttpConfig | None = option(
        None,
        Section(kind=HttpConfig),
        "Views, events, metrics and a page over HTTP, for reading: nothing that comes in there"
        " changes the daemon. Without this table the daemon listens on no TCP port for it.",
    )
    filters: Mapping[str, tuple[FilterRule, ...]] = option(
        attrs.Factory(dict),
        Tables(header="[filter.NAME]", kind=NamedFilter),
        "Named lists of rules, for use in the filters of instances.",
        key="filter",
    )
    origin: Origin = attrs.field(factory=Origin, eq=False, repr=False)
    notes: tuple[str, ...] = attrs.field(default=(), eq=False, repr=False)
    unused_filters: tuple[str, ...] = attrs.field(default=(), eq=False, repr=False)

    def line_of(self, where: KeyPath) -> int | None:
        """The line of a key, as ("instance", "a", "igmp-version"); None where it has none."""
        return self.origin.line_of(where)

    def has(self, where: KeyPath) -> bool:
        """Whether the file has the key itself, and not only the table that it is in."""
        return self.origin.has(where)


SERVICES = tuple(
    one
    for one in options_of(Configuration).values()
    if isinstance(one.value, Section) and one.default is None
)
"""The options whose tables come and go as a whole, like [control]."""
