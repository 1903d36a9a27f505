"""Metrics of interfaces: memberships downstream, queriers, and upstreams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...config.model import DOWNSTREAM, UPSTREAM
from ...config.names import is_pattern
from ...instance.source_forwarding import SourceForwarding
from ..views import interfaces
from .definition import COUNTER, GAUGE, LINK, PROXY, UPSTREAM_LINK, Rows, Scrape, metric, place_of

if TYPE_CHECKING:
    from ...instance.downstream import Downstream
    from ...instance.upstream import Upstream

Labels = tuple[str, ...]


def downstreams(scrape: Scrape) -> Iterator[tuple[Labels, Downstream]]:
    """The downstreams in use, with the values of LINK."""
    for instance in list(scrape.proxy.instances):
        for name, downstream in list(instance.downstreams.items()):
            yield (*place_of(instance), name), downstream


def upstreams(scrape: Scrape) -> Iterator[tuple[Labels, Upstream]]:
    """The upstreams, each once, with the values of UPSTREAM_LINK."""
    for one in list(scrape.proxy.upstreams):
        yield (one.family.name, str(one.table), one.name), one


@metric(
    "interface_up",
    GAUGE,
    "Whether an interface of an instance is in use (1), or not usable now (0).",
    (*LINK, "role"),
)
def up(scrape: Scrape) -> Rows:
    links = scrape.proxy.monitor.links
    for instance in list(scrape.proxy.instances):
        place = place_of(instance)
        for name, upstream in list(instance.upstreams.items()):
            yield (*place, name, UPSTREAM), int(upstream.link is not None)
        for name in interfaces.downstreams(instance, links):
            if not is_pattern(name):
                yield (*place, name, DOWNSTREAM), int(name in instance.downstreams)


@metric("groups", GAUGE, "Groups that hosts of a downstream interface want.", LINK)
def groups(scrape: Scrape) -> Rows:
    for labels, downstream in downstreams(scrape):
        yield labels, len(downstream.querier.groups)


@metric(
    "hosts",
    GAUGE,
    "Hosts of a downstream interface whose memberships are tracked (see explicit-tracking).",
    LINK,
)
def hosts(scrape: Scrape) -> Rows:
    for labels, downstream in downstreams(scrape):
        known = downstream.querier.hosts
        yield (labels, known.count(scrape.now)) if known is not None else None


@metric(
    "querier",
    GAUGE,
    "Whether this router is the querier of a downstream interface (1), or another one is (0); "
    "nothing is forwarded to the interface then.",
    LINK,
)
def querier(scrape: Scrape) -> Rows:
    for labels, downstream in downstreams(scrape):
        yield labels, int(downstream.querier.is_querier)


@metric(
    "querier_changes_total",
    COUNTER,
    "How often this router became the querier of a downstream interface, or another one did.",
    LINK,
)
def querier_changes(scrape: Scrape) -> Rows:
    for labels, downstream in downstreams(scrape):
        yield labels, downstream.role_changes


@metric(
    "observed_sources",
    GAUGE,
    "Sources, with the groups that they send to, that an instance has learned from data; only "
    "where it forwards source by source.",
    PROXY,
)
def observed_sources(scrape: Scrape) -> Rows:
    for instance in list(scrape.proxy.instances):
        if isinstance(instance.forwarding, SourceForwarding):
            yield place_of(instance), len(instance.forwarding.sources)


@metric("upstream_groups", GAUGE, "Groups that are joined on an upstream interface.", UPSTREAM_LINK)
def upstream_groups(scrape: Scrape) -> Rows:
    for labels, upstream in upstreams(scrape):
        yield labels, len(upstream.host.groups)


@metric("upstream_joins_total", COUNTER, "Groups joined on an upstream interface.", UPSTREAM_LINK)
def joins(scrape: Scrape) -> Rows:
    for labels, upstream in upstreams(scrape):
        yield labels, upstream.host.joins


@metric("upstream_leaves_total", COUNTER, "Groups left on an upstream interface.", UPSTREAM_LINK)
def leaves(scrape: Scrape) -> Rows:
    for labels, upstream in upstreams(scrape):
        yield labels, upstream.host.leaves


@metric(
    "upstream_version",
    GAUGE,
    "The version of IGMP or MLD that is spoken on an upstream interface; an older one follows "
    "the querier there.",
    UPSTREAM_LINK,
)
def version(scrape: Scrape) -> Rows:
    for labels, upstream in upstreams(scrape):
        yield labels, upstream.host.version


@metric(
    "upstream_last_query_timestamp_seconds",
    GAUGE,
    "When a query was last heard on an upstream interface, in seconds since 1970; absent if never.",
    UPSTREAM_LINK,
    "seconds",
)
def last_query(scrape: Scrape) -> Rows:
    for labels, upstream in upstreams(scrape):
        when = upstream.host.last_query
        yield None if when is None else (labels, scrape.system_now - (scrape.now - when))


@metric(
    "upstream_last_report_timestamp_seconds",
    GAUGE,
    "When groups were last reported on an upstream interface, in seconds since 1970; absent if "
    "never.",
    UPSTREAM_LINK,
    "seconds",
)
def last_report(scrape: Scrape) -> Rows:
    for labels, upstream in upstreams(scrape):
        when = upstream.host.last_report
        yield None if when is None else (labels, scrape.system_now - (scrape.now - when))


@metric(
    "upstream_foreign_queries_total",
    COUNTER,
    "Queries on an upstream interface whose sender is in no subnet of it.",
    UPSTREAM_LINK,
)
def foreign_queries(scrape: Scrape) -> Rows:
    for labels, upstream in upstreams(scrape):
        yield labels, upstream.foreign_queries


METRICS = (
    up,
    groups,
    hosts,
    querier,
    querier_changes,
    observed_sources,
    upstream_groups,
    joins,
    leaves,
    version,
    last_query,
    last_report,
    foreign_queries,
)
