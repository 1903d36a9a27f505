"""Many hosts at once: a join storm after a power cut, and a zap storm at the end of a match."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcproxy.lab.node import Node
from mcproxy.protocol.family import IPV4, Address
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Record, RecordType, Report

from . import flood, process
from .contenders import MCPROXY_UNLIMITED, Contender
from .measure import Findings, Measure, Row, at_most, percentile_95
from .site import Site, groups

_SECONDS = 10.0
_GROUPS = 100_000
_HOSTS = 10_000
_ZAPPERS = 1_000
_CHANNELS = 200
_PROBES = 40
_LATEST = 30.0
"""Seconds after the storm in which a group must have been reported upstream."""

_REPEATS = 3.5


def host(number: int) -> Address:
    """The address of a host at home."""
    return bytes([10, 2, 16 + number // 250, 1 + number % 250])


def report(source: Address, *records: Record) -> bytes:
    """The IP packet of a report."""
    packet = Report(records)
    return datagram.encode(IPV4, source, datagram.destination(IPV4, packet), packet)


@contextmanager
def flooding(node: Node, packets: list[bytes], rate: float, seconds: float) -> Iterator[None]:
    """Send ``packets`` from eth0 of ``node`` meanwhile, and to the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "packets")
        flood.write_packets(path, packets)
        arguments = [sys.executable, flood.__file__, "eth0", str(rate), str(seconds), str(path)]
        sender = node.popen(arguments, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            sender.wait()


def join_storm() -> list[bytes]:
    """A report of each host, which joins groups that no other host joins."""
    each = _GROUPS // _HOSTS
    wanted = groups(_GROUPS)
    return [
        report(
            host(number),
            *(
                Record(RecordType.CHANGE_TO_EXCLUDE_MODE, group)
                for group in wanted[number * each : (number + 1) * each]
            ),
        )
        for number in range(_HOSTS)
    ]


def zap_storm(seconds: int, chance: random.Random) -> list[bytes]:
    """Reports of all hosts for each second: one leaves a channel and joins another."""
    channels = groups(_CHANNELS)
    watched = [chance.choice(channels) for _ in range(_ZAPPERS)]
    made = []
    for _ in range(seconds):
        for number, before in enumerate(watched):
            watched[number] = after = chance.choice(channels)
            leave = Record(RecordType.CHANGE_TO_INCLUDE_MODE, before)
            join = Record(RecordType.CHANGE_TO_EXCLUDE_MODE, after)
            made.append(report(host(number), leave, join))
    return made


def _join_storm(contender: Contender, findings: Findings) -> None:
    packets = join_storm()
    with Site(contender) as site:
        idle, before = process.resident_bytes(site.pid), process.cpu_ns(site.pid)
        with flooding(site.home_node, packets, len(packets) / _SECONDS, _SECONDS):
            pass
        joined, told, late = site.sent_joins(), site.reported_joins(), time.monotonic() + _LATEST
        while joined.keys() - told.keys() and time.monotonic() < late:
            time.sleep(0.5)
            told = site.reported_joins() | told
        time.sleep(_REPEATS)
        used = process.cpu_ns(site.pid) - before
        delays = [(told[group] - when) / 1e6 for group, when in joined.items() if group in told]
        findings.add("join-storm-lost", len(joined) - len(delays))
        if lost := process.igmp_queue(site.pid)[1]:
            findings.remark("join-storm-lost", f"{lost} reports were lost at the socket")
        findings.add("join-storm-cpu", used / len(joined) / 1000)
        findings.add("join-storm-memory", (process.resident_bytes(site.pid) - idle) / 2**20)
        findings.add("join-storm-delay", *delays)
        findings.add("join-storm-delay95", *delays)


def _zap_storm(contender: Contender, findings: Findings) -> None:
    """A host that takes no part joins groups meanwhile, and is timed."""
    packets = zap_storm(int(_SECONDS), random.Random(1))
    probes = [bytes([239, 200, 0, 1 + number]) for number in range(_PROBES)]
    with Site(contender) as site:
        before = process.cpu_ns(site.pid)
        with flooding(site.home_node, packets, _ZAPPERS, _SECONDS):
            for group in probes:
                time.sleep(_SECONDS / (_PROBES + 4))
                site.join(group)
        findings.add("zap-storm-cpu", (process.cpu_ns(site.pid) - before) / _SECONDS / 1e7)
        time.sleep(2.0)
        findings.add("zap-storm-lost", process.igmp_queue(site.pid)[1])
        joined, told = site.sent_joins(), site.reported_joins()
        delays = [(told[each] - joined[each]) / 1e6 for each in probes if each in told]
        if len(delays) < _PROBES:
            missing = _PROBES - len(delays)
            findings.remark("zap-storm-delay", f"{missing} of {_PROBES} were not reported upstream")
        findings.add("zap-storm-delay", *delays)
        findings.add("zap-storm-delay95", *delays)


STORMS = (
    Measure(
        "join-storm",
        "Join storm",
        "10,000 hosts of one link join 100,000 groups in ten seconds, each host with one report "
        "of ten records. ``max-groups`` is 1,000,000. The values are the groups that were not "
        "reported upstream 30 seconds later, the CPU time for each group, the memory for all, "
        "and the time from the report of a host to the report upstream.",
        (
            Row("join-storm-lost", "join storm, groups lost", "", 0, at_most(0, "none"), max),
            Row("join-storm-cpu", "join storm, CPU a joined group", "µs", 1),
            Row("join-storm-memory", "join storm, memory for all groups", "MiB", 0),
            Row("join-storm-delay", "join storm, join delay, median", "ms", 1),
            Row(
                "join-storm-delay95",
                "join storm, join delay, 95th percentile",
                "ms",
                1,
                statistic=percentile_95,
            ),
        ),
        1,
        _join_storm,
        (MCPROXY_UNLIMITED,),
    ),
    Measure(
        "zap-storm",
        "Zap storm",
        "1,000 hosts of one link change the channel every second, for ten seconds, among 200 "
        "channels. One report of each leaves a group and joins another. Another host joins 40 "
        "groups meanwhile. The values are the daemon's share of one processor, the reports that "
        "its socket lost, and the join delay of the other host.",
        (
            Row("zap-storm-cpu", "zap storm, CPU", "%", 0),
            Row("zap-storm-lost", "zap storm, reports lost", "", 0, at_most(0, "none"), max),
            Row("zap-storm-delay", "zap storm, join delay of another host, median", "ms", 2),
            Row(
                "zap-storm-delay95",
                "zap storm, join delay of another host, 95th percentile",
                "ms",
                2,
                statistic=percentile_95,
            ),
        ),
        1,
        _zap_storm,
    ),
)
