"""What open web pages cost: how much later joins take effect, and processor time.

A page is a client that reads /live, as the browser does.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .contenders import MCPROXY_QUICK, Contender
from .measure import Findings, Measure, Row, at_most
from .readers import delay_row, joins, percentile_99, reports
from .site import Site, groups

_ROUTES = 50_000
_FLOWS = 2_000
_PAGES = 10
_SETTLING = 5.0
_TURNS = 3
"""Turns without and with pages: what else the machine does is the same for both."""

_WATCHED = 20.0
_FIRST_ROWS = 60.0
"""Seconds until a page has its first rows, at most."""


class _Page:
    """Reads the stream; ``cycles`` and ``bytes`` count what came."""

    def __init__(self, path: Path) -> None:
        self.cycles = self.bytes = 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._socket.sendall(b"GET /live HTTP/1.1\r\nHost: mcproxy\r\n\r\n")
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        """Close the page."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        while data := self._socket.recv(1 << 18):
            self.bytes += len(data)
            self.cycles += data.count(b"event: cycle\n")


@contextmanager
def _pages(path: Path, count: int) -> Iterator[list[_Page]]:
    """Open pages that have got their rows."""
    with ExitStack() as closing:
        opened = []
        for _ in range(count):
            page = _Page(path)
            closing.callback(page.close)
            opened.append(page)
        deadline = time.monotonic() + _FIRST_ROWS
        while not all(page.cycles for page in opened):
            if time.monotonic() > deadline:
                raise RuntimeError("a page gets no rows")
            time.sleep(0.1)
        yield opened


def _delays(contender: Contender, findings: Findings) -> None:
    *many, group = groups(_ROUTES + 1)
    with Site(contender) as site:
        if not site.send_reports(reports(many)):
            raise RuntimeError(f"{contender.name} did not read the joins of {_ROUTES} groups")
        time.sleep(_SETTLING)
        with site.stream(group):
            for _ in range(_TURNS):
                _add(findings, "alone", *joins(site, group))
                with _pages(site.daemon.socket, _PAGES) as opened:
                    before, begin = opened[0].cycles, time.monotonic()
                    _add(findings, "beside", *joins(site, group))
                    cycles = opened[0].cycles - before
                    findings.add("page-interval", (time.monotonic() - begin) / max(1, cycles))
    for what in ("reported", "arrived"):
        alone, beside = (findings.values[f"page-{what}-{how}"] for how in ("alone", "beside"))
        findings.add(f"page-{what}-later", percentile_99(beside) - percentile_99(alone))


def _add(findings: Findings, how: str, reported: list[float], arrived: list[float]) -> None:
    findings.add(f"page-reported-{how}", *reported)
    findings.add(f"page-arrived-{how}", *arrived)


def _costs(contender: Contender, findings: Findings) -> None:
    with Site(contender) as site:
        if not site.send_reports(reports(groups(_FLOWS))):
            raise RuntimeError(f"{contender.name} did not read the joins of {_FLOWS} groups")
        time.sleep(_SETTLING)
        for count in (0, 1, _PAGES):
            with _pages(site.daemon.socket, count):
                time.sleep(2)
                before = site.daemon.cpu_seconds()
                time.sleep(_WATCHED)
                used = site.daemon.cpu_seconds() - before
            findings.add(f"page-processor-{count}", 100 * used / _WATCHED)
            time.sleep(1)


PAGES = (
    Measure(
        "pages",
        "Joins while ten web pages are open",
        "With 50,000 groups, a host joins and leaves one more group, to which 1,000 packets a "
        "second are sent. No page is open, then ten pages follow all flows, in turns. Times are "
        "those from the join until it is reported upstream, and until data arrives. The 99th "
        "percentiles are shown, and how much larger they are with the pages.",
        (
            delay_row("page-reported-alone", "join to report upstream, no page"),
            delay_row("page-reported-beside", "join to report upstream, ten pages"),
            Row("page-reported-later", "difference", "ms", 2, at_most(5)),
            delay_row("page-arrived-alone", "join to data, no page"),
            delay_row("page-arrived-beside", "join to data, ten pages"),
            Row("page-arrived-later", "difference", "ms", 2, at_most(5)),
            Row("page-interval", "time between two states of a page", "s", 2),
        ),
        1,
        _delays,
        (MCPROXY_QUICK,),
    ),
    Measure(
        "page-costs",
        "Processor time of open web pages",
        "The daemon has 2,000 flows, and nothing changes.",
        (
            Row("page-processor-0", "no page", "%", 2),
            Row("page-processor-1", "one page", "%", 2),
            Row(f"page-processor-{_PAGES}", "ten pages", "%", 2),
        ),
        1,
        _costs,
        (MCPROXY_QUICK,),
    ),
)
