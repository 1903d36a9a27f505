"""Addresses that messages are sent from: missing, not yet usable, or somebody else's."""

from __future__ import annotations

from collections.abc import Iterator

from ...linux.host.links import HostAddress, HostLink
from ...protocol.family import IPV4, text
from ..commands import set_for
from ..findings import Finding, problem, warning
from ..situation import DOWNSTREAM, Role, Situation


def family_unused(situation: Situation) -> Iterator[Finding]:
    """Instances none of whose interfaces has an address of the family."""
    for plan in situation.plan.instances:
        roles = _with_link(situation, plan.name)
        if roles and not any(_addresses(role) for role in roles):
            label, key = _label(roles[0]), f"{plan.family.protocol.lower()}-version"
            found = warning(
                "family-unused",
                f"No interface of instance {plan.instance} has an {_address(roles[0])}.",
                f"The instance forwards no {label} multicast.",
                f"Configure {label}, or set {key} = 0 in the instance.",
            )
            yield roles[0].about(found)


def addresses(situation: Situation) -> Iterator[Finding]:
    """Interfaces without a usable address, if others of the instance have one."""
    for plan in situation.plan.instances:
        roles = _with_link(situation, plan.name)
        if not any(_addresses(role) for role in roles):
            continue
        for role in roles:
            link = role.link
            assert link is not None
            found = _fault(situation, role, link)
            if found is not None:
                yield role.about(found)


def _fault(situation: Situation, role: Role, link: HostLink) -> Finding | None:
    usable = [one for one in _addresses(role) if not one.tentative and not one.duplicate]
    if usable or not link.up or _has_query_address(role):
        return None
    bad = _addresses(role)
    if bad and bad[0].duplicate:
        return problem(
            "address-duplicate",
            f"Another machine on {link.name} uses the address {text(bad[0].address)} too.",
            _effect(role),
            "Give one of the two machines another address.",
            f"ip -6 address show dev {link.name} dadfailed",
        )
    if bad:
        return warning(
            "address-tentative",
            f"The address {text(bad[0].address)} on {link.name} is still tentative.",
            f"{_effect(role)} The kernel has not finished its check for duplicates.",
            "Run this command again after two seconds.",
            f"ip -6 address show dev {link.name} tentative",
        )
    if role.family is not IPV4 and situation.settings(link).ipv6_disabled:
        return problem(
            "ipv6-disabled",
            f"IPv6 is disabled on {link.name} (disable_ipv6).",
            _effect(role),
            "Enable IPv6 there, or set mld-version = 0.",
            set_for(link.name, "ipv6", "disable_ipv6", 0),
        )
    return _no_address(role, link)


def _no_address(role: Role, link: HostLink) -> Finding:
    found = f"Interface {link.name} has no {_address(role)}."
    if role.family is not IPV4:
        return problem(
            "no-address",
            found,
            _effect(role),
            "Have the kernel make one.",
            f"ip link set dev {link.name} addrgenmode eui64",
        )
    if role.role == DOWNSTREAM:
        cure = "Give it an address, or set query-address for it."
        return problem("no-address", found, _effect(role), cure)
    return warning(
        "no-address",
        found,
        "Reports leave from 0.0.0.0, which many routers ignore, so no stream may arrive.",
        "Give it an address.",
    )


def _with_link(situation: Situation, name: str) -> list[Role]:
    return [
        role
        for role in situation.roles
        if role.plan.name == name and role.link is not None and role.link.port_of is None
    ]


def _addresses(role: Role) -> list[HostAddress]:
    return role.link.needed_addresses(role.family) if role.link else []


def _has_query_address(role: Role) -> bool:
    settings = role.plan.downstreams.settings(role.name) if role.role == DOWNSTREAM else None
    return settings is not None and settings.query_address is not None


def _effect(role: Role) -> str:
    if role.role == DOWNSTREAM:
        return f"The daemon does not use {role.interface} for {_label(role)}."
    return f"Routers ignore {role.family.protocol} reports without it, so no stream arrives."


def _label(role: Role) -> str:
    return "IPv4" if role.family is IPV4 else "IPv6"


def _address(role: Role) -> str:
    return "IPv4 address" if role.family is IPV4 else "IPv6 link-local address"
