"""Each group on each downstream link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...protocol.family import Address, text
from ...protocol.router.group import STOPPED, Group
from ...protocol.router.tracking import as_membership
from ...protocol.sources import EXCLUDE, INCLUDE
from .values import Row, address_text, seconds_since, seconds_until

if TYPE_CHECKING:
    from ...protocol.router.querier import Querier
    from ...proxy import Proxy


def rows(proxy: Proxy) -> Iterator[Row]:
    """Groups with their filter mode, their sources and, if they are tracked, their hosts."""
    for instance in list(proxy.instances):
        for name, downstream in sorted(instance.downstreams.items()):
            querier = downstream.querier
            for address in sorted(querier.groups):
                group = querier.groups.get(address)
                if group is not None:
                    place = {"instance": instance.name, "interface": name}
                    yield place | _group(querier, address, group, proxy.timer.now())


def _group(querier: Querier, address: Address, group: Group, now: float) -> Row:
    """In EXCLUDE mode the group has the time ``expire``; in INCLUDE mode its sources have it."""
    sources: list[Row] = [
        {
            "source-address": text(source),
            "forwarded": when != STOPPED,
            "expire": None if when == STOPPED else seconds_until(when, now),
        }
        for source, when in sorted(group.sources.items())
    ]
    is_excluding, current = group.mode is EXCLUDE, querier.version
    return {
        "group-address": text(address),
        "filter-mode": group.mode.value,
        "expire": seconds_until(group.timer, now) if is_excluding else None,
        "source": sources,
        "version": group.older.oldest(current, now) if group.older else current,
        "up-time": seconds_since(group.since, now),
        "last-reporter": address_text(group.last_reporter),
    } | _hosts(group, now)


def _hosts(group: Group, now: float) -> Row:
    """What each tracked host wants of a group; an empty row if hosts are not tracked.

    ``all-known`` says whether every host that may be a member is listed.
    """
    if group.hosts is None:
        return {}
    hosts = []
    for host, noted in sorted(group.hosts.items()):
        wish = as_membership(noted)
        is_excluding = wish.any_until > now
        if wish.until > now:
            hosts.append(
                {
                    "host-address": text(host),
                    "filter-mode": (EXCLUDE if is_excluding else INCLUDE).value,
                    "source-address": sorted(map(text, wish.sources)),
                    "expire": seconds_until(wish.until, now),
                }
            )
    return {"host": hosts, "all-known": group.hosts.unknowable_until <= now}
