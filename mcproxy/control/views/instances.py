"""Each proxy instance with its links, as the manhole shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .values import Row, seconds_since

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy


def rows(proxy: Proxy) -> list[Row]:
    """The links of each instance, and when each last heard a query or sent a message."""
    now = proxy.timer.now()
    return [_instance(instance, now) for instance in proxy.instances]


def _instance(instance: ProxyInstance, now: float) -> Row:
    return {
        "instance": instance.name,
        "upstream": [
            {
                "interface": name,
                "up": upstream.link is not None,
                "groups": len(upstream.host.groups),
                "last-query-heard": seconds_since(upstream.host.last_query, now),
                "last-report-sent": seconds_since(upstream.host.last_report, now),
            }
            for name, upstream in instance.upstreams.items()
        ],
        "downstream": [
            {
                "interface": name,
                "groups": len(downstream.querier.groups),
                "last-query-sent": seconds_since(downstream.querier.last_general_query, now),
            }
            for name, downstream in sorted(instance.downstreams.items())
        ],
    }
