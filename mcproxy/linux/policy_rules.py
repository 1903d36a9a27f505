"""Policy rules that send packets of an interface to a multicast routing table.

The kernel looks packets up in a table other than the default one only where such a rule says
so. All functions block; they are for the routing thread. pyroute2 is imported when it is
needed: most configurations have one table.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..protocol.family import IPV4, Family
from .mroute.dump import RTNL_FAMILY_IP6MR, RTNL_FAMILY_IPMR, kernel_table

ANY_INTERFACE = ""
"""Stands for all interfaces, in the kernel's own rule for the default table."""

_DEFAULT_PRIORITY = 32767
_RTPROT_KERNEL = 2


class Rule(NamedTuple):
    """Packets from ``interface`` are looked up in ``table``."""

    interface: str
    table: int


def list_rules(family: Family) -> list[Rule]:
    """The multicast rules with an interface and a table, whoever made them; OSError."""
    from pyroute2 import IPRoute

    rules = []
    with IPRoute() as netlink:
        for message in netlink.get_rules(family=_kernel_family(family)):
            interface = message.get_attr("FRA_IIFNAME")
            table = message.get_attr("FRA_TABLE") or message["table"]
            if interface and table:
                rules.append(Rule(interface, table))
    return rules


def add_rule(family: Family, interface_name: str, table: int) -> None:
    """Make the rule unless it exists; OSError. The interface need not exist yet."""
    _change("add", family, [Rule(interface_name, table)], errno.EEXIST)


def remove_rule(family: Family, interface_name: str, table: int) -> None:
    """Remove the rule; a missing one is no error, others are OSError."""
    _change("del", family, [Rule(interface_name, table)], errno.ENOENT)


def restore_rules(family: Family, interface_names: Iterable[str], table: int) -> list[str]:
    """Make the rules of ``table`` that are missing; the interfaces of these; OSError.

    For the default table, 0, the one interface is ANY_INTERFACE: the kernel's own rule.
    """
    return [
        rule.interface
        for rule in _change(
            "add", family, [Rule(name, table) for name in interface_names], errno.EEXIST
        )
    ]


def set_rules(wanted: Mapping[tuple[Family, int], Iterable[str]]) -> None:
    """Have packets of just these interfaces looked up in each of these tables; OSError."""
    for family in {family for family, _ in wanted}:
        rules = {
            Rule(name, table)
            for (one, table), names in wanted.items()
            if one is family
            for name in names
        }
        found = {rule for rule in list_rules(family) if (family, rule.table) in wanted}
        _change("add", family, rules - found, errno.EEXIST)
        _change("del", family, found - rules, errno.ENOENT)


def _kernel_family(family: Family) -> int:
    return RTNL_FAMILY_IPMR if family is IPV4 else RTNL_FAMILY_IP6MR


def _change(command: str, family: Family, rules: Iterable[Rule], harmless: int) -> list[Rule]:
    """Carry out ``command`` for each rule; those for which there was something to do."""
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    done = []
    with IPRoute() as netlink:
        for rule in rules:
            try:
                netlink.rule(command, family=_kernel_family(family), **_attributes(family, rule))
                done.append(rule)
            except NetlinkError as error:
                if error.code != harmless:
                    raise OSError(error.code, str(error)) from error
    return done


def _attributes(family: Family, rule: Rule) -> dict[str, Any]:
    if rule.interface != ANY_INTERFACE:
        return {"iifname": rule.interface, "table": rule.table}
    return {
        "table": kernel_table(family, rule.table),
        "priority": _DEFAULT_PRIORITY,
        "protocol": _RTPROT_KERNEL,
    }
