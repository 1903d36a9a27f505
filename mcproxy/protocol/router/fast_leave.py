"""Fast leave: when the last tracked host leaves, forwarding stops without a query.

The option ``immediate-leave`` turns it on. It needs to know every host of the group.
"""

from __future__ import annotations

from typing import NamedTuple

from ..family import Address
from ..wire.packets import Record
from .group import NO_QUERY_NEEDED, Group, NeedsQuery
from .tracking import HostTable, LinkHosts


class Reporter(NamedTuple):
    """The host that sent a report.

    ``host`` is its key in the tables of tracked hosts, None if it is not tracked. The report
    counts ``until`` then.
    """

    source: Address
    host: Address | None
    now: float
    until: float


def track(hosts: LinkHosts, group: Group, record: Record, reporter: Reporter) -> HostTable:
    """Note what the reporter wants of ``group``; return the group's table of hosts."""
    table = group.hosts
    if table is None:
        # Members from before were not tracked.
        table = group.track_hosts(reporter.until if group.since < reporter.now else 0.0)
    hosts.note(table, reporter.host, record, reporter.now, reporter.until)
    return table


def all_members_known(group: Group, current_version: int, now: float) -> bool:
    """Whether every host of ``group`` is tracked.

    Hosts of an older version stay silent when another host has just reported.
    """
    if group.hosts is None or group.hosts.unknowable_until > now:
        return False
    return group.older is None or group.older.oldest(current_version, now) == current_version


def drop_unwanted(group: Group, hosts: HostTable, needed: NeedsQuery, now: float) -> NeedsQuery:
    """Drop what no tracked host wants; return what must still be queried."""
    if hosts.wants_any(now):
        return needed
    wanted = hosts.wanted(now)
    unwanted = needed.sources.difference(wanted)
    group.lower_source_timers(unwanted, now)
    if needed.group:
        group.add_sources(wanted)  # EXCLUDE mode need not list them
        group.lower_group_timer(now)
    group.expire(now)
    remaining = needed.sources.difference(unwanted).intersection(group.sources)
    return NeedsQuery(False, remaining) if remaining else NO_QUERY_NEEDED
