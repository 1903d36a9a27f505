"""Hostile clients of the control socket and the HTTP endpoint: how much later joins take effect."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .. import hostile_clients
from . import process
from .contenders import MCPROXY_SCRAPED, Contender
from .measure import Findings, Measure, Row, at_most
from .readers import delay_row, joins
from .site import Site, groups

_SECONDS = 3600
"""More than the measure takes; the clients are ended after it."""

_MEBIBYTE = 1 << 20


def _delays(contender: Contender, findings: Findings) -> None:
    group = groups(1)[0]
    with Site(contender) as site, site.stream(group):
        for name, where in (
            ("alone", ""),
            ("unix", str(site.daemon.socket)),
            ("tcp", "127.0.0.1:9464"),
        ):
            with _clients(site, where):
                time.sleep(1)
                before, begin = process.cpu_ns(site.pid), time.monotonic()
                reported, arrived = joins(site, group)
                used = (process.cpu_ns(site.pid) - before) / 1e7 / (time.monotonic() - begin)
            findings.add(f"hostile-http-reported-{name}", *reported)
            findings.add(f"hostile-http-arrived-{name}", *arrived)
            findings.add(f"hostile-http-cpu-{name}", used)
            findings.add(
                f"hostile-http-memory-{name}", process.resident_bytes(site.pid) / _MEBIBYTE
            )


@contextmanager
def _clients(site: Site, where: str) -> Iterator[None]:
    """All kinds of hostile clients at once."""
    if not where:
        yield
        return
    words = (sys.executable, hostile_clients.__file__, where, str(_SECONDS))
    running: subprocess.Popen[bytes] = site.proxy.popen(words)
    try:
        yield
    finally:
        running.kill()
        running.wait()


_CLIENTS = {"alone": "no clients", "unix": "control socket", "tcp": "TCP port"}


def _rows() -> Iterator[Row]:
    for name, clients in _CLIENTS.items():
        for key, title in (("reported", "join to report upstream"), ("arrived", "join to data")):
            yield delay_row(f"hostile-http-{key}-{name}", f"{title}, {clients}")
        yield Row(f"hostile-http-cpu-{name}", f"CPU, {clients}", "%", 0)
        yield Row(f"hostile-http-memory-{name}", f"memory, {clients}", "MiB", 1, at_most(96))


HOSTILE_CLIENTS = (
    Measure(
        "hostile-http",
        "Joins while hostile clients attack the control socket and the TCP port",
        "A host joins and leaves a group, to which 1,000 packets a second are sent. Meanwhile ten"
        " kinds of hostile clients run at once: garbage, endless headers and bodies, 200"
        " connections at a time, a byte a second, closed halves, a thousand requests at once,"
        " hidden requests, readers that do not read, a client that sends on and on, and the"
        " requests that cost most. The 99th percentiles of the times are shown.",
        tuple(_rows()),
        1,
        _delays,
        (MCPROXY_SCRAPED,),
    ),
)
