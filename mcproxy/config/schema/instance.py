"""The options of a proxy instance."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..addresses import NO_TEXTS, Texts, read_groups, read_mapped
from ..names import split_exceptions
from .checks import LAST_TABLE
from .filters import FilterConfig, FilterTable
from .interface import CHANNELS, InterfaceSettings
from .numbers import AUTO, Flag, Number, NumberAutoOrNever, NumberOrNever, TableNumber, Version
from .option import described, option
from .tables import TableList, Tables
from .texts import INTERFACE_SCHEMA, InterfaceNames, TextList, Word

GROUPS = TextList(read_groups, "groups and prefixes of groups")


@attrs.frozen
class InstanceConfig:
    """One proxy: upstreams in order of priority, and downstreams by name or pattern.

    Times are in seconds; a hold time can be NEVER. A version of 0 disables its family.
    ``ssm_range`` is None for the default groups. ``interface`` has settings by name or pattern,
    complete with the defaults; a downstream that no key matches has the default settings.
    ``elsewhere`` are interfaces that other instances name, which no pattern here matches.
    """

    name: str
    upstreams: tuple[str, ...] = attrs.field(
        metadata=described(
            InterfaceNames(patterns=False),
            "The interface that leads to the sources, or a list of them in order of priority."
            " mcproxy joins groups there as a host does. With ``[]`` the instance forwards"
            " between its downstreams only.",
            key="upstream",
            optional=True,
            usual="none",
            example='"eth0"',
        )
    )
    downstream: tuple[str, ...] = attrs.field(
        metadata=described(
            InterfaceNames(patterns=True),
            "The interfaces with hosts: a name or a list of names and patterns (``*``, ``?``,"
            " ``[..]``). mcproxy is a router there. A pattern takes in each interface that it"
            " matches, now or later, and that no instance names. A name or pattern after ``!``,"
            ' as in ``"!lan7"``, is an exception: the patterns do not take it in.',
            example='["eth1", "lan*"]',
        )
    )
    igmp_version: int = option(
        3,
        Version("IGMP", "IPv4", (1, 2, 3)),
        "The version of IGMP that the instance uses on its links, except those with an"
        " ``igmp-version`` of their own; 0 disables IPv4.",
        example="2",
    )
    mld_version: int = option(
        2,
        Version("MLD", "IPv6", (1, 2)),
        "The version of MLD that the instance uses on its links, except those with an"
        " ``mld-version`` of their own; 0 disables IPv6.",
        example="0",
    )
    table: int = option(
        0,
        TableNumber(0, LAST_TABLE),
        "The kernel's multicast routing table: 0 is the default table, another number gives the"
        " instance a table of its own, with policy rules that lead to it. 252 to 255 belong to"
        " the system.",
        example="10",
    )
    interface: Mapping[str, InterfaceSettings] = option(
        attrs.Factory(dict),
        Tables(
            header="[instance.NAME.interface.IF]",
            kind=InterfaceSettings,
            names=INTERFACE_SCHEMA,
        ),
        "Settings of one downstream, or of all downstreams that match a pattern. For an upstream"
        " only ``igmp-version``, ``mld-version`` and ``require-router-alert`` can be set.",
    )
    elsewhere: frozenset[str] = frozenset()
    upstream_join: str = option(
        "first",
        Word("first", "mutex"),
        "Where a group is joined if there are several upstreams: at the first upstream whose"
        ' filters allow it (``"first"``), or at all of these until one delivers data, then at'
        ' that one only (``"mutex"``).',
        example='"mutex"',
    )
    mutex_time: float = option(
        2.0,
        Number(0.1, 3600),
        "Time between two checks of which upstream delivers data, with"
        ' ``upstream-join = "mutex"``.',
        unit="seconds",
        example="0.5",
    )
    upstream_data: str = option(
        "all",
        Word("all", "first", "none"),
        "The upstreams that data from downstream sources is sent to: all whose filters allow it,"
        ' the first of them, or none (``"none"``).',
        example='"none"',
    )
    upstream_hold_time: float = option(
        10.0,
        NumberOrNever(0, 86400),
        "Time that an upstream must be up without interruption after a failure before it is"
        " preferred again to the upstreams that replaced it.",
        unit="seconds",
        example='"never"',
    )
    forwarding: str = option(
        "auto",
        Word("auto", "per-source"),
        "How the kernel table is filled: with entries for whole groups where possible"
        ' (``"auto"``), or always with one entry for each source of each group'
        ' (``"per-source"``).',
        example='"per-source"',
    )
    version_fallback: bool = option(
        True,
        Flag(),
        "Answer an older querier on an upstream in its version. With false, the configured"
        " version is used whatever the querier uses.",
        example="false",
        rfc="RFC 9776, 7.2",
    )
    report_interval: float | str = option(
        AUTO,
        NumberAutoOrNever(10, 86400),
        "Time after which all memberships are reported upstream again without a query, spread over"
        " a tenth of it, at most 10 seconds. With"
        ' ``"auto"`` that is 125 seconds, and only while no querier is heard there: some'
        " providers send no queries, and end a stream that is not reported again.",
        unit="seconds",
        example="60",
    )
    ssm_fallback: bool = option(
        False,
        Flag(),
        "Report source-specific groups without their sources while an older querier is present on"
        " an upstream, which cannot read sources. With false they are left out, as RFC 4604 says,"
        " and their streams stop.",
        example="true",
        rfc="RFC 4604, 2.2",
    )
    local_programs: bool = option(
        True,
        Flag(),
        "Heed the programs on this machine that join groups on an upstream themselves, such as a"
        " player or udpxy. A group that such a program leaves is reported again at once if hosts"
        " still want it, and mcproxy does not leave a group that a program still has. With false, a"
        " leave of one may interrupt streams of the other until the router's next query.",
        example="false",
        rfc="RFC 9776, 3.2",
    )
    router_discovery: bool = option(
        False,
        Flag(),
        "Advertise mcproxy as a multicast router on the downstreams of the instance, except those"
        " with a ``router-discovery`` of their own, so that snooping switches find it.",
        example="true",
        rfc="RFC 4286",
    )
    boundary: Texts = option(
        NO_TEXTS,
        GROUPS,
        "Groups that never pass between upstreams and downstreams; they are forwarded between"
        " downstreams.",
        usual="none",
        example='["239.255.0.0/16", "ff15::/16"]',
    )
    static_group: Texts = option(
        NO_TEXTS,
        CHANNELS,
        "Groups that are always joined upstream, so that they arrive at once when a host joins."
        " They are forwarded only to hosts that join.",
        usual="none",
        example='["239.1.1.1", "232.1.1.1 | 192.0.2.1"]',
    )
    ssm_range: Texts | None = option(
        None,
        GROUPS,
        "The source-specific groups. A host that joins one of them must name its sources,"
        " otherwise its report is refused.",
        usual="232.0.0.0/8 and ff3x::/32",
        example='["232.0.0.0/8", "ff3e::/32"]',
        rfc="RFC 4604",
    )
    ssm_map: Texts = option(
        NO_TEXTS,
        TextList(read_mapped, '"GROUPS | SOURCE"'),
        "Sources of source-specific groups for hosts that name none, as hosts with IGMPv2 or"
        " MLDv1 cannot. A group that several entries contain has all their sources.",
        usual="none",
        example='["232.1.0.0/16 | 192.0.2.1"]',
    )
    filters: tuple[FilterConfig, ...] = option(
        (),
        TableList(header="[[instance.NAME.filter]]", kind=FilterTable),
        "What may pass at some interfaces, as rules or the name of a filter that has rules.",
        key="filter",
    )

    @property
    def downstreams(self) -> tuple[str, ...]:
        """The names and patterns of the downstreams, without the exceptions."""
        return split_exceptions(self.downstream)[0]

    @property
    def exceptions(self) -> tuple[str, ...]:
        """The names and patterns that no pattern of the downstreams matches."""
        return split_exceptions(self.downstream)[1]

    @property
    def families(self) -> set[str]:
        """The families that the instance proxies: "IPv4", "IPv6"."""
        versions = {"IPv4": self.igmp_version, "IPv6": self.mld_version}
        return {family for family, version in versions.items() if version}

    @property
    def upstream(self) -> str:
        """The first upstream, or an empty text if there is none."""
        return self.upstreams[0] if self.upstreams else ""

    def upstream_settings(self, name: str) -> InterfaceSettings:
        """The settings of the upstream ``name``."""
        return self.interface.get(name) or InterfaceSettings()
