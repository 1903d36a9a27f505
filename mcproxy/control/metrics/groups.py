"""Metrics of the groups that a scrape asks for by ``?group=``, and of no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...linux.mroute.socket import Counters
from ...protocol.family import Address
from ..views.values import short_text
from .definition import COUNTER, GAUGE, PROXY, Rows, Scrape, metric, place_of

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance

MOST_SOURCES = 32
"""Sources of a group that have time series, the lowest addresses first."""

_GROUP = (*PROXY, "group")

Labels = tuple[str, ...]


def _groups(scrape: Scrape) -> Iterator[tuple[Labels, ProxyInstance, Address]]:
    for instance in list(scrape.proxy.instances):
        for group in scrape.groups:
            if len(group) == instance.family.address_size:
                labels = *place_of(instance), short_text(group)
                yield labels, instance, group


def _entries(scrape: Scrape) -> Iterator[tuple[Labels, Counters]]:
    """What the kernel counted for each entry of the groups."""
    tables = scrape.proxy.routing.tables
    for labels, instance, group in _groups(scrape):
        table = tables.get(instance.table_key)
        if table is None:
            continue
        sources = {entry.source for entry in table.installed.of(group)}
        for source in sorted(sources)[:MOST_SOURCES]:
            found = table.entry_counters(source, group)
            if found is not None:
                yield (*labels, short_text(source) if any(source) else "*"), found


@metric(
    "group_interfaces",
    GAUGE,
    "Downstream interfaces of an instance that want the group.",
    _GROUP,
)
def interfaces(scrape: Scrape) -> Rows:
    for labels, instance, group in _groups(scrape):
        yield labels, len(instance.database.subscriptions(group))


@metric(
    "group_joined",
    GAUGE,
    "Whether the group is joined on an upstream interface of the instance.",
    (*_GROUP, "interface"),
)
def joined(scrape: Scrape) -> Rows:
    for labels, instance, group in _groups(scrape):
        for name, upstream in list(instance.upstreams.items()):
            yield (*labels, name), int(group in upstream.host.groups)


@metric(
    "group_packets_total",
    COUNTER,
    "Packets of the group that were forwarded, as its entries in the kernel count them; instances "
    "of one table share entries.",
    (*_GROUP, "source"),
)
def packets(scrape: Scrape) -> Rows:
    for labels, found in _entries(scrape):
        yield labels, found.packets - found.wrong_interface


@metric(
    "group_bytes_total",
    COUNTER,
    "Bytes of the group that came in, from any interface.",
    (*_GROUP, "source"),
    "bytes",
)
def size(scrape: Scrape) -> Rows:
    for labels, found in _entries(scrape):
        yield labels, found.bytes


@metric(
    "group_wrong_interface_packets_total",
    COUNTER,
    "Packets of the group that came in on another interface than the one of its entry.",
    (*_GROUP, "source"),
)
def wrong_interface(scrape: Scrape) -> Rows:
    for labels, found in _entries(scrape):
        yield labels, found.wrong_interface


METRICS = (interfaces, joined, packets, size, wrong_interface)
