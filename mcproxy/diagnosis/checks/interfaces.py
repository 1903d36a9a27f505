"""Interfaces that do not exist, are down, or are not what the configuration takes them for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ...config.names import is_pattern
from ...linux.host.links import HostLink
from ...protocol.family import MAX_VIFS
from ..findings import Finding, Severity, problem, warning
from ..situation import UPSTREAM, Role, Situation


def missing(situation: Situation) -> Iterator[Finding]:
    """Names without an interface, and patterns that match none."""
    for role in situation.interfaces:
        if role.link is not None:
            continue
        if is_pattern(role.name):
            found = warning(
                "interface-missing",
                f"No interface matches {role.name}.",
                "The instance has no downstream of this pattern until one appears.",
                "Compare the pattern with the names that the command shows.",
                "ip -br link",
            )
        else:
            found = problem(
                "interface-missing",
                f"Interface {role.name} does not exist on this machine.",
                _effect(role),
                "Correct the name, or create the interface; the daemon uses it as soon as it"
                " appears.",
                "ip -br link",
            )
        yield role.about(found)


def down(situation: Situation) -> Iterator[Finding]:
    """Interfaces that are switched off, or that have no carrier."""
    for role in situation.interfaces:
        link = role.link
        if link is None:
            continue
        if not link.up:
            found = problem(
                "interface-down",
                f"Interface {link.name} is administratively down.",
                _effect(role),
                "Switch it on.",
                f"ip link set dev {link.name} up",
            )
        elif not link.carrier:
            # A downstream without a cable may be one that nobody uses now.
            found = Finding(
                "no-carrier",
                Severity.PROBLEM if role.role == UPSTREAM else Severity.WARNING,
                f"Interface {link.name} has no carrier.",
                _effect(role),
                "Check the cable, the other end, or the Wi-Fi or tunnel behind it.",
                f"ip link show dev {link.name}",
            )
        else:
            continue
        yield role.about(found)


def bridge_port(situation: Situation) -> Iterator[Finding]:
    """A port of a bridge where the bridge should be configured."""
    for role in situation.interfaces:
        if role.link is not None and role.link.port_of is not None:
            master, kind = situation.facts.name_of(role.link.port_of), role.link.port_kind
            found = problem(
                "bridge-port",
                f"Interface {role.link.name} is a port of {kind} {master}.",
                f"IP packets pass the {kind} and never the port, so the {role.role} is not used.",
                f"Write {master} in place of {role.name} in instance {role.plan.instance}.",
            )
            yield role.about(found)


def same_interface(situation: Situation) -> Iterator[Finding]:
    """Two names of one interface: the name and an alternative name."""
    names: dict[int, Role] = {}
    for role in situation.interfaces:
        if role.link is None:
            continue
        first = names.setdefault(role.link.index, role)
        if first.name != role.name:
            used = role.link.name if role.link.name in (first.name, role.name) else first.name
            other = role.name if used == first.name else first.name
            found = problem(
                "same-interface",
                f"{first.name} and {role.name} are names of the same interface.",
                f"The daemon uses {used} and waits for {other} forever.",
                f"Write {used} in both places, or name the interface that you mean by {other}.",
                f"ip link show dev {role.link.name}",
            )
            yield role.about(found)


def same_subnet(situation: Situation) -> Iterator[Finding]:
    """An upstream and a downstream with addresses in one IPv4 subnet."""
    for role in situation.interfaces:
        if role.role == UPSTREAM or role.link is None:
            continue
        for _, above in situation.upstreams_of(role.plan):
            if above.index != role.link.index and _subnets(above) & _subnets(role.link):
                found = warning(
                    "same-subnet",
                    f"{above.name} and {role.interface} have addresses in the same subnet.",
                    "The kernel's routes do not tell on which of them a source or host is.",
                    "Give each link a subnet of its own, or join the two with a bridge.",
                    f"ip address show dev {role.interface}",
                )
                yield role.about(found)


def table_full(situation: Situation) -> Iterator[Finding]:
    """More interfaces than a kernel table has room for."""
    links: dict[tuple[str, int], set[int]] = defaultdict(set)
    for role in situation.roles:
        if role.link is not None:
            links[role.family.name, role.plan.table].add(role.link.index)
    for (_, table), indexes in links.items():
        if len(indexes) > MAX_VIFS:
            yield problem(
                "table-full",
                f"The instances have {len(indexes)} interfaces in kernel table {table}, which has"
                f" room for {MAX_VIFS}.",
                "The daemon does not use the interfaces for which there is no room.",
                "Distribute them over several instances, each with its own table.",
            )
            return


def _subnets(link: HostLink) -> set[tuple[int, int]]:
    """IPv4 subnets that have other hosts, as number and length of their prefixes."""
    return {
        (int.from_bytes(one.address) >> (32 - one.prefix_length), one.prefix_length)
        for one in link.addresses
        if len(one.address) == 4 and 0 < one.prefix_length < 31
    }


def _effect(role: Role) -> str:
    if role.role == UPSTREAM:
        return "The daemon cannot request streams there, and none arrives."
    return "The daemon hears no host there, and forwards nothing to it."
