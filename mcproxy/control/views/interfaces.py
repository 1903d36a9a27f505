"""Each interface of each proxy instance, in its role."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ...config.model import NEVER
from ...config.names import is_pattern, matches
from .values import Row, address_text, seconds_since, seconds_until

if TYPE_CHECKING:
    from ...instance.downstream import Downstream
    from ...instance.instance import ProxyInstance
    from ...instance.upstream import Upstream
    from ...proxy import Proxy


def rows(proxy: Proxy) -> Iterator[Row]:
    """Upstreams and downstreams; interfaces that are not usable now have state "down".

    ``exists`` is false where no interface has the name, or matches the pattern.
    """
    now, links = proxy.timer.now(), proxy.monitor.links
    for instance in list(proxy.instances):
        for name, upstream in list(instance.upstreams.items()):
            place = _place(instance, name, "upstream", links)
            yield place | _upstream(instance, upstream, now)
        names = [*instance.downstreams, *instance.planned.downstreams.names]
        for name in dict.fromkeys(names):
            downstream = instance.downstreams.get(name)
            place = _place(instance, name, "downstream", links)
            yield place | _downstream(instance, name, downstream, now)


def _place(instance: ProxyInstance, name: str, role: str, links: Collection[str]) -> Row:
    exists = any(matches(one, name) for one in links) if is_pattern(name) else name in links
    return {"instance": instance.name, "interface": name, "role": role, "exists": exists}


def _upstream(instance: ProxyInstance, upstream: Upstream, now: float) -> Row:
    """``hold-timer`` is the time until a held upstream is preferred again; None for never."""
    held = instance.selection.preference.held().get(upstream.name)
    address = upstream.link.address(instance.family) if upstream.link else None
    return {
        "state": "down" if upstream.link is None else "up" if held is None else "held",
        "hold-timer": None if held == NEVER else seconds_until(held, now),
        "version": upstream.host.version,
        "address": address_text(address),
        "groups": len(upstream.host.groups),
        "last-query-heard": seconds_since(upstream.host.last_query, now),
        "last-report-sent": seconds_since(upstream.host.last_report, now),
    }


def _downstream(
    instance: ProxyInstance, name: str, downstream: Downstream | None, now: float
) -> Row:
    """``query-timer`` is the time until our next query; ``expire`` is the other querier's."""
    if downstream is None:
        planned = instance.planned.downstreams.settings(name)
        version = instance.planned.version if planned is None else planned.querier.version
        return {"state": "down", "version": version, "groups": 0}
    querier = downstream.querier
    election, is_ours = querier.election, querier.is_querier
    return {
        "state": "up",
        "version": querier.version,
        "address": address_text(downstream.link.address(instance.family)),
        "querier": "local" if is_ours else "other",
        "querier-address": address_text(election.address if is_ours else election.other),
        "expire": None if is_ours else seconds_until(election.until, now),
        "query-timer": seconds_until(querier.next_general_query, now),
        "last-query-sent": seconds_since(querier.last_general_query, now),
        "groups": len(querier.groups),
        "router-discovery": downstream.advertiser.interval is not None,
        "up-time": seconds_since(downstream.since, now),
    }
