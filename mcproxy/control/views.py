"""The daemon's state as plain values: what every view of it is made from.

Times are seconds from now, addresses text; keys are the leaf names of RFC 9398 and 8652.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..instance.source_forwarding import SourceForwarding
from ..protocol.family import Address, text
from ..protocol.router.group import STOPPED, Group
from ..protocol.router.tracking import as_wish
from ..protocol.sources import EXCLUDE, INCLUDE

if TYPE_CHECKING:
    from ..instance.instance import ProxyInstance
    from ..protocol.router.querier import Querier
    from ..proxy import Proxy

Row = dict[str, Any]


def instances(proxy: Proxy) -> list[Row]:
    """Each proxy instance: its links, and what was last heard and said upstream."""
    now = proxy.timer.now()
    return [_instance(instance, now) for instance in proxy.instances]


def _instance(instance: ProxyInstance, now: float) -> Row:
    def ago(when: float | None) -> float | None:
        return None if when is None else round(now - when, 1)

    return {
        "instance": instance.name,
        "upstream": [
            {
                "interface": name,
                "up": upstream.link is not None,
                "groups": len(upstream.host.groups),
                "last-query-heard": ago(upstream.host.last_query),
                "last-report-sent": ago(upstream.host.last_report),
            }
            for name, upstream in instance.upstreams.items()
        ],
        "downstream": [
            {
                "interface": name,
                "groups": len(downstream.querier.groups),
                "last-query-sent": ago(downstream.querier.last_general_query),
            }
            for name, downstream in sorted(instance.downstreams.items())
        ],
    }


def groups(proxy: Proxy) -> Iterator[Row]:
    """Each group on each downstream link, with its filter mode, sources and times.

    Made as they are taken: what comes meanwhile may be left out.
    """
    for instance in list(proxy.instances):
        for name, downstream in sorted(instance.downstreams.items()):
            querier = downstream.querier
            for address in sorted(querier.groups):
                group = querier.groups.get(address)
                if group is not None:
                    where = {"instance": instance.name, "interface": name}
                    yield where | _group(querier, address, group, proxy.timer.now())


def _group(querier: Querier, address: Address, group: Group, now: float) -> Row:
    """``expire`` belongs to the group in EXCLUDE mode, else to its sources."""
    sources: list[Row] = [
        {
            "source-address": text(source),
            "forwarded": when != STOPPED,
            "expire": round(when - now, 1) if when != STOPPED else None,
        }
        for source, when in sorted(group.sources.items())
    ]
    excluding, current = group.mode is EXCLUDE, querier.version
    return {
        "group-address": text(address),
        "filter-mode": group.mode.value,
        "expire": round(group.timer - now, 1) if excluding else None,
        "source": sources,
        "version": group.older.oldest(current, now) if group.older else current,
        "up-time": round(now - group.since, 1),
        "last-reporter": None if group.last_reporter is None else text(group.last_reporter),
    } | _hosts(group, now)


def _hosts(group: Group, now: float) -> Row:
    """Who wants what of a group whose hosts are tracked; nothing of others.

    ``all-known`` says whether no host may be in it that is not listed.
    """
    if group.hosts is None:
        return {}
    rows = []
    for host, noted in sorted(group.hosts.items()):
        wish = as_wish(noted)
        excluding = wish.any_until > now
        if wish.until > now:
            rows.append(
                {
                    "host-address": text(host),
                    "filter-mode": (EXCLUDE if excluding else INCLUDE).value,
                    "source-address": sorted(map(text, wish.sources)),
                    "expire": round(wish.until - now, 1),
                }
            )
    return {"host": rows, "all-known": group.hosts.unknowable_until <= now}


def routes(proxy: Proxy) -> Iterator[Row]:
    """The forwarding entries of each instance; ``*`` stands for any source or group.

    Made as they are taken: what comes meanwhile may be left out.
    """
    for instance in list(proxy.instances):
        any_address = instance.family.unspecified
        for group in (any_address, *sorted(set(instance.planned_groups()))):
            for route in instance.plan(group):
                yield {
                    "instance": instance.name,
                    "source-address": "*" if route.source == any_address else text(route.source),
                    "group-address": "*" if group == any_address else text(group),
                    "incoming-interface": route.parent,
                    "outgoing-interface": sorted(route.outgoing),
                }


def counters(proxy: Proxy) -> list[Row]:
    """What was sent, could not be sent, was no good message, or was refused, by reason."""
    counts = (
        ("sent", proxy.sender.sent),
        ("not sent", proxy.sender.failed),
        ("dropped", proxy.receiver.dropped),
    )
    rows = [
        {"interface": interface, "what": what, "kind": kind, "count": count}
        for what, counter in counts
        for (interface, kind), count in sorted(counter.items())
    ]
    for instance in proxy.instances:
        rows += _refusals(instance)
    return rows


def _refusals(instance: ProxyInstance) -> Iterator[Row]:
    """What was understood and not acted upon, on each link of an instance."""
    refused: Counter[tuple[str, str]] = Counter()
    for name, downstream in instance.downstreams.items():
        for reason, count in downstream.querier.refused.items():
            refused[name, reason.value] = count
        if downstream.querier.hosts is not None:
            refused[name, "max-hosts"] = downstream.querier.hosts.untracked
    if isinstance(instance.forwarding, SourceForwarding):
        for name, count in instance.forwarding.sources.refused.items():
            refused[name, "learned-sources"] = count
    for (name, kind), count in sorted(refused.items()):
        if count:
            row = {"interface": name, "what": "refused", "kind": kind, "count": count}
            yield row | {"instance": instance.name}
