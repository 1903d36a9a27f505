"""How links fit together: MTU, versions of local programs, bridges, local memberships."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...linux.host.links import HostLink
from ...protocol.family import FAMILIES, Address, packed, text
from ..findings import Finding, warning
from ..situation import DOWNSTREAM, UPSTREAM, Role, Situation

DISCOVERY = frozenset(
    packed(group)
    for group in (
        *("239.255.255.250", "ff05::c", "ff08::c", "ff0e::c"),  # SSDP
        *("239.255.255.253", "ff05::116"),  # SLP
        *("ff05::2", "ff05::fb", "ff05::1:3"),  # routers, mDNS, DHCPv6 servers
    )
)
"""Groups for the services of a site, which programs join on every link and nobody misses."""


def mtu(situation: Situation) -> Iterator[Finding]:
    """Downstreams that carry smaller packets than an upstream of theirs."""
    told = set()
    for role, link in situation.in_role(DOWNSTREAM):
        for _, above in situation.upstreams_of(role.plan):
            pair = role.plan.instance, link.index, above.index
            if link.mtu < above.mtu and pair not in told:
                told.add(pair)
                found = warning(
                    "mtu",
                    f"Interface {link.name} has MTU {link.mtu}, less than the {above.mtu} of"
                    f" upstream {above.name}.",
                    f"Longer packets do not reach {link.name}: the kernel splits those of IPv4"
                    " if it may, and drops the others.",
                    "Give both the same MTU, or have the source send smaller packets.",
                    f"ip link set dev {link.name} mtu {above.mtu}",
                )
                yield role.about(found)


def forced_version(situation: Situation) -> Iterator[Finding]:
    """Interfaces on which the kernel speaks another version than we do."""
    for role in situation.roles:
        forced = situation.settings(role.link).forced(role.family) if role.link else None
        if forced is None or forced.version == role.version:
            continue
        protocol, name = role.family.protocol, forced.setting.rpartition(".")[2]
        found = warning(
            "forced-version",
            f"The kernel speaks {protocol}v{forced.version} on {role.interface} ({name}), and the"
            f" daemon {protocol}v{role.version}.",
            "Programs of this machine report in the older version, and routers and switches may"
            " then ignore the sources that hosts ask for.",
            "Set it to 0.",
            f"sysctl -w {forced.setting}=0",
        )
        yield role.about(found)


def snooping(situation: Situation) -> Iterator[Finding]:
    """Bridges that snoop where nobody sends queries."""
    for role in situation.roles:
        link = role.usable
        bridge = link.bridge if link else None
        if link is None or bridge is None or not bridge.snooping:
            continue
        expected = role.role == UPSTREAM or role.row.get("querier") == "local"
        if bridge.sends_queries or role.family.name in bridge.heard or not expected:
            continue
        found = warning(
            "snooping-without-querier",
            f"Bridge {link.name} snoops, and has heard no {role.family.protocol} querier.",
            "It cannot learn who has joined, so it floods streams to all ports, and switches"
            " behind it may end them.",
            "Enable a querier on this link: on a router, a switch, or the bridge.",
            f"ip link set dev {link.name} type bridge mcast_querier 1 mcast_igmp_version 3",
        )
        yield role.about(found)


def unnamed_interface(situation: Situation) -> Iterator[Finding]:
    """Interfaces in no instance on which hosts join groups: bridges know, others are heard."""
    named = {role.link.index for role in situation.roles if role.link}
    for link in situation.facts.links.values():
        joined = link.bridge.joined if link.bridge else ()
        groups = _wanted([*joined, *situation.facts.heard.get(link.index, ())])
        if link.index in named or not groups or link.port_of or _carries(situation, link):
            continue
        yield warning(
            "unnamed-interface",
            f"Hosts on {link.name} have joined {text(groups[0])}, and {link.name} is in no"
            " instance.",
            "These hosts get no stream from the daemon.",
            f"If they should, add {link.name} to the downstreams of an instance.",
            f"mcproxy add downstream {link.name} --to INSTANCE",
        )


def local_program(situation: Situation) -> Iterator[Finding]:
    """Programs of this machine that joined on a downstream."""
    for role, link in situation.in_role(DOWNSTREAM):
        groups = _wanted(situation.facts.joined.get(role.family, {}).get(link.index, ()))
        if groups and not _is_upstream_too(role):
            found = warning(
                "local-program",
                f"A program of this machine has joined {text(groups[0])} on {link.name}.",
                "The kernel passes it what hosts on this link send, and nothing that the daemon"
                " forwards there.",
                "Have the program join on the upstream interface (see local-programs).",
                f"ip maddress show dev {link.name}",
            )
            yield role.about(found)


def _wanted(groups: Sequence[Address]) -> list[Address]:
    """The groups that streams could come in."""
    sizes = {family.address_size: family for family in FAMILIES}
    return [g for g in groups if sizes[len(g)].is_proxied(g) and g not in DISCOVERY]


def _carries(situation: Situation, bridge: HostLink) -> bool:
    """Whether an interface of an instance is a port of this bridge."""
    return any(role.link and role.link.port_of == bridge.index for role in situation.roles)


def _is_upstream_too(role: Role) -> bool:
    return role.name in role.plan.upstreams
