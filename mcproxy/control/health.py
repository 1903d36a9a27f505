"""GET /health: whether the daemon does its work, for load balancers and for people.

A problem means that hosts do not get what they ask for, or will lose it: the status is 503. A
warning is worth a look, but streams flow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..config.model import NEVER
from .answers import Answer
from .named import check_names
from .paths import Get
from .row_filter import RowFilter
from .views import degraded, interfaces

if TYPE_CHECKING:
    from ..instance.instance import ProxyInstance
    from ..proxy import Proxy

Row = dict[str, Any]

FILTERS = ("family", "instance")
"""What problems and warnings can be filtered by; those of the whole daemon are always there."""

STARTING, STOPPING, TABLE_REFUSED, NO_UPSTREAM, NO_QUERIER = PROBLEMS = (
    "starting",
    "stopping",
    "table-refused",
    "no-upstream",
    "no-querier",
)
"""The words for problems; a program can depend on them."""


def answer(get: Get) -> Answer:
    """200 if the daemon is healthy, 503 if it has a problem."""
    wanted = RowFilter.parse(get.query, FILTERS)
    check_names(get.proxy, get.query)
    found = health(get.proxy, wanted)
    return Answer(found, 200 if found["healthy"] else 503)


def health(proxy: Proxy, wanted: RowFilter) -> Row:
    """Problems and warnings, as far as they are ``wanted``."""
    problems = list(_of_daemon(proxy))
    for instance in list(proxy.instances):
        problems += filter(wanted.matches, _of_instance(proxy, instance))
    told = {
        (instance.name, name)
        for instance in proxy.instances
        if _has_no_upstream(instance)
        for name in ("", *instance.upstreams)
    }
    warnings = [
        row
        for row in (*degraded.rows(proxy), *_silent_queriers(proxy))
        if wanted.matches(row) and (row["instance"], row["interface"]) not in told
    ]
    return {
        "healthy": not problems,
        "ready": proxy.ready and not proxy.stopping,
        "problems": problems,
        "warnings": warnings,
    }


def _of_daemon(proxy: Proxy) -> Iterator[Row]:
    if proxy.stopping:
        yield _problem(STOPPING, "the daemon is stopping")
    elif not proxy.ready:
        yield _problem(STARTING, "the daemon is starting: it does not forward all streams yet")
    for table in proxy.routing.tables.values():
        if table.retry.was_armed:
            family, number = table.kernel.family.name, table.kernel.table
            yield _problem(
                TABLE_REFUSED,
                f"the kernel refuses changes of the {family} table {number}: some streams are not"
                " forwarded as hosts ask; it is tried again (see the daemon's log for the reason)",
                family=family,
            )


def _of_instance(proxy: Proxy, instance: ProxyInstance) -> Iterator[Row]:
    name, family = instance.name or "", instance.family.name
    if _has_no_upstream(instance):
        reasons = [
            f"{one}: {found.reason}; {found.cure}"
            for one in instance.upstreams
            if (found := interfaces.upstream_obstacle(instance, one, proxy.monitor.links))
        ]
        text = f"no upstream can be used, so hosts receive nothing ({'; '.join(reasons)})"
        yield _problem(NO_UPSTREAM, text, name, family)
    now = proxy.timer.now()
    for upstream in instance.upstreams.values():
        unqueried = upstream.host.unqueried
        is_used = upstream.link is not None
        if is_used and unqueried.interval == NEVER and unqueried.is_silent(now):
            text = (
                f"no querier is heard on {upstream.name}: the router upstream may end the streams;"
                ' remove report-interval = "never", or have the router send queries'
            )
            yield _problem(NO_QUERIER, text, name, family, upstream.name)


def _has_no_upstream(instance: ProxyInstance) -> bool:
    """Whether it should have an upstream, and none can be used."""
    upstreams = instance.upstreams.values()
    return bool(upstreams) and all(upstream.link is None for upstream in upstreams)


def _silent_queriers(proxy: Proxy) -> Iterator[Row]:
    """Where reports are repeated without a query, so that streams should not end."""
    now = proxy.timer.now()
    for instance in list(proxy.instances):
        for name, upstream in instance.upstreams.items():
            unqueried = upstream.host.unqueried
            if upstream.link is None or not unqueried.is_silent(now):
                continue
            if unqueried.interval is None or math.isfinite(unqueried.interval):
                yield {
                    "instance": instance.name,
                    "family": instance.family.name,
                    "interface": name,
                    "text": f"no querier is heard on {name}; all groups are reported there from"
                    " time to time without a query (see report-interval)",
                }


def _problem(
    problem: str, text: str, instance: str = "", family: str = "", interface: str = ""
) -> Row:
    return {
        "problem": problem,
        "instance": instance,
        "family": family,
        "interface": interface,
        "text": text,
    }
