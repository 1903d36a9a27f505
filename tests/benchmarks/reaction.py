"""Join delay, zap time, loss at new sources, leave to cut, loss at a restart."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mcproxy.protocol.family import IPV4, Address

from . import packets
from .contenders import IGMPPROXY, MCPROXY, MCPROXY_QUICK, SMCROUTE, Contender
from .measure import Findings, Measure, Row, at_most, at_most_part, near, percentile_95
from .packets import IGMPV2, IGMPV3, MLDV1, HostProtocol
from .site import SOURCE, Site, groups, text

_MILLISECOND = 1e6
_SECOND = 1e9
_JOINS = 50
_ZAPS = 15
_ZAP_RATE = 4000.0
"""Packets a second: at 1,000 the wait for the next packet was as long as the zap itself."""

_BURSTS = 20
_BURST = 50
_LEAVES = 2
_LEAVE_LIMIT = 12.0
_RESTARTED = 12.0
"""Seconds in which all hosts answer a query whose maximum response time is 10 s."""

_QUIET = 1_500_000_000
"""Nanoseconds without data after which a stream counts as cut."""


def _join(contender: Contender, findings: Findings, protocol: HostProtocol = IGMPV3) -> None:
    row = f"join{_suffix(protocol)}"
    with Site(contender, protocol=protocol) as site:
        for group in groups(_JOINS, protocol.family):
            site.join(group)
            _pause(0.05)
        time.sleep(1)
        joined, reported = site.sent_joins(), site.reported_joins()
    times = [(joined[group], when) for group, when in reported.items() if group in joined]
    delays = [(end - begin) / _MILLISECOND for begin, end in times]
    findings.add(row, *delays)
    findings.add(f"{row}95", *delays)
    if len(delays) < _JOINS:
        findings.remark(row, f"{_JOINS - len(delays)} of {_JOINS} joins were not reported upstream")


def _zap(contender: Contender, findings: Findings, protocol: HostProtocol = IGMPV3) -> None:
    row = f"zap{_suffix(protocol)}"
    with Site(contender, snooping=True, protocol=protocol) as site:
        for group in groups(_ZAPS, protocol.family):
            with site.stream(group, rate=_ZAP_RATE):
                _pause(0.2)
                site.join(group)
                time.sleep(0.3)
            arrived, joined = site.home_data.received(), site.sent_joins()[group]
            if not arrived:
                findings.remark(row, "some streams did not arrive")
            elif arrived[0].time < joined:
                raise RuntimeError("data arrived before the join: the provider's bridge floods")
            else:
                findings.add(row, (arrived[0].time - joined) / _MILLISECOND)


def _suffix(protocol: HostProtocol) -> str:
    return "" if protocol is IGMPV3 else f"-{protocol.name}"


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
            findings.add("leave", _time_only_host(site, group, "leave", findings) / _SECOND)


def _leave_quickly(contender: Contender, findings: Findings) -> None:
    with Site(contender, snooping=True) as site:
        for group in groups(_LEAVES):
            findings.add("quick", _time_only_host(site, group, "quick", findings) / _MILLISECOND)


def _leave_one_by_one(contender: Contender, findings: Findings) -> None:
    """Two hosts receive a stream; one leaves, and one second later the other."""
    first, second = IGMPV3.host, IGMPV3.second
    with Site(contender) as site:
        for group in groups(_LEAVES):
            with _received_stream(site, group, first, second):
                site.server_data.read()
                site.leave(group, first)
                time.sleep(1)
                findings.add("second", _lost_percent(site))
                took = _time_cut(site, group, second, "immediate", findings)
                findings.add("immediate", took / _MILLISECOND)


def _restart(contender: Contender, findings: Findings) -> None:
    """A host with the kernel's own IGMP receives a stream while the daemon restarts."""
    group = groups(1)[0]
    with Site(contender) as site, site.stream(group):
        member = site.home_node.join(text(group))
        time.sleep(2)
        member.forget()
        time.sleep(0.5)
        site.restart()
        time.sleep(_RESTARTED)
        received = member.of(SOURCE)
        findings.add("restart", received.lost + received.duplicates)


def _lost_percent(site: Site) -> float:
    """Percentage of the packets sent since the last reading that did not arrive at home."""
    sent = {packets.sequence(packet.bytes) for packet in site.server_data.sent()}
    time.sleep(0.05)
    arrived = {packets.sequence(packet.bytes) for packet in site.home_data.received()}
    return 100 * len(sent - arrived) / len(sent)


def _time_only_host(site: Site, group: Address, row: str, findings: Findings) -> int:
    """``_time_cut`` of a stream that only one host receives."""
    with _received_stream(site, group, IGMPV3.host):
        return _time_cut(site, group, IGMPV3.host, row, findings)


@contextmanager
def _received_stream(site: Site, group: Address, *hosts: Address) -> Iterator[None]:
    """Send a stream that these hosts have joined, and check that it arrives."""
    with site.stream(group):
        for host in hosts:
            site.join(group, host)
        time.sleep(1.5)
        if not site.home_data.received():
            raise RuntimeError(f"{site.contender.name}: the stream does not arrive")
        yield


def _time_cut(site: Site, group: Address, host: Address, row: str, findings: Findings) -> int:
    """Nanoseconds from the leave of the last host to the last packet that was delivered."""
    site.home_igmp.read()
    site.leave(group, host)
    deadline = time.monotonic() + _LEAVE_LIMIT
    time.sleep(0.05)
    left = next(p.time for p in site.home_igmp.sent() if group in packets.left_groups(p.bytes))
    last = left
    while time.monotonic() < deadline and time.time_ns() - last < _QUIET:
        time.sleep(0.25)
        last = max([last, *(packet.time for packet in site.home_data.received())])
    if time.time_ns() - last < _QUIET:
        findings.remark(row, f"some were still delivered after {_LEAVE_LIMIT:g} s")
    return last - left


def _pause(seconds: float) -> None:
    """Sleep for a random time near ``seconds``, so that no timer is in step with the test."""
    time.sleep(seconds * random.uniform(0.8, 1.2))


def _older(protocol: HostProtocol) -> Measure:
    """The measure of join delay and zap time of hosts of an older version."""
    name, both = protocol.name, protocol.family is IPV4
    join, zap = (at_most_part(7), at_most_part(5)) if both else (at_most(1.5), at_most(2))
    alone = "" if both else " igmpproxy has no IPv6; the targets come from its times with IGMP."

    def run(contender: Contender, findings: Findings) -> None:
        _join(contender, findings, protocol)
        _zap(contender, findings, protocol)

    return Measure(
        name.lower(),
        f"Hosts of {name}",
        f"Join delay and zap time as above, of hosts that speak {name}; mcproxy has its defaults "
        f"and tells the provider in the current version.{alone}",
        (
            Row(f"join-{name}", f"join delay, {name}, median", "ms", 2, join),
            Row(
                f"join-{name}95",
                f"join delay, {name}, 95th percentile",
                "ms",
                2,
                None,
                percentile_95,
            ),
            Row(f"zap-{name}", f"zap time, {name}, median", "ms", 2, zap),
        ),
        1,
        run,
        (MCPROXY, IGMPPROXY) if both else (MCPROXY,),
    )


REACTION = (
    Measure(
        "join",
        "Join delay",
        "A host on a downstream link sends an IGMPv3 report that joins one group. The value is "
        "the time from this report to the first report upstream that names the group. The "
        "kernel stamps both packets at the far ends of the proxy's links. igmpproxy lets the "
        "kernel's host stack report, which waits for one or two ticks of its clock.",
        (
            Row("join", "join delay, median", "ms", 2, at_most(0.3)),
            Row("join95", "join delay, 95th percentile", "ms", 2, statistic=percentile_95),
        ),
        2,
        _join,
    ),
    Measure(
        "zap",
        "Zap time",
        "A stream of 4,000 packets a second runs. The provider's network, a snooping bridge, "
        "delivers it only where it is joined. The value is the time from the report of the "
        "host to the first packet of the stream at the host. An eighth of a millisecond of it is "
        "the mean wait for the next packet.",
        (Row("zap", "zap time, median", "ms", 2, at_most_part(5)),),
        2,
        _zap,
    ),
    _older(IGMPV2),
    _older(MLDV1),
    Measure(
        "burst",
        "New sources",
        "A group is joined. A source that was not seen before sends 50 packets back to back to "
        "it. The values are the lost packets of all bursts in percent, and the time that the "
        "first packet takes from the server to the host.",
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
        1,
        _burst,
        (MCPROXY, IGMPPROXY, SMCROUTE),
    ),
    Measure(
        "leave",
        "Leave to cut",
        "One host receives a stream of 1,000 packets a second. It leaves and answers no query; "
        "the provider continues to send. The value is the time from the leave to the last "
        "packet that the host receives. mcproxy has its defaults and sends two queries, one "
        "second apart. igmpproxy has ``quickleave`` and leaves upstream at once.",
        (
            Row(
                "leave",
                "leave to cut, the provider goes on sending",
                "s",
                2,
                target=near(2.0, 0.1, "2.0 within 0.1"),
            ),
        ),
        1,
        _leave,
    ),
    Measure(
        "quick",
        "Leave to cut with quick leave",
        "The same behind a provider whose snooping bridge stops the stream as soon as the "
        "proxy leaves. igmpproxy has ``quickleave`` and mcproxy has ``immediate-leave``, for "
        "users who prefer speed to last-member queries.",
        (Row("quick", "leave to cut, both with their quick leave", "ms", 1),),
        1,
        _leave_quickly,
        (MCPROXY_QUICK, IGMPPROXY),
    ),
    Measure(
        "immediate",
        "Immediate leave",
        "Two hosts of one link receive the stream, and the provider continues to send. The "
        "first host leaves, and the second one leaves a second later. The values are the "
        "packets lost on the link between the two leaves, and the time from the second leave "
        "to the last packet. igmpproxy has ``quickleave`` and mcproxy has ``immediate-leave``.",
        (
            Row(
                "immediate",
                "immediate leave to cut, the provider goes on sending",
                "ms",
                1,
                at_most_part(100),
            ),
            Row(
                "second",
                "packets lost to a second host when the first leaves",
                "%",
                1,
                at_most(0, "none"),
                max,
            ),
        ),
        1,
        _leave_one_by_one,
        (MCPROXY_QUICK, IGMPPROXY),
    ),
    Measure(
        "restart",
        "Restart",
        "A host of the kernel's own receives a stream of 1,000 packets a second while the "
        "daemon is restarted: mcproxy by ``mcproxy restart``; igmpproxy, which has no such "
        "command, by SIGTERM and a new start. Then igmpproxy has to query, and the host may "
        "take ten seconds to answer. The value is the number of packets that were lost or "
        "arrived twice.",
        (Row("restart", "packets lost by a restart", "", 0, at_most(0, "none"), max),),
        2,
        _restart,
    ),
)
