"""The entries that each proxy instance wants in the kernel table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ...protocol.family import Address
from ...protocol.forwarding.planner import NO_INTERFACE, Route
from .values import Row, in_order, short_text

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy


def rows(proxy: Proxy) -> Iterator[Row | None]:
    """Entries with their iif and oifs; ``*`` stands for any source or any group."""
    for instance in list(proxy.instances):
        any_address = instance.family.unspecified
        yield from map(_row(instance, any_address), instance.plan(any_address))
        for group in in_order(set(instance.planned_groups())):
            if group is None:
                yield None
            else:
                yield from map(_row(instance, group), instance.plan(group))


def _row(instance: ProxyInstance, group: Address) -> Callable[[Route], Row]:
    any_address = instance.family.unspecified

    def row(route: Route) -> Row:
        return {
            "instance": instance.name,
            "family": instance.family.name,
            "source-address": "*" if route.source == any_address else short_text(route.source),
            "group-address": "*" if group == any_address else short_text(group),
            "incoming-interface": "" if route.parent[:1] == NO_INTERFACE else route.parent,
            "outgoing-interface": sorted(route.outgoing),
        }

    return row
