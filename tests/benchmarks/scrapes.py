"""What a scrape of ``/metrics`` costs: its time with many groups, and how much later joins are."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from . import process
from .contenders import MCPROXY_SCRAPED, Contender
from .measure import Findings, Measure, Row, at_most
from .readers import delay_row, joins, percentile_99, reports
from .site import Site, groups

_PORT = 9464
_ROUTES = 50_000
_SETTLING = 5.0
_SCRAPES = 20
_PERIOD = 1.0
_TURNS = 3
"""Turns without and with scrapes: what else the machine does is the same for both."""


def _scrape(site: Site) -> float:
    """Seconds until the answer is complete, as Prometheus asks for it."""
    begin = time.monotonic()
    with site.proxy.namespace:
        sock = socket.create_connection(("127.0.0.1", _PORT), 10)
    connection = http.client.HTTPConnection("127.0.0.1", _PORT)
    connection.sock = sock
    try:
        accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
        connection.request("GET", "/metrics", headers={"Accept": accept})
        answer = connection.getresponse()
        if answer.status != 200 or not answer.read().endswith(b"# EOF\n"):
            raise RuntimeError(f"the scrape was answered with {answer.status}")
    finally:
        connection.close()
    return time.monotonic() - begin


def _scrapes(contender: Contender, findings: Findings) -> None:
    with Site(contender) as site:
        before = site.daemon.resident_bytes()
        findings.add("scrape-first", 1000 * _scrape(site))
        findings.add("scrape-memory", (site.daemon.resident_bytes() - before) / 2**20)
        _measure(site, findings, "few")
        if not site.send_reports(reports(groups(_ROUTES))):
            raise RuntimeError(f"{contender.name} did not read the joins of {_ROUTES} groups")
        time.sleep(_SETTLING)
        _measure(site, findings, "many")


def _measure(site: Site, findings: Findings, name: str) -> None:
    for _ in range(_SCRAPES):
        cpu = process.cpu_ns(site.pid)
        findings.add(f"scrape-{name}", 1000 * _scrape(site))
        findings.add(f"scrape-{name}-cpu", (process.cpu_ns(site.pid) - cpu) / 1e6)
        time.sleep(0.2)


def _delays(contender: Contender, findings: Findings) -> None:
    *many, group = groups(_ROUTES + 1)
    with Site(contender) as site:
        if not site.send_reports(reports(many)):
            raise RuntimeError(f"{contender.name} did not read the joins of {_ROUTES} groups")
        _scrape(site)
        time.sleep(_SETTLING)
        alone: tuple[list[float], list[float]] = [], []
        beside: tuple[list[float], list[float]] = [], []
        with site.stream(group):
            for _ in range(_TURNS):
                _add(joins(site, group), alone)
                with _scraper(site):
                    _add(joins(site, group), beside)
    for what, one, other in (
        ("reported", alone[0], beside[0]),
        ("arrived", alone[1], beside[1]),
    ):
        findings.add(f"scraped-{what}-alone", *one)
        findings.add(f"scraped-{what}", *other)
        findings.add(f"scraped-{what}-later", percentile_99(other) - percentile_99(one))


def _add(found: tuple[list[float], list[float]], to: tuple[list[float], list[float]]) -> None:
    for values, all_values in zip(found, to, strict=True):
        all_values += values


@contextmanager
def _scraper(site: Site) -> Iterator[None]:
    """Scrape every second."""
    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(_PERIOD):
            _scrape(site)

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


SCRAPES = (
    Measure(
        "scrape",
        "Scrapes of /metrics",
        "With ``[http]``, /metrics is read as Prometheus does, as OpenMetrics: once, when "
        "the daemon imports what it needs for it; then twenty times without groups, and twenty "
        "times with 50,000 groups.",
        (
            Row("scrape-first", "the first scrape", "ms", 1),
            Row("scrape-memory", "memory that it adds", "MiB", 1),
            Row("scrape-few", "a scrape without groups", "ms", 1),
            Row("scrape-few-cpu", "CPU of the daemon for it", "ms", 1),
            Row("scrape-many", "a scrape with 50,000 groups", "ms", 1, at_most(100)),
            Row("scrape-many-cpu", "CPU of the daemon for it", "ms", 1),
        ),
        1,
        _scrapes,
        (MCPROXY_SCRAPED,),
    ),
    Measure(
        "scraped-joins",
        "Joins while Prometheus reads every second",
        "As the joins while somebody reads the flows, with a scrape of /metrics every second in "
        "place of the reader.",
        (
            delay_row("scraped-reported-alone", "join to report upstream, nobody reads"),
            delay_row("scraped-reported", "join to report upstream, a scrape every second"),
            Row("scraped-reported-later", "difference", "ms", 2, at_most(5)),
            delay_row("scraped-arrived-alone", "join to data, nobody reads"),
            delay_row("scraped-arrived", "join to data, a scrape every second"),
            Row("scraped-arrived-later", "difference", "ms", 2, at_most(5)),
        ),
        1,
        _delays,
        (MCPROXY_SCRAPED,),
    ),
)
