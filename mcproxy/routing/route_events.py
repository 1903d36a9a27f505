"""What a batch changed in the kernel's table, as events."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..events.forwarding import RouteInstalled, RouteRemoved
from ..linux.mroute.operations import REMOVE
from ..linux.mroute.socket import MulticastTable
from .plan import Batch
from .vifs import Vifs

ROUTES = frozenset({RouteInstalled, RouteRemoved})


def route_events(
    kernel: MulticastTable, vifs: Vifs, batch: Batch, failed: Collection[int]
) -> Iterator[RouteInstalled | RouteRemoved]:
    """An event for each operation on an entry, but the ``failed`` ones, by position."""
    names = {vif.number: name for name, vif in vifs.by_name.items()}
    for position, operation in enumerate(batch.operations):
        if position < len(batch.vifs) or position in failed:
            continue
        source, group, tail = kernel.read_entry(operation)
        if operation[0] == REMOVE:
            yield RouteRemoved(table=kernel.table, source=source, group=group)
            continue
        parent, outgoing = kernel.read_tail(tail)
        incoming = (names[parent],) if parent in names else ()
        leaving = tuple(sorted(names[number] for number in outgoing if number in names))
        yield RouteInstalled(
            table=kernel.table, source=source, group=group, incoming=incoming, outgoing=leaving
        )
