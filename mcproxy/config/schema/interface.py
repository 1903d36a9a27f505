"""The options of a downstream interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

from ..addresses import NO_TEXTS, Texts, check_ipv4_address, read_address, read_channel
from ..names import is_pattern, matches
from .numbers import Flag, FlagOrWord, Number, Whole
from .option import option
from .texts import Text, TextList

MOST = 2**32 - 1
"""The largest limit that can be set."""

RESPONSE_TIME = Number(0.1, 3174.4)
"""Seconds that a query of IGMP can carry; 0 would mean an IGMPv1 query."""

CHANNELS = TextList(read_channel, '"GROUP" or "GROUP | SOURCE"')


@attrs.frozen
class InterfaceSettings:
    """How the proxy is a router on one downstream (RFC 9776, section 8); times in seconds.

    Limits count for each family; None is no limit. Rates are reports per second.
    ``static_group`` has channels (see ``addresses``). ``allowed_queriers`` is None for all.
    """

    query_interval: float = option(
        125.0,
        Number(1, 31744),
        "Time between two general queries. A query cannot carry every value above 127: the next"
        " lower one is used, for example 144 for 150.",
        unit="seconds",
        example="60",
        rfc="RFC 9776, 8.2",
    )
    query_max_response_time: float = option(
        10.0,
        RESPONSE_TIME,
        "Time that hosts have to answer a general query; it must be smaller than"
        " ``query-interval``.",
        unit="seconds",
        example="5",
        rfc="RFC 9776, 8.3",
    )
    robustness_variable: int = option(
        2,
        Whole(1, 7),
        "Number of transmissions of each message, to survive packet loss: 2 suits most links,"
        " 3 suits bad ones. 1 is not recommended: one lost packet can end a stream.",
        example="3",
        rfc="RFC 9776, 8.1",
    )
    last_member_query_interval: float = option(
        1.0,
        RESPONSE_TIME,
        "Time that hosts have to answer each query that follows a leave. ``robustness-variable``"
        " such queries are sent.",
        unit="seconds",
        example="0.5",
        rfc="RFC 9776, 8.8",
    )
    immediate_leave: bool | Literal["always"] = option(
        False,
        FlagOrWord(word="always"),
        "Stop a stream without a query when the last host that reported for it leaves. Hosts are"
        " tracked as with ``explicit-tracking``, and no query is sent for what another tracked"
        " host still wants. While a host of IGMPv2 or MLDv1 is in the group, a leave is followed by"
        " queries, because such a host may not have reported. So is the leave of an IP address"
        " that was seen with two link-layer addresses, because another host may have forged it."
        ' With ``"always"`` no leave is followed by queries, which suits links with one host.',
        example='"always"',
    )
    explicit_tracking: bool = option(
        False, Flag(), "Track which host wants which group and sources.", example="true"
    )
    max_hosts: int = option(
        10_000, Whole(1, MOST), "Number of hosts on the link that are tracked.", example="500"
    )
    max_group_hosts: int = option(
        1000, Whole(1, MOST), "Number of hosts in one group that are tracked.", example="100"
    )
    max_groups: int = option(
        65_536,
        Whole(1, MOST),
        "Number of groups on the link, counted for IPv4 and IPv6 separately. Reports for further"
        " groups are dropped. The default is more than any known network has; it keeps one host"
        " from filling the memory.",
        example="1000",
    )
    max_group_sources: int = option(
        64,
        Whole(1, MOST),
        "Number of sources in the source filter of one group. Further wanted sources are dropped;"
        " a longer list of excluded sources counts as an empty list. The default is what Linux"
        " lets one program list in IPv6 (``mld_max_msf``), and six times what it lets it list in"
        " IPv4 (``igmp_max_msf``).",
        example="100",
    )
    max_sources: int = option(
        16_384,
        Whole(1, MOST),
        "Number of sources in the source filters of all groups on the link together, counted for"
        " IPv4 and IPv6 separately. Further sources are treated as with ``max-group-sources``.",
        example="1000",
    )
    max_report_rate: float | None = option(
        None,
        Number(1, 1e9),
        "Number of reports and leaves of the link that are processed in one second. Further ones"
        " are dropped, but not those of hosts that sent less than their share: at most twice the"
        " number is processed.",
        unit="per second",
        usual="no limit",
        example="1000",
    )
    max_host_report_rate: float | None = option(
        None,
        Number(1, 1e9),
        "Number of reports and leaves of one host that are processed in one second. Without a"
        " limit a host still cannot delay others: each has its share of the time.",
        unit="per second",
        usual="no limit",
        example="100",
    )
    igmp_version: int | None = option(
        None,
        Whole(1, 3),
        "The version of IGMP that mcproxy uses on this link. On a downstream it is that of its"
        " queries, and a change forgets the memberships of the link and queries for them. On an"
        " upstream it is that of its reports, and a change reports all memberships again at once.",
        usual="igmp-version of the instance",
        example="2",
        rfc="RFC 9776, 7",
    )
    mld_version: int | None = option(
        None,
        Whole(1, 2),
        "The version of MLD that mcproxy uses on this link, as ``igmp-version``.",
        usual="mld-version of the instance",
        example="1",
        rfc="RFC 9777, 8",
    )
    minimum_igmp_version: int = option(
        1,
        Whole(1, 3),
        "Oldest version of IGMP hosts on the link. Reports and leaves of older versions are"
        " dropped, so no group falls back to a compatibility mode: 3 keeps the source filters of"
        " IGMPv3 hosts in effect, 2 keeps leaves in effect.",
        example="3",
        rfc="RFC 9776, 7.3 and 9.2",
    )
    minimum_mld_version: int = option(
        1,
        Whole(1, 2),
        "Oldest version of MLD hosts on the link. With 2, reports and Done messages of MLDv1 are"
        " dropped, so no group falls back to a compatibility mode.",
        example="2",
        rfc="RFC 9777, 8.3 and 10.2",
    )
    check_subnet: bool = option(
        False,
        Flag(),
        "Accept only reports and queries whose sender is in a subnet of the interface, or is"
        " ``0.0.0.0``.",
        example="true",
    )
    require_router_alert: bool = option(
        False,
        Flag(),
        "Drop IGMP packets without a Router Alert option, which may come from beyond the link;"
        " queries of IGMPv1 never have it. Some providers and hosts leave it out. MLD always"
        " requires it. This key also holds for an upstream.",
        example="true",
        rfc="RFC 9776, 9.1, 9.2",
    )
    query_address: str | None = option(
        None,
        Text(check_ipv4_address, r"^[0-9.]+$", "an IPv4 address"),
        "The source of IGMP queries on an interface that has no IPv4 address. Without it such an"
        " interface is no downstream for IPv4.",
        usual="none",
        example='"192.0.2.1"',
    )
    router_discovery: bool | None = option(
        None,
        Flag(),
        "Advertise mcproxy on the link as a multicast router. Snooping switches find the querier"
        " of a link by its queries. While another router is the querier, they find mcproxy by"
        " these advertisements, and send it the hosts' reports and data.",
        usual="router-discovery of the instance",
        example="true",
        rfc="RFC 4286",
    )
    router_discovery_interval: int = option(
        20,
        Whole(4, 180),
        "Time between two advertisements with ``router-discovery``.",
        unit="seconds",
        example="60",
        rfc="RFC 4286, 3.1.1",
    )
    ttl_threshold: int = option(
        1,
        Whole(1, 255),
        "Forward IPv4 data to the link only if its TTL is above this value. The kernel has no"
        " such threshold for IPv6.",
        example="16",
    )
    static_group: Texts = option(
        NO_TEXTS,
        CHANNELS,
        "Groups that are always forwarded to the link, with or without a host that wants them.",
        usual="none",
        example='["239.1.1.1"]',
    )
    allowed_queriers: Texts | None = option(
        None,
        TextList(read_address, "unicast addresses"),
        "Routers that may become querier on the link instead of mcproxy; ``[]`` allows none. A"
        " change applies to the present querier, too.",
        usual="all",
        example='["192.0.2.9", "fe80::9"]',
        rfc="RFC 9776, 6.6.2",
    )


def settings_for(name: str, interface: Mapping[str, InterfaceSettings]) -> InterfaceSettings | None:
    """The settings for ``name`` in ``interface``: by name, or by the first pattern."""
    exact = interface.get(name)
    if exact is not None:
        return exact
    return _by_pattern(name, [key for key in interface if is_pattern(key)], interface)


def _by_pattern(
    name: str, patterns: Iterable[str], interface: Mapping[str, InterfaceSettings]
) -> InterfaceSettings | None:
    return next((interface[pattern] for pattern in patterns if matches(name, pattern)), None)


UPSTREAM_KEYS = frozenset({"igmp-version", "mld-version", "require-router-alert"})
"""The options that an upstream can have, too."""

Settings = dict[str, InterfaceSettings]
"""Settings by name or pattern; the first pattern that matches a name counts."""


def complete(own: Settings, downstream: Iterable[str], defaults: InterfaceSettings) -> Settings:
    """``own``, and after it the settings for each of ``downstream`` that it does not name."""
    settings = dict(own)
    patterns = [key for key in own if is_pattern(key)]  # once: there may be thousands of names
    for name in downstream:
        if name not in settings:
            settings[name] = _by_pattern(name, patterns, settings) or defaults
            if is_pattern(name):
                patterns.append(name)
    return settings
