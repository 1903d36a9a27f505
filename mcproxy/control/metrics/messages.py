"""Metrics of messages: what came, what was sent, and what was not acted upon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...message_counts import MessageCounts
from ...protocol.policy.counted import CountedBoundary, CountedFilter
from ..views import statistics
from ..views.statistics import BOUNDARY, ENTRY, IGNORED, REFUSED, RULE, VIF
from .definition import COUNTER, LINK, PROXY, Rows, Scrape, metric, place_of

if TYPE_CHECKING:
    pass

_MESSAGE = ("family", "interface", "type", "version")


def _counts(scrape: Scrape, *counts: MessageCounts) -> Rows:
    """Counts of interfaces that exist: those of others would be more and more in time."""
    links = scrape.proxy.monitor.links
    for one in counts:
        for key, count in list(one.items()):
            if key.interface in links:
                version = str(key.version) if key.version else ""
                yield (key.family, key.interface, key.kind, version), count


@metric("messages_received_total", COUNTER, "Messages that were accepted.", _MESSAGE)
def received(scrape: Scrape) -> Rows:
    yield from _counts(scrape, *(one.messages for one in scrape.proxy.receiver.counts.values()))


@metric("messages_sent_total", COUNTER, "Messages that were sent.", _MESSAGE)
def sent(scrape: Scrape) -> Rows:
    yield from _counts(scrape, scrape.proxy.sender.messages)


@metric("messages_unsent_total", COUNTER, "Messages that the kernel refused to send.", _MESSAGE)
def unsent(scrape: Scrape) -> Rows:
    yield from _counts(scrape, scrape.proxy.sender.not_sent)


@metric(
    "messages_dropped_total",
    COUNTER,
    "Received messages that were dropped: they break a rule, or came faster than they could be "
    "processed. A reason appears when it first occurs.",
    ("family", "interface", "reason"),
)
def dropped(scrape: Scrape) -> Rows:
    links = scrape.proxy.monitor.links
    for family, counts in scrape.proxy.receiver.counts.items():
        for (interface, reason), count in list(counts.dropped.items()):
            if not interface or interface in links:
                yield (family.name, interface, reason), count


def _of_links(scrape: Scrape, what: str) -> Rows:
    for instance in list(scrape.proxy.instances):
        for row in list(statistics.of_instance(instance)):
            if row["what"] == what and row["count"]:
                yield (*place_of(instance), row["interface"], row["kind"]), row["count"]


@metric(
    "refusals_total",
    COUNTER,
    "Valid messages, or parts of them, that were refused by the settings. A reason appears when it "
    "first occurs.",
    (*LINK, "reason"),
)
def refusals(scrape: Scrape) -> Rows:
    yield from _of_links(scrape, REFUSED)


@metric(
    "ignored_total",
    COUNTER,
    "Parts of messages that concern no router, such as joins of link-local groups.",
    (*LINK, "reason"),
)
def ignored(scrape: Scrape) -> Rows:
    yield from _of_links(scrape, IGNORED)


@metric(
    "denials_total",
    COUNTER,
    "How often a filter or the boundary of an instance said no, for requests and for data.",
    (*PROXY, "filter"),
)
def denials(scrape: Scrape) -> Rows:
    for instance in list(scrape.proxy.instances):
        place, policy = place_of(instance), instance.policy
        for number, one in enumerate(policy.filters):
            if isinstance(one, CountedFilter):
                yield (*place, str(number)), one.denials.total
        if isinstance(policy.within_boundary, CountedBoundary):
            yield (*place, BOUNDARY), policy.within_boundary.denials.total


@metric(
    "kernel_refusals_total",
    COUNTER,
    "Changes of a multicast routing table that the kernel refused; they are tried again.",
    ("family", "table", "object"),
)
def kernel_refusals(scrape: Scrape) -> Rows:
    for (family, number), table in list(scrape.proxy.routing.tables.items()):
        counts = table.refused
        for what in (ENTRY, VIF, RULE):
            yield (family.name, str(number), what), counts.get(what, 0)


METRICS = (received, sent, unsent, dropped, refusals, ignored, denials, kernel_refusals)
