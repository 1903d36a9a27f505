"""Immediate leave: what the last host has left ends at once, and nobody is asked."""

from __future__ import annotations

from typing import NamedTuple

from ..family import Address
from ..wire.packets import Record
from .group import NO_QUERY_NEEDED, Group, NeedsQuery
from .tracking import HostTable, LinkHosts


class Reporter(NamedTuple):
    """Who reports, and its name in the tables of tracked hosts, None when it is in none.

    ``until`` is when its report ceases to count.
    """

    source: Address
    host: Address | None
    now: float
    until: float


def track(hosts: LinkHosts, group: Group, record: Record, reporter: Reporter) -> HostTable:
    """Note who wants what of ``group``; its table of hosts."""
    table = group.hosts
    if table is None:
        table = group.hosts = HostTable()
        if group.since < reporter.now:
            table.unknowable_until = reporter.until  # it was not tracked before
    hosts.note(table, reporter.host, record, reporter.now, reporter.until)
    return table


def all_members_known(group: Group, current_version: int, now: float) -> bool:
    """Whether no silent host may be in ``group``.

    Hosts of an older version do not report when another one just did.
    """
    if group.hosts is None or group.hosts.unknowable_until > now:
        return False
    return group.older is None or group.older.oldest(current_version, now) == current_version


def settle(group: Group, hosts: HostTable, doubt: NeedsQuery, now: float) -> NeedsQuery:
    """End at once what the last host has left; what stays in doubt is returned."""
    if hosts.wants_any(now):
        return doubt
    wanted = hosts.wanted(now)
    unwanted = doubt.sources.difference(wanted)
    group.lower_sources(unwanted, now)
    if doubt.group:
        group.sources = {**group.sources, **wanted}  # EXCLUDE need not list them
        group.lower_group(now)
    group.expire(now)
    remaining = doubt.sources.difference(unwanted).intersection(group.sources)
    return NeedsQuery(False, remaining) if remaining else NO_QUERY_NEEDED
