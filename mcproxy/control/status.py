"""The daemon as a whole and its interfaces, as plain values; see snapshot for the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..config.model import NEVER
from ..protocol.family import text
from .views import Row

if TYPE_CHECKING:
    from ..instance.downstream import Downstream
    from ..instance.instance import ProxyInstance
    from ..instance.upstream import Upstream
    from ..proxy import Proxy


def status(proxy: Proxy) -> Row:
    """What runs, since when (seconds), by which file, and how large it is."""
    return {
        "version": __version__,
        "pid": os.getpid(),
        "started": proxy.started.isoformat(timespec="milliseconds"),
        "ready": proxy.ready,
        "up-time": round(proxy.timer.now() - proxy.since, 1),
        "configuration": proxy.configuration.path,
        "memory": _resident_bytes(),
        "instance": [
            {
                "instance": instance.name,
                "table": instance.config.table,
                "version": instance.version,
                "upstream": sorted(n for n, up in instance.upstreams.items() if up.link),
                "downstream": sorted(instance.downstreams),
                "waiting": _waiting(instance),
                "groups": sum(len(d.querier.groups) for d in instance.downstreams.values()),
            }
            for instance in proxy.instances
        ],
    }


def _waiting(instance: ProxyInstance) -> list[str]:
    """What the configuration names and is not there, or is of no use now."""
    ups = [name for name, upstream in instance.upstreams.items() if upstream.link is None]
    return ups + [name for name in instance.config.downstream if name not in instance.downstreams]


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def interfaces(proxy: Proxy) -> Iterator[Row]:
    """Each interface of each instance, in its role; those that are waited for are down."""
    now = proxy.timer.now()
    for instance in list(proxy.instances):
        for name, upstream in list(instance.upstreams.items()):
            yield _row(instance, name, "upstream") | _upstream(instance, upstream, now)
        names = [*instance.downstreams, *instance.config.downstream]
        for name in dict.fromkeys(names):
            downstream = instance.downstreams.get(name)
            yield _row(instance, name, "downstream") | _downstream(instance, downstream, now)


def _row(instance: ProxyInstance, name: str, role: str) -> Row:
    return {"instance": instance.name, "interface": name, "role": role}


def _upstream(instance: ProxyInstance, upstream: Upstream, now: float) -> Row:
    """``hold-timer`` is the time until an upstream that is held is preferred again, if ever."""
    held = instance.selection.preference.held().get(upstream.name)
    address = upstream.link.address(instance.family) if upstream.link else None
    return {
        "state": "down" if upstream.link is None else "up" if held is None else "held",
        "hold-timer": None if held in (None, NEVER) else round(held - now, 1),
        "version": upstream.host.version,
        "address": _text(address),
        "groups": len(upstream.host.groups),
        "last-query-heard": _ago(upstream.host.last_query, now),
        "last-report-sent": _ago(upstream.host.last_report, now),
    }


def _downstream(instance: ProxyInstance, downstream: Downstream | None, now: float) -> Row:
    """``query-timer`` is the time to our next query; ``expire`` that of another querier."""
    if downstream is None:
        return {"state": "down", "version": instance.version, "groups": 0}
    querier = downstream.querier
    election, ours, asking = querier.election, querier.is_querier, querier.next_general_query
    return {
        "state": "up",
        "version": querier.version,
        "address": _text(downstream.link.address(instance.family)),
        "querier": "local" if ours else "other",
        "querier-address": _text(election.address if ours else election.other),
        "expire": None if ours else round(election.until - now, 1),
        "query-timer": None if asking is None else round(asking - now, 1),
        "last-query-sent": _ago(querier.last_general_query, now),
        "groups": len(querier.groups),
        "up-time": _ago(downstream.since, now),
    }


def _ago(when: float | None, now: float) -> float | None:
    return None if when is None else round(now - when, 1)


def _text(address: bytes | None) -> str | None:
    return None if address is None else text(address)
