"""CPU time and memory with many groups, and at rest."""

from __future__ import annotations

import time
from collections.abc import Callable

from mcproxy.protocol.wire.packets import RecordType

from . import process
from .contenders import IGMPPROXY, MCPROXY, SMCROUTE, Contender
from .measure import Findings, Measure, Row, at_most
from .packets import IGMPV3, RECORDS_A_REPORT
from .site import Site, groups

_MIB = 1 << 20
_KIB = 1 << 10
_REPEATS = 3.5
_REFRESH_LIMIT = 10.0
_REFRESHES = 5
_IDLE = 30.0


def _run(count: int) -> Callable[[Contender, Findings], None]:
    def run(contender: Contender, findings: Findings) -> None:
        with Site(contender) as site:
            if _join_all(site, count, findings):
                _refresh_all(site, count, findings)

    return run


def _join_all(site: Site, count: int, findings: Findings) -> bool:
    """Join ``count`` groups; whether all were reported upstream within the time limit."""
    idle, before = process.resident_bytes(site.pid), process.cpu_ns(site.pid)
    reports = _reports(RecordType.CHANGE_TO_EXCLUDE_MODE, count)
    begin = time.monotonic()
    all_read = site.send_reports(reports)
    took = time.monotonic() - begin
    time.sleep(_REPEATS)
    used = process.cpu_ns(site.pid) - before
    arrived = len(site.reported_joins())
    lost = process.igmp_queue(site.pid)[1]
    if all_read and arrived == count:
        findings.add(f"cpu-join-{count}", used / count / 1000)
        findings.add(f"memory-{count}", (process.resident_bytes(site.pid) - idle) / count / _KIB)
        return True
    text = (
        f"not measured: after {took:.0f} s and {used / 1e9:.0f} s of CPU {arrived:,} of "
        f"{count:,} groups were upstream, {lost} reports were lost"
    )
    for row in (f"cpu-join-{count}", f"cpu-refresh-{count}", f"memory-{count}"):
        findings.remark(row, text)
    return False


def _refresh_all(site: Site, count: int, findings: Findings) -> None:
    """Report the same groups again several times, as in answers to a query."""
    reports = _reports(RecordType.MODE_IS_EXCLUDE, count)
    begin = time.monotonic()
    for _ in range(_REFRESHES):
        findings.add(f"cpu-refresh-{count}", refresh(site, reports))
        if time.monotonic() - begin > _REFRESH_LIMIT:
            break
    if lost := process.igmp_queue(site.pid)[1]:
        findings.remark(f"cpu-refresh-{count}", f"{lost} reports were lost")


def refresh(site: Site, reports: list[bytes]) -> float:
    """CPU time, in microseconds, for each record of ``reports``."""
    before = process.cpu_ns(site.pid)
    site.send_reports(reports)
    time.sleep(0.5)
    used = process.cpu_ns(site.pid) - before
    return used / len(reports) / RECORDS_A_REPORT / 1000


def _flat(contender: Contender, findings: Findings) -> None:
    """Compare two running daemons, one with few groups and one with many, in turns."""
    few, many = _SIZES[1:]
    with Site(contender) as small, Site(contender) as large:
        for site, count in ((small, few), (large, many)):
            if not site.send_reports(_reports(RecordType.CHANGE_TO_EXCLUDE_MODE, count)):
                raise RuntimeError(
                    f"{contender.name} did not read the joins of {count} groups in time"
                )
        time.sleep(_REPEATS)
        # The same number of records for both, so that both take the same time.
        few_again = _reports(RecordType.MODE_IS_EXCLUDE, few) * (many // few)
        all_again = _reports(RecordType.MODE_IS_EXCLUDE, many)
        for _ in range(_REFRESHES):
            findings.add("flat", refresh(large, all_again) / refresh(small, few_again))


def _reports(kind: RecordType, count: int) -> list[bytes]:
    return IGMPV3.reports(IGMPV3.host, kind, groups(count))


def _idle(contender: Contender, findings: Findings) -> None:
    with Site(contender) as site:
        site.home_igmp.read()
        cpu, wakeups = process.cpu_ns(site.pid), process.wakeups(site.pid)
        time.sleep(_IDLE)
        findings.add("idle-cpu", (process.cpu_ns(site.pid) - cpu) / _IDLE / 1e7)
        findings.add("wakeups", process.wakeups(site.pid) - wakeups)
        findings.add("idle-memory", process.resident_bytes(site.pid) / _MIB)
        findings.add("queries", len(site.home_igmp.received()))


_SIZES = (1_000, 5_000, 50_000)
_JOIN_TARGETS = {5_000: at_most(12)}
_REFRESH_TARGETS = {5_000: at_most(0.7)}
_MEMORY_TARGET = at_most(1.2)


def _rows(count: int) -> tuple[Row, ...]:
    number = f"{count:,}"
    return (
        Row(
            f"cpu-join-{count}",
            f"CPU a joined group, {number} groups",
            "µs",
            1,
            _JOIN_TARGETS.get(count),
        ),
        Row(
            f"cpu-refresh-{count}",
            f"CPU a refreshed record, {number} groups",
            "µs",
            2,
            _REFRESH_TARGETS.get(count, at_most(6)),
        ),
        Row(f"memory-{count}", f"memory a group, {number} groups", "KiB", 2, _MEMORY_TARGET),
    )


_LOAD_TEXT = (
    "A host joins the groups in reports of 50 records. Each report is sent when the previous "
    "ones were read, at least half a millisecond apart, so that none is lost. All groups must "
    "arrive upstream; otherwise the row says so. The first value is the CPU time of all "
    "threads of the daemon for each group, from the first report until the last repeat of its "
    "own reports. Then the host reports the same groups several times, as in answers to a "
    "query; the second value is the CPU time for each record. The third value is the resident "
    "memory for each group, above that of the same process without groups."
)


def _load(count: int, rounds: int) -> Measure:
    title = f"{count:,} groups"
    text = _LOAD_TEXT if count == _SIZES[0] else f"The same with {title}."
    # igmpproxy reads no 50,000 joins in the time that a measure may take.
    contenders = (MCPROXY, IGMPPROXY) if count < _SIZES[-1] else (MCPROXY,)
    return Measure(f"load-{count}", title, text, _rows(count), rounds, _run(count), contenders)


LOAD = (
    _load(1_000, 2),
    _load(5_000, 3),
    _load(50_000, 1),
    Measure(
        "flat",
        "Refreshing many groups and few",
        "Two daemons run at once, one with 5,000 groups and one with 50,000. In turns, each "
        "receives 50,000 records that refresh its groups. The value is the CPU time for a "
        "record of the large one as a multiple of that of the small one. igmpproxy is left "
        "out: its cost of a record grows with the number of groups, as the rows above show.",
        (
            Row(
                "flat",
                "CPU a refreshed record, 50,000 groups against 5,000",
                "times",
                2,
                at_most(1.25),
            ),
        ),
        1,
        _flat,
        (MCPROXY,),
    ),
    Measure(
        "idle",
        "At rest",
        "The daemon has no groups for 30 seconds. The values are its resident memory, its share "
        "of one processor, how often one of its threads woke up, and how many queries it sent on "
        "one of its two links. The protocol requires these queries.",
        (
            Row("idle-memory", "memory at rest", "MiB", 1, at_most(35)),
            Row("idle-cpu", "CPU at rest", "%", 3, at_most(0.2, "under 0.2")),
            Row(
                "wakeups",
                "wake-ups in 30 s at rest",
                "",
                0,
                at_most(10),
            ),
            Row("queries", "queries on one link in that time", "", 0),
        ),
        1,
        _idle,
        (MCPROXY, IGMPPROXY, SMCROUTE),
    ),
)
