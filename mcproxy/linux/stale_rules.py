"""Policy rules that lead packets to a table which is not ours, at the start of the daemon.

A process that is killed leaves its rules, and the kernel keeps the table. It then looks packets
up in a table that nobody fills, and no other table gets them. All functions block; they are for
the routing thread.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ..protocol.family import FAMILIES, Family
from .mroute.errors import MulticastRoutingError
from .mroute.socket import MulticastTable
from .policy_rules import KERNEL_PROTOCOL, OUR_PROTOCOL, Rule, find_rules, remove_rules


class OtherRules(NamedTuple):
    """The rules of a family to tables that are not ours: those removed, and those that stay."""

    family: Family
    removed: list[Rule]
    foreign: list[Rule]


def remove_stale_rules(own: Collection[tuple[Family, int]]) -> list[OtherRules]:
    """Remove the rules that an mcproxy left, unless another process has their table; OSError.

    The tables ``own`` are not looked at. A family without such rules is left out.
    """
    others = []
    for family in FAMILIES:
        found = [
            each
            for each in find_rules(family)
            if each.protocol != KERNEL_PROTOCOL
            and each.rule.table
            and (family, each.rule.table) not in own
        ]
        ours = {each.rule for each in found if each.protocol == OUR_PROTOCOL}
        tables = {rule.table for rule in ours}
        dead = {table for table in tables if not _has_router(family, table)}
        stale = sorted(rule for rule in ours if rule.table in dead)
        if stale:
            remove_rules(family, stale)
        foreign = sorted({each.rule for each in found} - set(stale))
        if found:
            others.append(OtherRules(family, stale, foreign))
    return others


def _has_router(family: Family, table: int) -> bool:
    """Whether some process is the multicast router of ``table``; true when in doubt.

    Only the attempt to become its router shows it. For that moment the table is ours.
    """
    try:
        MulticastTable(family, table).close()
    except MulticastRoutingError:
        return True
    return False
