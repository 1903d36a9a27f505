"""The cost of ``explicit-tracking`` in CPU time and memory."""

from __future__ import annotations

import time

from mcproxy.protocol.wire.packets import RecordType

from . import process
from .contenders import MCPROXY, MCPROXY_TRACKING, Contender
from .load import refresh
from .measure import Findings, Measure, Row, at_most
from .packets import IGMPV3
from .site import Site, groups

_HOSTS = 200
_MEMBERS = 20
"""Number of hosts in each group."""
_FEW, _MANY = 1_000, 50_000
_SETTLING = 3.5
_ROUNDS = 5

_TO_EX, _IS_EX = RecordType.CHANGE_TO_EXCLUDE_MODE, RecordType.MODE_IS_EXCLUDE


def _track(contender: Contender, findings: Findings) -> None:
    """Compare two running daemons, one with few groups and one with many, in turns."""
    with Site(contender) as small, Site(contender) as large:
        before = process.resident_bytes(large.pid)
        for site, count in ((small, _FEW), (large, _MANY)):
            _fill(site, count, _MEMBERS)
        used = process.resident_bytes(large.pid) - before
        findings.add("tracked-memory", used / _MANY / _MEMBERS)
        few, many = _reports(_IS_EX, _FEW, _MEMBERS), _reports(_IS_EX, _MANY, _MEMBERS)
        for number in range(_ROUNDS):
            # The same number of records for both, so that both take the same time.
            part = many[number::_ROUNDS]
            cost = refresh(large, part)
            findings.add("tracked-refresh", cost)
            findings.add("tracked-flat", cost / refresh(small, few * (len(part) // len(few))))
        for site in (small, large):
            if lost := process.igmp_queue(site.pid)[1]:
                findings.remark("tracked-refresh", f"{lost} reports were lost")


def _track_single_hosts(contender: Contender, findings: Findings) -> None:
    """Compare the memory of a daemon with tracking and one without, with one host per group."""
    memory = []
    for each in (contender, MCPROXY):
        with Site(each) as site:
            before = process.resident_bytes(site.pid)
            _fill(site, _MANY, 1)
            memory.append(process.resident_bytes(site.pid) - before)
    findings.add("tracked-single", (memory[0] - memory[1]) / _MANY)


def _fill(site: Site, count: int, members: int) -> None:
    """Let the hosts join, and wait until all groups are reported upstream."""
    if not site.send_reports(_reports(_TO_EX, count, members)):
        raise RuntimeError(
            f"{site.contender.name} did not read the joins of {count} groups in time"
        )
    time.sleep(_SETTLING)
    if (reported := len(site.reported_joins())) != count:
        raise RuntimeError(f"{reported} of {count} groups were reported upstream")


def _reports(kind: RecordType, count: int, members: int) -> list[bytes]:
    """Reports of all hosts; each group has ``members`` hosts, assigned in turn."""
    everything = groups(count)
    reports = []
    for number in range(_HOSTS):
        own = everything[number % (_HOSTS // members) :: _HOSTS // members]
        reports += IGMPV3.reports(bytes((10, 2, 1, number)), kind, own)
    return reports


TRACKING = (
    Measure(
        "tracking",
        "Tracking hosts",
        "mcproxy runs with ``explicit-tracking``. One link has 200 hosts, and each group has "
        "20 of them. Two daemons run at once, one with 1,000 groups and one with 50,000. In "
        "turns, each receives 200,000 records that refresh the groups. The memory is what the "
        "groups and their hosts added, for each host of each group.",
        (
            Row(
                "tracked-refresh",
                "CPU a refreshed record, 50,000 groups with 20 tracked hosts each",
                "µs",
                2,
            ),
            Row(
                "tracked-flat",
                "the same against 1,000 groups with as many",
                "times",
                2,
                at_most(1.5),
            ),
            Row(
                "tracked-memory",
                "memory a group and host, 20 hosts in each group",
                "bytes",
                0,
                at_most(300),
            ),
        ),
        1,
        _track,
        (MCPROXY_TRACKING,),
    ),
    Measure(
        "tracking-singles",
        "Tracking hosts that are alone",
        "There are 50,000 groups with one host each. The value is the additional memory of a "
        "daemon that tracks hosts, compared with one that does not, for each group.",
        (
            Row(
                "tracked-single",
                "memory for tracking, one host in each group",
                "bytes",
                0,
                at_most(300),
            ),
        ),
        3,
        _track_single_hosts,
        (MCPROXY_TRACKING,),
    ),
)
