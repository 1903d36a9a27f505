"""Counts of messages and data, by interface and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...instance.source_forwarding import SourceForwarding
from .values import Row

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy


def rows(proxy: Proxy) -> Iterator[Row]:
    """What was sent, what could not be sent, what was dropped, doubtful or refused.

    What the kernel refused belongs to a table, and to no interface.
    """
    counts = (
        ("sent", proxy.sender.sent),
        ("not sent", proxy.sender.failed),
        ("dropped", proxy.receiver.dropped),
    )
    for what, counter in counts:
        for (interface, kind), count in sorted(counter.items()):
            yield {"interface": interface, "what": what, "kind": kind, "count": count}
    for upstream in proxy.upstreams:
        if upstream.foreign_queries:
            yield {
                "interface": upstream.name,
                "what": "accepted",
                "kind": "query-from-other-subnet",
                "count": upstream.foreign_queries,
            }
    yield from _kernel_refusals(proxy)
    for instance in proxy.instances:
        yield from _refusals(instance)


def _kernel_refusals(proxy: Proxy) -> Iterator[Row]:
    """What the kernel refused, by table; it is tried again."""
    for (family, number), kernel_table in proxy.routing.tables.items():
        for kind, count in kernel_table.refused.items():
            if count:
                row = {"interface": "", "what": "refused by the kernel", "kind": kind}
                yield row | {"count": count, "family": family.name, "table": number}


def _refusals(instance: ProxyInstance) -> Iterator[Row]:
    """What was valid but refused, on each link of an instance."""
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
            yield row | {"instance": instance.name, "family": instance.family.name}
