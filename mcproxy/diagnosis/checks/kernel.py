"""What the kernel and this user's rights allow, and who routes multicast already."""

from __future__ import annotations

from collections.abc import Iterator

from ...linux.policy_rules import OUR_PROTOCOL
from ...protocol.family import IPV4, Family
from ..findings import Finding, problem, warning
from ..situation import Situation

LEAST_MEMBERSHIPS = 2
"""Groups of reports that the daemon joins with one socket on each IPv4 downstream."""

_OPTIONS = {"ipv4": "CONFIG_IP_MROUTE", "ipv6": "CONFIG_IPV6_MROUTE"}


def rights(situation: Situation) -> Iterator[Finding]:
    """Capabilities that this user lacks."""
    missing = situation.facts.missing_capabilities
    if not missing:
        return
    names = " and ".join(missing)
    if situation.daemon is None:
        yield problem(
            "rights",
            f"This user does not have {names}.",
            "The daemon cannot start as this user, and parts of this report are missing.",
            "Run mcproxy as root, or grant the service both capabilities, as etc/mcproxy.service"
            " does.",
        )
    else:
        yield warning(
            "rights",
            f"This user does not have {names}.",
            "Parts of this report are missing, such as the firewall.",
            "Run this command as root.",
        )


def kernel_support(situation: Situation) -> Iterator[Finding]:
    """Families that the kernel cannot route, and tables that it does not have."""
    for family, tables in _tables(situation).items():
        option = _OPTIONS[family.name]
        usage = situation.facts.usage.get(family)
        if usage is not None and usage.supported is False:
            yield problem(
                "kernel-support",
                f"This kernel cannot route {_label(family)} multicast ({option} is not set).",
                f"No {_label(family)} stream is forwarded.",
                f"Use a kernel with {option}, or set {_version_key(family)} = 0.",
            )
        elif tables - {0} and not situation.facts.rules.get(family):
            yield problem(
                "kernel-tables",
                f"This kernel has only one {_label(family)} multicast routing table"
                f" ({option}_MULTIPLE_TABLES is not set).",
                f"The daemon cannot use table {min(tables - {0})}, and does not start.",
                "Use a kernel with several tables, or leave table at 0.",
            )


def other_router(situation: Situation) -> Iterator[Finding]:
    """Another program that is the multicast router of a table that we need."""
    if situation.daemon is not None:
        return  # the tables in use are its own
    for family, tables in _tables(situation).items():
        usage = situation.facts.usage.get(family)
        if usage is None or usage.tables_in_use is None:
            continue
        for table in sorted(tables & usage.tables_in_use):
            who = ", ".join(f"{name} (pid {pid})" for pid, name in usage.programs)
            where = f"table {table}" if table else "the default table"
            yield problem(
                "other-router",
                f"Another program routes {_label(family)} multicast in {where}"
                f" of the kernel{': ' + who if who else ''}.",
                "The daemon cannot start, because a table has room for one multicast router.",
                "Stop the other program, or set table to a number that no program uses; if it is"
                " mcproxy, name its control socket with --socket.",
            )


def policy_rule(situation: Situation) -> Iterator[Finding]:
    """Rules of other programs that send packets of our interfaces to another table."""
    for role in situation.roles:
        for rule, protocol in situation.facts.rules.get(role.family, ()):
            foreign = protocol != OUR_PROTOCOL and rule.table != role.plan.table
            if foreign and rule.interface and rule.interface == role.interface:
                flag = "" if role.family is IPV4 else "-6 "
                found = problem(
                    "policy-rule",
                    f"A policy rule sends {_label(role.family)} multicast from"
                    f" {rule.interface} to table {rule.table}, and instance"
                    f" {role.plan.instance} uses table {role.plan.table}.",
                    f"Data that arrives on {rule.interface} never meets the daemon's entries.",
                    "Delete the rule, or set table to the same number.",
                    f"ip {flag}mrule del iif {rule.interface} lookup {rule.table}",
                )
                yield role.about(found)


def memberships_limit(situation: Situation) -> Iterator[Finding]:
    """A limit of memberships too low for the daemon itself."""
    limit = situation.facts.memberships_limit
    uses_ipv4 = any(plan.family is IPV4 for plan in situation.plan.instances)
    if uses_ipv4 and limit is not None and limit < LEAST_MEMBERSHIPS:
        yield problem(
            "memberships-limit",
            f"The kernel lets a socket join {limit} groups only (igmp_max_memberships).",
            "The daemon cannot join the groups of reports, so it hears no IGMP host.",
            "Raise the limit; 20 is the kernel's default.",
            "sysctl -w net.ipv4.igmp_max_memberships=20",
        )


def _tables(situation: Situation) -> dict[Family, frozenset[int]]:
    found: dict[Family, frozenset[int]] = {}
    for plan in situation.plan.instances:
        found[plan.family] = found.get(plan.family, frozenset()) | {plan.table}
    return found


def _label(family: Family) -> str:
    return "IPv4" if family is IPV4 else "IPv6"


def _version_key(family: Family) -> str:
    return f"{family.protocol.lower()}-version"
