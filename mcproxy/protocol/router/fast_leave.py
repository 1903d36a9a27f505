"""Fast leave: what no tracked host wants ends without a query.

The option ``immediate-leave`` turns it on. What a tracked host still wants needs no query either.
Otherwise every host of the group must be known, except where every leave is trusted.
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
    if reporter.host is None:
        table.pop(reporter.source, None)  # it was tracked until its address became doubtful
    hosts.note(table, reporter.host, record, reporter.now, reporter.until)
    return table


def all_members_known(group: Group, current_version: int, now: float) -> bool:
    """Whether every host of ``group`` is tracked.

    Hosts of an older version stay silent when another host has just reported.
    """
    if group.hosts is None or group.hosts.unknowable_until > now:
        return False
    return group.older is None or group.older.oldest(current_version, now) == current_version


def without_wanted(hosts: HostTable, needed: NeedsQuery, now: float) -> NeedsQuery:
    """Leave out of a query what a tracked host still wants: no answer could end it.

    Blocked sources of hosts in EXCLUDE mode are not tracked, so listed sources are queried
    where a host wants any source.
    """
    if hosts.wants_any(now):
        return NeedsQuery(False, needed.sources) if needed.sources else NO_QUERY_NEEDED
    remaining = needed.sources.difference(hosts.wanted(now))
    return NeedsQuery(needed.group, remaining) if needed.group or remaining else NO_QUERY_NEEDED


def drop_unwanted(group: Group, hosts: HostTable, needed: NeedsQuery, now: float) -> NeedsQuery:
    """Drop the part of ``needed`` that no tracked host wants; return what must still be queried.

    ``needed`` is what ``without_wanted`` returned.
    """
    if hosts.wants_any(now):
        return needed
    group.lower_source_timers(needed.sources, now)
    if needed.group:
        group.add_sources(hosts.wanted(now))  # EXCLUDE mode need not list them
        group.lower_group_timer(now)
    group.expire(now)
    return NO_QUERY_NEEDED
