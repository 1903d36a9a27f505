"""Policy rules that send what comes in on an interface to a multicast routing table.

A table other than the default one gets packets through such rules only. By pyroute2, which
is imported when it is needed: most configurations have one table. Blocking; for the routing
thread.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..protocol.family import IPV4, Family

_RTNL_FAMILY_IPMR, _RTNL_FAMILY_IP6MR = 128, 129


class Rule(NamedTuple):
    """What comes in on ``interface`` is looked up in ``table``."""

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
    """Make the rule unless it is there; OSError. The interface need not exist yet."""
    _change("add", family, [Rule(interface_name, table)], errno.EEXIST)


def remove_rule(family: Family, interface_name: str, table: int) -> None:
    """Take the rule away; a missing one is no error, others are OSError."""
    _change("del", family, [Rule(interface_name, table)], errno.ENOENT)


def set_rules(wanted: Mapping[tuple[Family, int], Iterable[str]]) -> None:
    """Have just what comes in on these interfaces looked up in each of these tables; OSError."""
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
    return _RTNL_FAMILY_IPMR if family is IPV4 else _RTNL_FAMILY_IP6MR


def _change(command: str, family: Family, rules: Iterable[Rule], harmless: int) -> None:
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    with IPRoute() as netlink:
        for name, table in rules:
            try:
                netlink.rule(command, family=_kernel_family(family), iifname=name, table=table)
            except NetlinkError as error:
                if error.code != harmless:
                    raise OSError(error.code, str(error)) from error
