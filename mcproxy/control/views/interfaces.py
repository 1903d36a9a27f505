"""Each interface of each proxy instance, in its role."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ...config.model import DOWNSTREAM, NEVER, UPSTREAM
from ...config.names import is_pattern, matches
from ...instance.link_state import NOT_USED, Obstacle, State, obstacle
from ...protocol.family import IPV4
from .values import Row, address_text, place, seconds_since, seconds_until, short_text

if TYPE_CHECKING:
    from ...instance.downstream import Downstream
    from ...instance.instance import ProxyInstance
    from ...instance.upstream import Upstream
    from ...linux.netlink.links import Link
    from ...messages import HeardQuery
    from ...proxy import Proxy

Links = Mapping[str, "Link"]


def rows(proxy: Proxy) -> Iterator[Row]:
    """Upstreams and downstreams; those that are not usable have state "down" and a ``reason``.

    ``exists`` is false where no interface has the name, or matches the pattern.
    """
    now, links = proxy.timer.now(), proxy.monitor.links
    for instance in list(proxy.instances):
        for name, upstream in list(instance.upstreams.items()):
            found = upstream_obstacle(instance, name, links)
            yield _row(instance, name, UPSTREAM, links, found) | _upstream(instance, upstream, now)
        for name in downstreams(instance, links):
            downstream = instance.downstreams.get(name)
            found = downstream_obstacle(instance, name, links)
            place = _row(instance, name, DOWNSTREAM, links, found)
            yield place | _downstream(instance, name, downstream, now)


def downstreams(instance: ProxyInstance, links: Links) -> Iterable[str]:
    """The downstreams in use and those that are planned.

    In the place of a pattern stand the interfaces that match it, if there are any.
    """
    planned, found = instance.planned.downstreams, dict.fromkeys(instance.downstreams)
    for name in planned.names:
        names = [name]
        if is_pattern(name):
            names = [one for one in links if matches(one, name) and planned.settings(one)] or names
        found.update(dict.fromkeys(names))
    return found


def upstream_obstacle(instance: ProxyInstance, name: str, links: Links) -> Obstacle | None:
    """Why an upstream cannot be used now; None if it can."""
    refused = name in instance.links.usable.refused
    found = obstacle(links.get(name), instance.family, UPSTREAM, refused)
    upstream = instance.upstreams.get(name)
    return NOT_USED if found is None and (upstream is None or upstream.link is None) else found


def downstream_obstacle(instance: ProxyInstance, name: str, links: Links) -> Obstacle | None:
    """Why a downstream, or what its pattern stands for, cannot be used now; None if it can."""
    link, settings = links.get(name), instance.planned.downstreams.settings(name)
    if link is not None and settings is not None:
        link = link.with_query_address(settings.query_address)
    refused = name in instance.links.usable.refused
    found = obstacle(link, instance.family, DOWNSTREAM, refused)
    return NOT_USED if found is None and name not in instance.downstreams else found


def _row(
    instance: ProxyInstance, name: str, role: str, links: Links, found: Obstacle | None
) -> Row:
    link = links.get(name)
    addresses = () if link is None else link.ipv4 if instance.family is IPV4 else link.ipv6
    return place(instance, name) | {
        "role": role,
        "exists": any(matches(one, name) for one in links) if is_pattern(name) else name in links,
        "reason": found and found.reason,
        "cure": found and found.cure,
        "addresses": [f"{short_text(address)}/{length}" for address, length in addresses],
    }


def _upstream(instance: ProxyInstance, upstream: Upstream, now: float) -> Row:
    """``hold-timer`` is the time until a held upstream is preferred again; None for never."""
    held = instance.selection.preference.held().get(upstream.name)
    address = upstream.link.source[instance.family] if upstream.link else None
    up = State.UP if held is None else State.HELD
    return {
        "state": (State.DOWN if upstream.link is None else up).value,
        "hold-timer": None if held == NEVER else seconds_until(held, now),
        "version": upstream.host.version,
        "address": address_text(address),
        "groups": len(upstream.host.groups),
        **heard_querier(upstream.querier, now),
        "last-query-heard": seconds_since(upstream.host.last_query, now),
        "last-report-sent": seconds_since(upstream.host.last_report, now),
    }


def heard_querier(heard: HeardQuery | None, now: float) -> Row:
    """The router whose query was heard last, and its version; None for none."""
    return {
        "querier-address": None if heard is None else short_text(heard.router),
        "querier-version": None if heard is None else heard.version,
        "querier-interval": None if heard is None else heard.interval or None,
        "last-query-heard": None if heard is None else seconds_since(heard.when, now),
    }


def _downstream(
    instance: ProxyInstance, name: str, downstream: Downstream | None, now: float
) -> Row:
    """``query-timer`` is the time until our next query; ``expire`` is the other querier's."""
    if downstream is None:
        planned = instance.planned.downstreams.settings(name)
        version = instance.planned.version if planned is None else planned.querier.version
        return {"state": State.DOWN.value, "version": version, "groups": 0}
    querier = downstream.querier
    election, is_ours = querier.election, querier.is_querier
    heard = heard_querier(downstream.heard, now)
    return {
        "state": State.UP.value,
        "version": querier.version,
        "address": address_text(downstream.link.source[instance.family]),
        "querier": "local" if is_ours else "other",
        "querier-address": address_text(election.address if is_ours else election.other),
        "querier-version": querier.version if is_ours else heard["querier-version"],
        "expire": None if is_ours else seconds_until(election.until, now),
        "query-timer": seconds_until(querier.next_general_query, now),
        "last-query-sent": seconds_since(querier.last_general_query, now),
        "last-query-heard": heard["last-query-heard"],
        "groups": len(querier.groups),
        "router-discovery": downstream.advertiser.interval is not None,
        "up-time": seconds_since(downstream.since, now),
    }
