"""Metrics of the data that the kernel forwards, and of its entries."""

from __future__ import annotations

from collections.abc import Iterator

from ...linux.mroute.counters import VifCounters
from .definition import COUNTER, GAUGE, Rows, Scrape, metric

_TABLE = ("family", "table")
_VIF = (*_TABLE, "interface")


def _vifs(scrape: Scrape) -> Iterator[tuple[tuple[str, ...], VifCounters]]:
    for (family, number, name), found in scrape.proxy.routing.sampler.vifs().items():
        yield (family.name, str(number), name), found


@metric(
    "data_received_packets_total",
    COUNTER,
    "Packets of multicast data that came in on an interface, as the kernel's table counts them.",
    _VIF,
)
def packets_in(scrape: Scrape) -> Rows:
    for labels, found in _vifs(scrape):
        yield labels, found.packets_in


@metric(
    "data_received_bytes_total",
    COUNTER,
    "Bytes of multicast data that came in on an interface.",
    _VIF,
    "bytes",
)
def bytes_in(scrape: Scrape) -> Rows:
    for labels, found in _vifs(scrape):
        yield labels, found.bytes_in


@metric(
    "data_sent_packets_total",
    COUNTER,
    "Packets of multicast data that were routed to an interface; a firewall may drop them after.",
    _VIF,
)
def packets_out(scrape: Scrape) -> Rows:
    for labels, found in _vifs(scrape):
        yield labels, found.packets_out


@metric(
    "data_sent_bytes_total",
    COUNTER,
    "Bytes of multicast data that were routed to an interface.",
    _VIF,
    "bytes",
)
def bytes_out(scrape: Scrape) -> Rows:
    for labels, found in _vifs(scrape):
        yield labels, found.bytes_out


@metric("entries", GAUGE, "Entries of a multicast routing table of the kernel: flows.", _TABLE)
def entries(scrape: Scrape) -> Rows:
    for (family, number), table in list(scrape.proxy.routing.tables.items()):
        yield (family.name, str(number)), table.installed.count


@metric("entry_groups", GAUGE, "Groups that have entries in a multicast routing table.", _TABLE)
def entry_groups(scrape: Scrape) -> Rows:
    for (family, number), table in list(scrape.proxy.routing.tables.items()):
        yield (family.name, str(number)), len(table.installed)


METRICS = (packets_in, bytes_in, packets_out, bytes_out, entries, entry_groups)
