"""Policy rules that send packets of an interface to a multicast routing table.

The kernel looks packets up in a table other than the default one only where such a rule says
so. Our rules bear a protocol number of their own, so that the next process knows them after a
crash. All functions block; they are for the routing thread.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import NamedTuple

from ..protocol.family import IPV4, Family
from .mroute.dump import RTNL_FAMILY_IP6MR, RTNL_FAMILY_IPMR, kernel_table
from .netlink import frame as netlink
from .netlink.frame import INT

OUR_PROTOCOL = 109
"""FRA_PROTOCOL of our rules; ``ip mrule`` shows it. No other routing program has this number."""

KERNEL_PROTOCOL = 2
"""RTPROT_KERNEL: the rule for the default table, and those of VRFs."""

ANY_INTERFACE = ""
"""Stands for all interfaces, in the kernel's own rule for the default table."""

_DEFAULT_PRIORITY = 32767
_PRIORITY = 32000
"""Of our rules: before the kernel's own."""

_RTM_NEWRULE, _RTM_DELRULE, _RTM_GETRULE = 32, 33, 34
_NLM_F_ACK, _NLM_F_EXCL, _NLM_F_CREATE = 0x4, 0x200, 0x400
_COMMANDS = {
    "add": (_RTM_NEWRULE, _NLM_F_ACK | _NLM_F_EXCL | _NLM_F_CREATE),
    "del": (_RTM_DELRULE, _NLM_F_ACK),
}
_HEADER = Struct("=BxxxBxxBxxxx")
"""struct fib_rule_hdr: family, the lower bits of the table, action; the rest is 0."""
_HEADER_SIZE = _HEADER.size
_ACTION_AT, _TO_TABLE = 7, 1
_RT_TABLE_COMPAT = 252
"""Stands in the header for a table whose number does not fit; FRA_TABLE has it."""
_FRA_IIFNAME, _FRA_PRIORITY, _FRA_TABLE, _FRA_PROTOCOL = 3, 6, 15, 21
_BUFFER = 1 << 16
_TIMEOUT = 10.0


class Rule(NamedTuple):
    """Packets from ``interface`` are looked up in ``table``."""

    interface: str
    table: int


class FoundRule(NamedTuple):
    """A rule in the kernel and the FRA_PROTOCOL of the program that made it."""

    rule: Rule
    protocol: int


def find_rules(family: Family) -> list[FoundRule]:
    """All multicast rules that lead to a table, whoever made them; OSError.

    The default table is 0. A kernel without tables of their own has no rules.
    """
    found: list[FoundRule] = []
    with netlink.open_netlink(blocking=True) as sock:
        sock.settimeout(_TIMEOUT)
        body = bytes([_kernel_family(family)]).ljust(_HEADER_SIZE, b"\0")
        sock.send(netlink.request(_RTM_GETRULE, netlink.NLM_F_DUMP, 1, body))
        while True:
            data = sock.recv(_BUFFER)
            for message, _, _, start, end in netlink.messages(data):
                if message == _RTM_NEWRULE and data[start + _ACTION_AT] == _TO_TABLE:
                    found.append(_parse(family, data, start, end))
                elif message in (netlink.NLMSG_DONE, netlink.NLMSG_ERROR):
                    _check(INT.unpack_from(data, start)[0])
                    return found


def _check(result: int) -> None:
    """Raise the kernel's error, unless it has no multicast rules at all."""
    if result not in (0, -errno.EAFNOSUPPORT, -errno.EOPNOTSUPP):
        raise OSError(-result, os.strerror(-result))


def _parse(family: Family, data: bytes, start: int, end: int) -> FoundRule:
    attributes = netlink.attributes(data, start + _HEADER_SIZE, end)
    name = attributes.get(_FRA_IIFNAME, b"").rstrip(b"\0").decode(errors="replace")
    (table,) = INT.unpack(attributes.get(_FRA_TABLE, bytes(INT.size)))
    protocol = attributes.get(_FRA_PROTOCOL, b"\0")[0]
    return FoundRule(Rule(name, 0 if table == kernel_table(family, 0) else table), protocol)


def list_rules(family: Family) -> list[Rule]:
    """The multicast rules with an interface and a table, whoever made them; OSError."""
    return [rule for rule, _ in find_rules(family) if rule.interface and rule.table]


def add_rule(family: Family, interface_name: str, table: int) -> None:
    """Make the rule unless it exists; OSError. The interface need not exist yet."""
    _change("add", family, [Rule(interface_name, table)], errno.EEXIST, OUR_PROTOCOL)


def remove_rules(family: Family, rules: Iterable[Rule]) -> None:
    """Remove these rules of ours, and no other program's; a missing one is no error; OSError."""
    _change("del", family, rules, errno.ENOENT, OUR_PROTOCOL)


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
            "add",
            family,
            [Rule(name, table) for name in interface_names],
            errno.EEXIST,
            OUR_PROTOCOL,
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
        _change("add", family, rules - found, errno.EEXIST, OUR_PROTOCOL)
        _change("del", family, found - rules, errno.ENOENT)


def _kernel_family(family: Family) -> int:
    return RTNL_FAMILY_IPMR if family is IPV4 else RTNL_FAMILY_IP6MR


def _change(
    command: str,
    family: Family,
    rules: Iterable[Rule],
    harmless: int,
    protocol: int | None = None,
) -> list[Rule]:
    """Carry out ``command`` for each rule; those for which there was something to do.

    A removal without ``protocol`` removes a rule of any program.
    """
    kind, flags = _COMMANDS[command]
    done = []
    with netlink.open_netlink(blocking=True) as sock:
        sock.settimeout(_TIMEOUT)
        for sequence, rule in enumerate(rules, 1):
            sock.send(netlink.request(kind, flags, sequence, _body(family, rule, protocol)))
            result = _result(sock.recv(_BUFFER), sequence)
            if result == 0:
                done.append(rule)
            elif result != harmless:
                raise OSError(result, os.strerror(result))
    return done


def _result(data: bytes, wanted: int) -> int:
    """The errno in the kernel's answer to the request ``wanted``, 0 for success."""
    for kind, _, sequence, start, _ in netlink.messages(data):
        if kind == netlink.NLMSG_ERROR and sequence == wanted:
            return -int(INT.unpack_from(data, start)[0])
    raise OSError(errno.EPROTO, "the kernel has not answered to a change of a policy rule")


def _body(family: Family, rule: Rule, protocol: int | None) -> bytes:
    """The struct fib_rule_hdr of a rule, and its attributes."""
    priority, table = _PRIORITY, rule.table
    attributes = b""
    if rule.interface == ANY_INTERFACE:
        priority, protocol = _DEFAULT_PRIORITY, KERNEL_PROTOCOL
        table = kernel_table(family, rule.table)
    else:
        name = rule.interface.encode() + b"\0"
        attributes = netlink.attribute(_FRA_IIFNAME, name)
    attributes += netlink.attribute(_FRA_TABLE, INT.pack(table))
    attributes += netlink.attribute(_FRA_PRIORITY, INT.pack(priority))
    if protocol is not None:
        attributes += netlink.attribute(_FRA_PROTOCOL, bytes([protocol]))
    short = table if table < 256 else _RT_TABLE_COMPAT
    return _HEADER.pack(_kernel_family(family), short, _TO_TABLE) + attributes
