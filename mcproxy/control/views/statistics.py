"""Counts by interface: messages, drops and refusals by reason, and data.

The reasons are explained in docs/reference/reasons.rst.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...instance.source_forwarding import SourceForwarding
from ...protocol.family import IPV4, IPV6
from ...protocol.policy.counted import CountedBoundary, CountedFilter
from .values import Row, place

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...message_counts import MessageCounts
    from ...proxy import Proxy

RECEIVED, SENT, NOT_SENT = "received", "sent", "not sent"
DROPPED, REFUSED, DENIED = "dropped", "refused", "denied"
IGNORED, ACCEPTED, KERNEL = "ignored", "accepted", "refused by the kernel"
DATA_IN, DATA_OUT = "data in", "data out"

MAX_HOSTS, LEARNED_SOURCES = "max-hosts", "learned-sources"
LINK_SCOPE, FOREIGN_QUERY = "link-scope", "query-from-other-subnet"
ENTRY, VIF, RULE = "entry", "vif", "rule"
FILTER, BOUNDARY = "filter", "boundary"

OTHER_REASONS = (
    MAX_HOSTS, LEARNED_SOURCES, LINK_SCOPE, FOREIGN_QUERY, ENTRY, VIF, RULE, FILTER, BOUNDARY,
)  # fmt: skip
"""Reasons that are values of no enumeration."""


def rows(proxy: Proxy) -> Iterator[Row]:
    """Counts since the daemon began, or since they were cleared; those that are 0 are left out.

    ``what`` happened to messages or data, and ``kind`` is their type or the reason. Messages
    have a ``version``, data has ``bytes``. ``interface`` is empty where it is not known.
    """
    for row in _all(proxy):
        before = proxy.cleared.get(_key(row), (0, 0))
        count, size = row["count"] - before[0], row.get("bytes", 0) - before[1]
        if count < 0 or size < 0:
            count, size = row["count"], row.get("bytes", 0)  # counted anew since then
        if count:
            yield row | {"count": count} | ({"bytes": size} if "bytes" in row else {})


def clear(proxy: Proxy) -> None:
    """Begin all counts at 0."""
    proxy.cleared = {_key(row): (row["count"], row.get("bytes", 0)) for row in _all(proxy)}


def _key(row: Row) -> tuple[object, ...]:
    """What identifies a count."""
    return tuple(value for key, value in row.items() if key not in ("count", "bytes"))


def _all(proxy: Proxy) -> Iterator[Row]:
    yield from _messages(RECEIVED, *(one.messages for one in proxy.receiver.counts.values()))
    yield from _messages(SENT, proxy.sender.messages)
    yield from _messages(NOT_SENT, proxy.sender.not_sent)
    for family, counts in proxy.receiver.counts.items():
        for (interface, reason), count in sorted(counts.dropped.items()):
            yield _row(family.name, interface, DROPPED, reason, count)
    for upstream in proxy.upstreams:
        count = upstream.foreign_queries
        yield _row(upstream.family.name, upstream.name, ACCEPTED, FOREIGN_QUERY, count)
    for instance in list(proxy.instances):
        yield from of_instance(instance)
    for (family, number), table in proxy.routing.tables.items():
        for kind, count in table.refused.items():
            yield _row(family.name, "", KERNEL, kind, count) | {"table": number}
    yield from _data(proxy)


def _row(family: str, interface: str, what: str, kind: str, count: int) -> Row:
    return {
        "family": family,
        "interface": interface,
        "what": what,
        "kind": kind,
        "count": count,
    }


def _messages(what: str, *counts: MessageCounts) -> Iterator[Row]:
    for one in counts:
        for key, count in sorted(one.items()):
            row = _row(key.family, key.interface, what, key.kind, count)
            yield row | {"version": key.version or None}


def of_instance(instance: ProxyInstance) -> Iterator[Row]:
    """What was refused, denied or ignored on each link of an instance."""
    for name, downstream in sorted(instance.downstreams.items()):
        querier = downstream.querier
        refused = [(reason.value, count) for reason, count in querier.refused.items()]
        if querier.hosts is not None:
            refused.append((MAX_HOSTS, querier.hosts.untracked))
        for kind, count in sorted(refused):
            yield _of_link(instance, name, REFUSED, kind, count)
        yield _of_link(instance, name, IGNORED, LINK_SCOPE, querier.admission.link_scope)
    if isinstance(instance.forwarding, SourceForwarding):
        for name, count in sorted(instance.forwarding.sources.refused.items()):
            yield _of_link(instance, name, REFUSED, LEARNED_SOURCES, count)
    yield from _denials(instance)


def _of_link(instance: ProxyInstance, name: str, what: str, kind: str, count: int) -> Row:
    return place(instance, name) | {"what": what, "kind": kind, "count": count}


def _denials(instance: ProxyInstance) -> Iterable[Row]:
    """How often a filter or the boundary said no; see the view of filters for the rules."""
    policy = instance.policy
    for number, one in enumerate(policy.filters):
        if isinstance(one, CountedFilter):
            row = _of_link(instance, "", DENIED, FILTER, one.denials.total)
            yield row | {"filter": number}
    if isinstance(policy.within_boundary, CountedBoundary):
        count = policy.within_boundary.denials.total
        yield _of_link(instance, "", DENIED, BOUNDARY, count)


def _data(proxy: Proxy) -> Iterator[Row]:
    """Data that came in and went out by the kernel's tables; an interface may be in several."""
    counters = proxy.routing.sampler.vifs()
    for family in (IPV4, IPV6):
        for (its, number, name), found in counters.items():
            if its is family:
                table = {"table": number}
                row = _row(family.name, name, DATA_IN, "packets", found.packets_in) | table
                yield row | {"bytes": found.bytes_in}
                row = _row(family.name, name, DATA_OUT, "packets", found.packets_out) | table
                yield row | {"bytes": found.bytes_out}
