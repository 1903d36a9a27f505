"""Metrics of the daemon as a whole."""

from __future__ import annotations

from collections import Counter

from ... import __version__
from ...change_counts import COMMAND, RELOAD
from ...protocol.family import FAMILIES
from ..views import degraded as impairments
from .definition import COUNTER, GAUGE, INFO, PROXY, Rows, Scrape, metric, place_of


@metric("build_info", INFO, "The running program.", ("version",))
def build(_: Scrape) -> Rows:
    yield (__version__,), 1


@metric("ready", GAUGE, "Whether the daemon forwards (1), or still starts (0).")
def ready(scrape: Scrape) -> Rows:
    yield (), int(scrape.proxy.ready)


@metric(
    "start_time_seconds",
    GAUGE,
    "When this program began, in seconds since 1970; a restart in place begins it anew, but keeps "
    "the process.",
    unit="seconds",
)
def start_time(scrape: Scrape) -> Rows:
    yield (), scrape.proxy.started.timestamp()


@metric(
    "restarts_total",
    COUNTER,
    "Restarts in place (mcproxy restart) since the daemon was started.",
)
def restarts(scrape: Scrape) -> Rows:
    yield (), scrape.proxy.restarts


@metric(
    "configuration_changes_total",
    COUNTER,
    "Reloads of the file and changes by command, applied or refused.",
    ("change", "result"),
)
def changes(scrape: Scrape) -> Rows:
    counts = scrape.proxy.change_counts
    for what in (RELOAD, COMMAND):
        yield (what, "applied"), counts.applied[what]
        yield (what, "refused"), counts.refused[what]


@metric(
    "configuration_timestamp_seconds",
    GAUGE,
    "When the running configuration came into use, in seconds since 1970: at the last change that "
    "was applied, or at the start.",
    unit="seconds",
)
def configuration_age(scrape: Scrape) -> Rows:
    applied = scrape.proxy.change_counts.last_applied
    yield (), scrape.proxy.started.timestamp() if applied is None else applied


@metric(
    "configuration_last_change_successful",
    GAUGE,
    "Whether the latest reload or change was applied (1), or refused (0).",
)
def last_change(scrape: Scrape) -> Rows:
    yield (), int(not scrape.proxy.change_counts.last_failed)


@metric("instances", GAUGE, "Proxy instances of a family that run.", ("family",))
def instances(scrape: Scrape) -> Rows:
    found = Counter(instance.family.name for instance in scrape.proxy.instances)
    for family in FAMILIES:
        yield (family.name,), found[family.name]


@metric(
    "impairments",
    GAUGE,
    "What does not work as it should in an instance: the lines under Degraded of mcproxy show "
    "status.",
    PROXY,
)
def degraded(scrape: Scrape) -> Rows:
    proxy = scrape.proxy
    for instance in list(proxy.instances):
        found = sum(1 for _ in impairments.of_instance(proxy, instance))
        yield place_of(instance), found


METRICS = (
    build,
    ready,
    start_time,
    restarts,
    changes,
    configuration_age,
    last_change,
    instances,
    degraded,
)
