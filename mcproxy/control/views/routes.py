"""The entries that each proxy instance wants in the kernel table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...protocol.family import text
from ...protocol.forwarding.planner import NO_INTERFACE
from .values import Row

if TYPE_CHECKING:
    from ...proxy import Proxy


def rows(proxy: Proxy) -> Iterator[Row]:
    """Entries with their iif and oifs; ``*`` stands for any source or any group."""
    for instance in list(proxy.instances):
        any_address = instance.family.unspecified
        for group in (any_address, *sorted(set(instance.planned_groups()))):
            for route in instance.plan(group):
                yield {
                    "instance": instance.name,
                    "source-address": "*" if route.source == any_address else text(route.source),
                    "group-address": "*" if group == any_address else text(group),
                    "incoming-interface": "" if route.parent[:1] == NO_INTERFACE else route.parent,
                    "outgoing-interface": sorted(route.outgoing),
                }
