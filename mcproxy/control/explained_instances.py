"""What one instance knows of a group, as evidence for an explanation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..config.model import DOWNSTREAM, UPSTREAM
from ..diagnosis.evidence import Evidence, Leave, LinkEvidence, UpstreamEvidence
from ..protocol.family import Address, Family, text
from .views import flows
from .views.groups import row_of
from .views.upstreams import group_row
from .views.values import Row, place

if TYPE_CHECKING:
    from ..instance.instance import ProxyInstance
    from ..proxy import Proxy
    from ..routing.readings import Reading

MOST_LINKS = 100
"""Downstreams of an instance that are examined."""


def chosen(proxy: Proxy, family: Family, name: str | None) -> list[ProxyInstance]:
    """The instances of a family, or the one of this name, with or without its family."""
    return [
        one
        for one in proxy.instances
        if one.family is family and name in (None, one.name, one.planned.instance)
    ]


def strict_interfaces(instances: Iterable[ProxyInstance]) -> set[str]:
    """The downstreams on which IGMP messages need a Router Alert option."""
    return {
        name
        for instance in instances
        for name in instance.downstreams
        if (settings := instance.planned.downstreams.settings(name)) is not None
        and settings.require_router_alert
    }


def evidence_of(
    proxy: Proxy,
    instance: ProxyInstance,
    group: Address,
    source: Address | None,
    interface: str | None,
    rows: Sequence[Row],
    reading: Reading,
) -> Evidence:
    """What the daemon and the kernel's counters tell; ``rows`` are those of all interfaces.

    Without an ``interface`` it is about the downstreams that want the group, or about all if
    none does.
    """
    now = proxy.timer.now()
    own = [row for row in rows if row["instance"] == instance.name]
    wanted = None if source is None else text(source)
    known = [
        row
        for row in flows.rows_of(proxy, reading, instance, group)
        if wanted is None or row["source-address"] in ("*", wanted)
    ]
    table = proxy.routing.tables.get(instance.table_key)
    return Evidence(
        instance.planned.name,
        instance.family,
        text(group),
        wanted,
        now - proxy.since,
        instance.family.is_proxied(group),
        instance.planned.forwarding.per_source,
        tuple(_links(proxy, instance, group, interface, own, now)),
        tuple(_upstreams(proxy, instance, group, own)),
        tuple(known),
        {row["interface"]: f"{row['role']} of {row['instance']}" for row in (*rows, *own)},
        kernel_refused={} if table is None else table.refused,
    )


def _upstreams(
    proxy: Proxy, instance: ProxyInstance, group: Address, rows: Iterable[Row]
) -> Iterator[UpstreamEvidence]:
    for row in rows:
        if row["role"] == UPSTREAM:
            upstream = instance.upstreams.get(row["interface"])
            is_asked = upstream is not None and upstream.link is not None
            found = group_row(instance, upstream, group, proxy) if is_asked and upstream else None
            yield UpstreamEvidence(row, found)


def _links(
    proxy: Proxy,
    instance: ProxyInstance,
    group: Address,
    interface: str | None,
    rows: Sequence[Row],
    now: float,
) -> list[LinkEvidence]:
    below = [row for row in rows if row["role"] == DOWNSTREAM]
    if interface is not None:
        below = [row for row in below if row["interface"] == interface]
        if not below:
            exists = interface in proxy.monitor.links
            row = _not_ours(instance, interface, rows, exists=exists)
            return [LinkEvidence(row, is_configured=False)]
    found = [_link(proxy, instance, group, row, now) for row in below[:MOST_LINKS]]
    asking = [one for one in found if one.group is not None]
    return asking or found


def _link(
    proxy: Proxy, instance: ProxyInstance, group: Address, row: Row, now: float
) -> LinkEvidence:
    name = row["interface"]
    downstream = instance.downstreams.get(name)
    if downstream is None:
        return LinkEvidence(row)
    ended = downstream.leaves.of(group)
    left = None
    settings = instance.planned.downstreams.settings(name)
    if ended is not None:
        left = Leave(now - ended.when, None if ended.host is None else text(ended.host))
    return LinkEvidence(
        row,
        row_of(instance, name, downstream, group, now),
        {
            reason: count
            for (where, reason), count in proxy.receiver.dropped.items()
            if where == name
        },
        {reason.value: count for reason, count in downstream.querier.refused.items()},
        left,
        ttl_threshold=1 if settings is None else settings.ttl_threshold,
    )


def _not_ours(instance: ProxyInstance, interface: str, rows: Iterable[Row], *, exists: bool) -> Row:
    """A row for an interface that is no downstream of the instance."""
    if not exists:
        return place(instance, interface) | {
            "role": DOWNSTREAM,
            "state": "down",
            "reason": "no interface has this name",
            "cure": "correct the name; mcproxy show interfaces lists the names",
        }
    is_upstream = any(row["interface"] == interface for row in rows)
    name = instance.planned.instance
    reason = f"it is no downstream of instance {name}"
    return place(instance, interface) | {
        "role": DOWNSTREAM,
        "state": "down",
        "reason": f"{reason}, but its upstream" if is_upstream else reason,
        "cure": "name a downstream"
        if is_upstream
        else f"add it: mcproxy add downstream {interface} --to {name}",
    }
