"""The sources whose data is known: observed ones, and those of entries in the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...instance.source_forwarding import SourceForwarding
from ...protocol.family import Address
from .values import Row, in_order, place, seconds_since, short_text

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy

OBSERVED, INSTALLED = "observed", "installed"
"""How a source is known: its data came in, or a host named it and its entry stands ready."""


def rows(proxy: Proxy) -> Iterator[Row | None]:
    """The sources of each instance, by group; ``packets`` is what the kernel counted last.

    An instance that forwards by groups observes no sources: of these the ones with entries of
    their own are listed.
    """
    for instance in list(proxy.instances):
        for group in in_order(set(instance.planned_groups())):
            if group is None:
                yield None
            else:
                yield from _of_group(instance, group, proxy.timer.now())
                yield None


def _of_group(instance: ProxyInstance, group: Address, now: float) -> Iterator[Row]:
    forwarding = instance.forwarding
    is_observing = isinstance(forwarding, SourceForwarding)
    heard = forwarding.sources.of(group) if isinstance(forwarding, SourceForwarding) else {}
    entries = {route.source: route for route in instance.plan(group) if any(route.source)}
    for source in sorted({*heard, *entries}):
        known, route = heard.get(source), entries.get(source)
        arrival = known.arrival if known else route.parent if route else ""
        yield place(instance, arrival) | {
            "source-address": short_text(source),
            "group-address": short_text(group),
            "state": OBSERVED if known else INSTALLED,
            "incoming-interface": arrival,
            "outgoing-interface": sorted(route.outgoing) if route else [],
            "packets": known.packets if known else None,
            "last-seen": seconds_since(known.when, now) if known else None,
            "per-source": is_observing,
        }
