"""Join delay, zap time, new sources, leave to cut: how fast and how completely data follows."""

from __future__ import annotations

import random
import statistics
import time

from mcproxy.protocol.family import Address

from . import packets
from .contenders import OURS_QUICK, THEIRS, Contender
from .measure import Findings, Measure, Row, at_most, at_most_part, near, percentile_95
from .site import Site, groups, text

_MILLISECOND = 1e6
_SECOND = 1e9
_JOINS = 50
_ZAPS = 15
_BURSTS = 20
_BURST = 50
_LEAVES = 2
_LEAVE_LIMIT = 12.0
_QUIET = 1_500_000_000
"""Nanoseconds without data that count as cut."""


def _join(contender: Contender, findings: Findings) -> None:
    with Site(contender) as site:
        for group in groups(_JOINS):
            site.join(group)
            _pause(0.05)
        time.sleep(1)
        said, told = site.said(), site.told()
    delays = [(told[group] - said[group]) / _MILLISECOND for group in said if group in told]
    findings.add("join", *delays)
    findings.add("join95", *delays)
    if len(delays) < _JOINS:
        findings.remark("join", f"{_JOINS - len(delays)} of {_JOINS} joins never went upstream")


def _zap(contender: Contender, findings: Findings) -> None:
    with Site(contender, snooping=True) as site:
        for group in groups(_ZAPS):
            with site.stream(group):
                _pause(0.2)
                site.join(group)
                time.sleep(0.3)
            arrived, said = site.home_data.received(), site.said()[group]
            if not arrived:
                findings.remark("zap", "some streams never came")
            elif arrived[0].time < said:
                raise RuntimeError("data came before it was joined: the provider floods")
            else:
                findings.add("zap", (arrived[0].time - said) / _MILLISECOND)


def _burst(contender: Contender, findings: Findings) -> None:
    group = groups(1)[0]
    sources = [f"10.1.2.{number}" for number in range(1, _BURSTS + 1)]
    with Site(contender) as site:
        for source in sources:
            site.server.add_address("eth0", f"{source}/16")
        site.join(group)
        time.sleep(1)
        for source in sources:
            site.server.burst(text(group), _BURST, source=source)
            _pause(0.2)
            sent, arrived = site.server_data.sent(), site.home_data.received()
            findings.add("loss", 100 * (1 - len(arrived) / len(sent)))
            if arrived and packets.sequence(arrived[0].bytes) == 0:
                findings.add("first", (arrived[0].time - sent[0].time) / _MILLISECOND)
            else:
                findings.remark("first", "counts only bursts whose first packet arrived")


def _leave(contender: Contender, findings: Findings) -> None:
    with Site(contender) as site:
        for group in groups(_LEAVES):
            findings.add("leave", _time_cut(site, group, findings) / _SECOND)


def _leave_quickly(contender: Contender, findings: Findings) -> None:
    with Site(contender, snooping=True) as site:
        for group in groups(_LEAVES):
            findings.add("quick", _time_cut(site, group, findings) / _MILLISECOND)


def _time_cut(site: Site, group: Address, findings: Findings) -> int:
    """Nanoseconds from the leave to the last packet that was delivered."""
    with site.stream(group):
        site.join(group)
        time.sleep(1.5)
        if not site.home_data.received():
            raise RuntimeError(f"{site.contender.name}: the stream did not come")
        site.home_igmp.read()
        site.leave(group)
        deadline = time.monotonic() + _LEAVE_LIMIT
        time.sleep(0.05)
        left = next(p.time for p in site.home_igmp.sent() if group in packets.left_groups(p.bytes))
        last = left
        while time.monotonic() < deadline and time.time_ns() - last < _QUIET:
            time.sleep(0.25)
            last = max([last, *(packet.time for packet in site.home_data.received())])
    if time.time_ns() - last < _QUIET:
        findings.remark("leave", f"some were still delivered after {_LEAVE_LIMIT:g} s")
    return last - left


def _pause(seconds: float) -> None:
    """Wait, and not in step with any clock tick."""
    time.sleep(seconds * random.uniform(0.8, 1.2))


REACTION = (
    Measure(
        "join",
        "Join delay",
        "A host on a downstream link sends an IGMPv3 report that joins one group. The time from "
        "there to the first report upstream that names the group, as the kernel stamps both "
        "packets on the other ends of the proxy's links. igmpproxy has the kernel's host stack "
        "report, which waits for a tick or two of its clock.",
        (
            Row("join", "join delay, median", "ms", 2, at_most_part(7)),
            Row("join95", "join delay, 95th percentile", "ms", 2, statistic=percentile_95),
        ),
        3,
        _join,
    ),
    Measure(
        "zap",
        "Zap time",
        "A stream of 1,000 packets a second runs, and the provider's network, a snooping bridge, "
        "delivers it only where it is joined. The time from the report of the host to the first "
        "packet of the stream at the host; half a millisecond of it is the mean wait for the "
        "next packet.",
        (Row("zap", "zap time, median", "ms", 2, at_most_part(5)),),
        2,
        _zap,
    ),
    Measure(
        "burst",
        "New sources",
        "A group is joined, and a source that was not seen before sends 50 packets back to back "
        "to it. Lost packets of all bursts in percent, and the time that the first one takes "
        "from the server to the host.",
        (
            Row(
                "loss",
                "packets lost at the start of a source",
                "%",
                1,
                at_most(0, "none"),
                statistics.mean,
            ),
            Row("first", "delay of a source's first packet, median", "ms", 3),
        ),
        2,
        _burst,
    ),
    Measure(
        "leave",
        "Leave to cut",
        "A stream of 1,000 packets a second is delivered to one host, which leaves and answers no "
        "query; the provider goes on sending. The time from its leave to the last packet that it "
        "gets. mcproxy has its defaults, by which it asks twice, a second apart each; igmpproxy "
        "has ``quickleave``, which leaves upstream at once.",
        (
            Row(
                "leave",
                "leave to cut, the provider goes on sending",
                "s",
                2,
                target=near(2.0, 0.1, "2.0 within 0.1"),
            ),
        ),
        2,
        _leave,
    ),
    Measure(
        "quick",
        "Leave to cut with quick leave",
        "The same behind a provider whose snooping bridge stops delivering as soon as the proxy "
        "leaves, igmpproxy with ``quickleave`` and mcproxy with ``immediate-leave``: what they "
        "do for those who trade the last-member queries for speed.",
        (Row("quick", "leave to cut, both with their quick leave", "ms", 1),),
        2,
        _leave_quickly,
        (OURS_QUICK, THEIRS),
    ),
)
