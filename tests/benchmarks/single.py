"""What one report costs that comes alone, as when a person changes the channel."""

from __future__ import annotations

import time
from collections.abc import Sequence

from mcproxy.protocol.family import Address
from mcproxy.protocol.wire.packets import RecordType

from . import packets, process
from .contenders import Contender
from .measure import Findings, Measure, Row, at_most, at_most_best, percentile_95
from .packets import IGMPV3
from .site import Site, groups

RATE = 1000
"""Reports per second, each with one record."""

_GROUPS = 1000
_REPEATS = 3.5
_ZAPS = 40
_STREAM_RATE = 4000.0


def send_alone(site: Site, kind: RecordType, wanted: Sequence[Address], rate: float = RATE) -> None:
    """Send a report for each group, ``rate`` a second."""
    reports = [IGMPV3.reports(IGMPV3.host, kind, [group])[0] for group in wanted]
    begin = time.monotonic()
    for number, report in enumerate(reports, 1):
        site.home.send(report)
        time.sleep(max(0.0, begin + number / rate - time.monotonic()))


def cpu_alone(site: Site, kind: RecordType, wanted: Sequence[Address], after: float) -> float:
    """CPU time in microseconds of each report that comes alone, with ``after`` seconds more."""
    before = process.cpu_ns(site.pid)
    send_alone(site, kind, wanted)
    time.sleep(after)
    return (process.cpu_ns(site.pid) - before) / len(wanted) / 1000


def _alone(contender: Contender, findings: Findings) -> None:
    wanted = groups(_GROUPS)
    with Site(contender) as site:
        findings.add(
            "alone-join", cpu_alone(site, RecordType.CHANGE_TO_EXCLUDE_MODE, wanted, _REPEATS)
        )
        if missing := _GROUPS - len(site.reported_joins()):
            findings.remark(
                "alone-join", f"{missing} of {_GROUPS} joins were not reported upstream"
            )
        for _ in range(3):
            findings.add("alone-refresh", cpu_alone(site, RecordType.MODE_IS_EXCLUDE, wanted, 0.5))
        if lost := process.igmp_queue(site.pid)[1]:
            findings.remark("alone-refresh", f"{lost} reports were lost")


def _present(contender: Contender, findings: Findings) -> None:
    """Join streams that the provider delivers already."""
    with Site(contender) as site:
        for group in groups(_ZAPS):
            with site.stream(group, rate=_STREAM_RATE):
                time.sleep(0.15)
                site.home_igmp.read()
                site.join(group)
                time.sleep(0.15)
            arrived, joined = site.home_data.received(), site.sent_joins()[group]
            after = [
                packet.time
                for packet in arrived
                if packet.time >= joined and packets.channel(packet.bytes)[1] == group
            ]
            if not after:
                findings.remark("present", "some streams did not arrive")
                continue
            took = (after[0] - joined) / 1e6
            findings.add("present", took)
            findings.add("present95", took)


SINGLE = (
    Measure(
        "present",
        "Zap time of a stream that is present",
        "The provider delivers a stream of 4,000 packets a second to the proxy before anybody "
        "has joined it. The value is the time from the report of the host to the first packet of "
        "the stream at the host: what the daemon and the kernel need for the entry. An eighth of "
        "a millisecond of it is the mean wait for the next packet.",
        (
            Row(
                "present",
                "zap time, stream present, median",
                "ms",
                2,
                at_most_best(1.0, "at most the fastest peer's"),
            ),
            Row(
                "present95",
                "zap time, stream present, 95th percentile",
                "ms",
                2,
                at_most_best(1.5, "at most 1.5 times the best peer's"),
                percentile_95,
            ),
        ),
        2,
        _present,
    ),
    Measure(
        "alone",
        "Reports that come alone",
        "A host sends 1,000 reports a second. Each joins another group, and later each refreshes "
        "one. The values are the CPU time of all threads of the daemon for each report, the "
        "first one with the repeats of the daemon's own reports.",
        (
            Row("alone-join", "CPU a join that comes alone", "µs", 0, at_most(120)),
            Row("alone-refresh", "CPU a refresh that comes alone", "µs", 0, at_most(45)),
        ),
        2,
        _alone,
    ),
)
