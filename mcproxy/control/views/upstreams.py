"""What is asked of each upstream, why, and how its router behaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...config.model import UPSTREAM
from ...protocol.family import Address
from .interfaces import rows as interface_rows
from .values import Row, address_text, in_order, place, seconds_since, short_text

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...instance.upstream import Upstream
    from ...proxy import Proxy

STATIC = "static"
"""Stands for ``static-group`` in the place of an interface, or beside it."""


def rows(proxy: Proxy) -> Iterator[Row | None]:
    """A row for each upstream, whose group is ``*``, and then one for each group joined there."""
    for row in interface_rows(proxy):
        if row["role"] == UPSTREAM:
            yield {"group-address": "*"} | row
    for instance in list(proxy.instances):
        for name, upstream in list(instance.upstreams.items()):
            for group in in_order(upstream.host.groups if upstream.link else ()):
                found = None if group is None else group_row(instance, upstream, group, proxy)
                yield None if found is None else place(instance, name) | found


def group_row(
    instance: ProxyInstance, upstream: Upstream, group: Address, proxy: Proxy
) -> Row | None:
    """A group that is joined on the upstream; None if it has been left, or is another's."""
    wanted = upstream.host.groups.get(group)
    wanted_by = _wanted_by(instance, group)
    if wanted is None or not wanted_by:
        return None
    now = proxy.timer.now()
    return {
        "group-address": short_text(group),
        "filter-mode": wanted.mode.value,
        "source-address": sorted(map(short_text, wanted.sources)),
        "up-time": seconds_since(upstream.host.asked_since.get(group), now),
        "reported": not upstream.leaves_out(group),
        "wanted-by": wanted_by,
    }


def _wanted_by(instance: ProxyInstance, group: Address) -> list[Row]:
    """The downstreams that want a group, each with its last reporter, and static groups."""
    found = []
    for name in instance.database.upstream_wants(group):
        downstream = instance.downstreams.get(name)
        known = downstream and downstream.querier.groups.get(group)
        host = known.last_reporter if known else None
        found.append(
            {
                "interface": name or STATIC,
                "host-address": address_text(host),
                "static": not name or not known,
            }
        )
    return found
