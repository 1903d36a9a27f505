"""``mcproxy show groups`` with many groups: its time, and what it does to joins meanwhile."""

from __future__ import annotations

import resource
import threading
import time

from mcproxy.protocol.wire.packets import RecordType

from . import process
from .contenders import MCPROXY, Contender
from .measure import Findings, Measure, Row, at_most, percentile_95
from .packets import IGMPV3
from .site import Site, groups

_GROUPS = 50_000
_SETTLING = 3.5
_LOOKS = 5
_READERS = 3
_JOINS = 60
_MILLISECOND = 1e6


def _show(contender: Contender, findings: Findings) -> None:
    with Site(contender) as site:
        known = groups(_GROUPS + 2 * _JOINS)
        reports = IGMPV3.reports(IGMPV3.host, RecordType.CHANGE_TO_EXCLUDE_MODE, known[:_GROUPS])
        if not site.send_reports(reports):
            raise RuntimeError("the joins were not read in time")
        time.sleep(_SETTLING)
        for _ in range(_LOOKS):
            begin, cpu = time.monotonic(), process.cpu_ns(site.pid)
            used = _children()
            site.daemon.command("show", "groups")
            findings.add("show-groups", time.monotonic() - begin)
            findings.add("show-groups-command", _children() - used)
            findings.add("show-groups-daemon", (process.cpu_ns(site.pid) - cpu) / 1e9)
        _join(site, known[_GROUPS : _GROUPS + _JOINS], "show-join-alone", findings)
        readers = _Readers(site)
        _join(site, known[_GROUPS + _JOINS :], "show-join", findings)
        readers.end()


def _join(site: Site, new: list[bytes], row: str, findings: Findings) -> None:
    """Join one group after the other, and add the time until it is asked upstream."""
    for group in new:
        site.join(group)
        time.sleep(0.05)
    time.sleep(1)
    joined, reported = site.sent_joins(), site.reported_joins()
    findings.add(row, *((reported[g] - joined[g]) / _MILLISECOND for g in new if g in reported))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Readers:
    """Threads that look at all groups again and again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._look) for _ in range(_READERS)]
        for thread in self._threads:
            thread.start()
        time.sleep(0.5)

    def _look(self) -> None:
        while not self._ends.is_set():
            self._site.daemon.command("show", "groups")

    def end(self) -> None:
        """Wait for the last look of each."""
        self._ends.set()
        for thread in self._threads:
            thread.join()


VIEWS = (
    Measure(
        "show",
        "Looking at 50,000 groups",
        "One host has joined 50,000 groups. ``mcproxy show groups`` is run five times, with its "
        "output thrown away. Then the host joins 60 more groups, and 60 others while three "
        "readers print all groups again and again.",
        (
            Row("show-groups", "time of mcproxy show groups", "s", 2, at_most(1)),
            Row("show-groups-command", "CPU of the command", "s", 2),
            Row("show-groups-daemon", "CPU of the daemon for it", "s", 2),
            Row(
                "show-join-alone",
                "join to report upstream, 95th percentile, no reader",
                "ms",
                2,
                statistic=percentile_95,
            ),
            Row(
                "show-join",
                "the same with three readers",
                "ms",
                2,
                statistic=percentile_95,
            ),
        ),
        1,
        _show,
        (MCPROXY,),
    ),
)
