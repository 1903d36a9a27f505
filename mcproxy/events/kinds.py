"""All kinds of events, by the name that users know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import daemon, forwarding, links, membership, routers, upstream
from .event import Event


def _all(parent: type[Event]) -> Iterator[type[Event]]:
    for kind in parent.__subclasses__():
        yield from _all(kind)
        if "kind" in vars(kind):
            yield kind


_MODULES = (daemon, forwarding, links, membership, routers, upstream)

KINDS: Mapping[str, type[Event]] = {kind.kind: kind for kind in _all(Event)}
"""By name, as "join"; the base classes of several kinds are not among them."""
