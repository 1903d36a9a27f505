"""The views that are lists of rows: where each comes from, and what it can be filtered by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from ..protocol.family import Address
from .row_filter import KEYS
from .views import (
    counters,
    filters,
    flows,
    groups,
    hosts,
    interfaces,
    routes,
    sources,
    statistics,
    upstreams,
)
from .views.values import Row

if TYPE_CHECKING:
    from ..proxy import Proxy

_LINKS = ("family", "instance", "interface")
_GROUPS = (*_LINKS, "group")


class View(NamedTuple):
    """A view: its rows, of which None is a pause, and the keys of its filters.

    ``at_once`` makes all rows before the first is sent: they belong to one moment. The rows of a
    view that ``looks_for`` groups are made of a reading of the kernel's counters too, which is
    their second argument; its look at what arrives includes these groups.
    """

    rows: Callable[..., Iterable[Row | None]]
    keys: tuple[str, ...]
    at_once: bool = False
    looks_for: Callable[[Proxy], Iterable[Address]] | None = None


VIEWS: dict[str, View] = {
    "interfaces": View(interfaces.rows, _LINKS),
    "groups": View(groups.rows, KEYS),
    "hosts": View(hosts.rows, _GROUPS),
    "upstreams": View(upstreams.rows, KEYS),
    "sources": View(sources.rows, KEYS),
    "filters": View(filters.rows, _LINKS),
    "routes": View(routes.rows, KEYS),
    "flows": View(flows.rows, KEYS, looks_for=flows.without_entry),
    "statistics": View(statistics.rows, _LINKS, at_once=True),
    "counters": View(counters.rows, _LINKS, at_once=True),
}
"""By name; the path is ``/NAME``, and the answer an object with the one member NAME."""
