"""Each host of each downstream link, with the groups that it wants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...protocol.family import Address
from ...protocol.router.tracking import TrackedHost, as_membership
from .values import Row, in_order, place, seconds_since, short_text

if TYPE_CHECKING:
    from ...protocol.router.querier import Querier
    from ...proxy import Proxy

_GROUPS_A_TURN = 100
"""Groups whose hosts are collected before other work has its turn."""


MOST_LISTED = 1000
"""Groups of one host that are listed; the others are only counted."""


class _Wanted:
    """The groups of one host: their ``count``, and the ``first`` ones that were found."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[Address] = []

    def add(self, group: Address) -> None:
        """It wants this one too."""
        self.count += 1
        if len(self.first) < MOST_LISTED:
            self.first.append(group)


def rows(proxy: Proxy) -> Iterator[Row | None]:
    """The tracked hosts; where hosts are not tracked, those that reported a group last."""
    for instance in list(proxy.instances):
        for name, downstream in sorted(instance.downstreams.items()):
            querier, where = downstream.querier, place(instance, name)
            now = proxy.timer.now()
            wanted: defaultdict[Address, _Wanted] = defaultdict(_Wanted)
            for count, address in enumerate(list(querier.groups)):
                if count % _GROUPS_A_TURN == 0:
                    yield None
                _collect(querier, address, wanted, now)
            known = {} if querier.hosts is None else querier.hosts.current(now)
            for host in in_order(known.keys() | wanted.keys()):
                if host is None:
                    yield None
                    continue
                yield where | {
                    "host-address": short_text(host),
                    "groups": wanted[host].count,
                    "group-address": [short_text(one) for one in sorted(wanted[host].first)],
                    "tracked": querier.hosts is not None,
                    **_reported(querier, known.get(host), now),
                }


def _collect(
    querier: Querier, address: Address, into: defaultdict[Address, _Wanted], now: float
) -> None:
    """Add a group to each host that wants it."""
    group = querier.groups.get(address)
    if group is None:
        return
    if group.hosts is None:
        if group.last_reporter is not None:
            into[group.last_reporter].add(address)
        return
    for host, noted in group.hosts.items():
        if as_membership(noted).until > now:
            into[host].add(address)


def _reported(querier: Querier, host: TrackedHost | None, now: float) -> Row:
    """Version and last report of a host; null where it is not tracked."""
    if host is None:
        return {"version": None, "last-report": None}
    last = min(now, host.until - querier.settings.group_membership_interval)
    return {"version": host.version, "last-report": seconds_since(last, now)}
