"""HostFacts: what this machine is at one moment, as values that checks look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property

from ..linux.firewall.read import read_firewall
from ..linux.firewall.ruleset import Ruleset
from ..linux.host.capabilities import missing_capabilities
from ..linux.host.links import HostLink, read_links
from ..linux.host.settings import (
    LinkSettings,
    read_link_settings,
    read_rp_filter_drops,
    read_setting,
)
from ..linux.host.unicast_routes import UnicastRoute, read_unicast_routes
from ..linux.local_memberships import joined_groups
from ..linux.mroute.usage import MulticastUsage, read_usage
from ..linux.policy_rules import FoundRule, find_rules
from ..linux.route_lookup import RouteLookup
from ..protocol.family import FAMILIES, IPV4, Address, Family
from .hearing import hear


@dataclass(frozen=True)
class HostFacts:
    """This machine's network; ``links`` and ``settings`` are by interface index.

    ``routes`` are the unicast routes by family. ``towards`` has the interface on which the
    kernel reaches each source, None for no route. ``rules`` are the multicast policy rules, and
    ``joined`` the groups of local programs by interface index, both by family. ``firewall`` is
    None where this user may not read it. ``heard`` are the groups that hosts were heard to
    report, by interface index.
    """

    links: Mapping[int, HostLink]
    settings: Mapping[int, LinkSettings] = field(default_factory=dict)
    routes: Mapping[Family, tuple[UnicastRoute, ...]] = field(default_factory=dict)
    towards: Mapping[Address, int | None] = field(default_factory=dict)
    usage: Mapping[Family, MulticastUsage] = field(default_factory=dict)
    rules: Mapping[Family, tuple[FoundRule, ...]] = field(default_factory=dict)
    joined: Mapping[Family, Mapping[int, Sequence[Address]]] = field(default_factory=dict)
    missing_capabilities: tuple[str, ...] = ()
    memberships_limit: int | None = None
    rp_filter_drops: int = 0
    firewall: Ruleset | None = None
    heard: Mapping[int, Sequence[Address]] = field(default_factory=dict)

    def link(self, name: str) -> HostLink | None:
        """The interface with this name or alternative name."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, HostLink]:
        links = self.links.values()
        alternative = {name: link for link in links for name in link.altnames}
        return alternative | {link.name: link for link in links}

    def name_of(self, index: int | None) -> str:
        """The name of an interface, for a text."""
        link = None if index is None else self.links.get(index)
        return link.name if link else "no interface"


def collect(
    tables: Collection[tuple[Family, int]] = (),
    sources: Collection[Address] = (),
    listen_time: float = 0.0,
    *,
    with_routes: bool = True,
) -> HostFacts:
    """Look at the network namespace of the calling thread; OSError. Blocks.

    ``tables`` are the kernel tables that matter, ``sources`` the addresses whose route does.
    ``listen_time`` is for how many seconds to listen for reports, which needs CAP_NET_RAW.
    Without ``with_routes`` the unicast routes, of which a router may have a million, stay unknown.
    """
    links = read_links()
    return HostFacts(
        links,
        {index: read_link_settings(link.name) for index, link in links.items()},
        {family: tuple(read_unicast_routes(family)) for family in FAMILIES if with_routes},
        _look_up(sources),
        {family: read_usage(family, _numbers(tables, family)) for family in FAMILIES},
        {family: tuple(find_rules(family)) for family in FAMILIES},
        {family: joined_groups(family) for family in FAMILIES},
        tuple(missing_capabilities()),
        read_setting("ipv4/igmp_max_memberships"),
        read_rp_filter_drops(),
        read_firewall(),
        hear(links.values(), listen_time) if listen_time > 0 else {},
    )


def _numbers(tables: Collection[tuple[Family, int]], of: Family) -> frozenset[int]:
    return frozenset(number for family, number in tables if family is of)


def _look_up(sources: Collection[Address]) -> dict[Address, int | None]:
    with closing(RouteLookup()) as lookup:
        return {
            source: lookup.interface_towards(source)
            for source in sources
            if len(source) == IPV4.address_size
        }
