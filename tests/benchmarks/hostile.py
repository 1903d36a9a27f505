"""A host floods its link: what it costs the other hosts, on this link and on another one."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcproxy.lab.source import Stream
from mcproxy.protocol.family import IPV4, Address, packed
from mcproxy.protocol.wire.packets import RecordType

from . import flood, hostile_packets, process
from .contenders import (
    MCPROXY,
    MCPROXY_LIMITED,
    MCPROXY_PER_SOURCE,
    MCPROXY_QUICK,
    Contender,
)
from .hostile_packets import Packets
from .measure import Findings, Measure, Row, Statistic, Target, at_most, percentile_95
from .packets import IGMPV3, MLDV2, HostProtocol, channel, sequence
from .site import SOURCE, SOURCE6, Site, first_reports, groups, text
from .tap import Packet

_SECONDS = 4.0
_PACE = 0.04
_QUIET = 1.0
_MILLISECOND = 1e6
_SEED = 1
_STREAMS = 2
"""Streams to each downstream link."""
_STREAM_RATE = 250.0
_MOST_JOINS = 1000


@dataclass(frozen=True)
class Attack:
    """What a hostile host sends, so many packets a second.

    It is at home, or with ``upstream`` in the provider's network.
    """

    name: str
    title: str
    protocol: HostProtocol
    packets: Packets
    rate: float
    contender: Contender = MCPROXY
    upstream: bool = False

    def measure(self) -> Measure:
        """The measure of this attack."""
        rows = _rows(self.name)
        return Measure(self.name, self.title, DESCRIPTION, rows, 1, self._run, (self.contender,))

    def _run(self, contender: Contender, findings: Findings) -> None:
        with Site(contender, protocol=self.protocol) as site, tempfile.TemporaryDirectory() as name:
            path = Path(name, "packets")
            flood.write_packets(path, self.packets(site, random.Random(_SEED)))
            with _streams(site) as streams:
                used = self._besiege(site, path, findings)
                time.sleep(_QUIET)
            lost = _lost(site.home_data.received(), streams[:_STREAMS])
            lost += _lost(site.other_data.received(), streams[_STREAMS:])
        findings.add(f"{self.name}-loss", lost)
        findings.add(f"{self.name}-cpu", used)

    def _besiege(self, site: Site, path: Path, findings: Findings) -> float:
        """Let it begin and end while honest hosts join; the daemon's CPU time in percent."""
        before, begin = process.cpu_ns(site.pid), time.monotonic()
        node = site.server if self.upstream else site.home_node
        arguments = [sys.executable, flood.__file__, "eth0", str(self.rate), str(_SECONDS)]
        attacker = node.popen([*arguments, str(path)], stdout=subprocess.DEVNULL)
        said = _join_until(site, lambda: attacker.poll() is not None)
        used = (process.cpu_ns(site.pid) - before) / (time.monotonic() - begin) / 1e7
        findings.add(f"{self.name}-memory", process.resident_bytes(site.pid) / (1 << 20))
        time.sleep(_QUIET)
        told = first_reports(site.provider_igmp.received())
        for link, joins in said.items():
            delays = [(told[group] - at) / _MILLISECOND for group, at in joins if group in told]
            findings.add(f"{self.name}-{link}", *delays)
            findings.add(f"{self.name}-unanswered", len(joins) - len(delays))
        return used


@contextmanager
def _streams(site: Site) -> Iterator[list[Stream]]:
    """Send to four groups: two of a host of the kernel at home, and two of the other link."""
    family = site.protocol.family
    wanted = groups(2 * _STREAMS, family)
    at_home, on_the_other = wanted[:_STREAMS], wanted[_STREAMS:]
    for group in on_the_other:
        site.other_raw.send(site.protocol.join(site.protocol.host, group))
    for group in at_home:
        site.home_node.join(text(group))
    for host in (site.home, site.other_raw) * 2:  # they are no strangers when the attack begins
        time.sleep(_QUIET / 4)
        host.send(site.protocol.join(site.protocol.host, groups(_MOST_JOINS, family)[-1]))
    time.sleep(_QUIET)
    with ExitStack() as stack:
        streams = [stack.enter_context(site.stream(group, _STREAM_RATE)) for group in wanted]
        time.sleep(_QUIET)
        for tap in (site.home_data, site.other_data, site.provider_igmp):
            tap.read()
        yield streams


def _join_until(site: Site, is_over: Callable[[], bool]) -> dict[str, list[tuple[Address, int]]]:
    """Join one group after the other, on each link in turn; by link: groups, and when (ns)."""
    protocol = site.protocol
    said: dict[str, list[tuple[Address, int]]] = {"same": [], "other": []}
    begin = time.monotonic()
    for number, group in enumerate(groups(_MOST_JOINS, protocol.family)[2 * _STREAMS :]):
        if is_over():
            break
        link, host = ("same", site.home) if number % 2 else ("other", site.other_raw)
        said[link].append((group, time.time_ns()))
        host.send(protocol.join(protocol.host, group))
        time.sleep(max(0.0, begin + (number + 1) * _PACE - time.monotonic()))
    return said


def _lost(packets: list[Packet], streams: Iterable[Stream]) -> int:
    """How many packets of streams that have ended are missing after the first that arrived."""
    arrived: dict[tuple[Address, Address], set[int]] = {}
    for packet in packets:
        arrived.setdefault(channel(packet.bytes), set()).add(sequence(packet.bytes))
    lost = 0
    for stream in streams:
        numbers = arrived.get((packed(stream.source), packed(stream.group)), {-1})
        lost += stream.sent - min(numbers) - len(numbers)
    return lost


DESCRIPTION = (
    "One host floods its link, or the provider's network, for four seconds. Meanwhile honest "
    "hosts on the link of the flood and on another link, which had joined a group before, join "
    "another one every 40 milliseconds, in turns. Two streams run to each of these links. The "
    "values are the lost packets of the four streams, the time until a join arrives upstream, the "
    "joins that never do, and the daemon's share of one processor and its memory."
)
LIMIT = 100.0
"""Milliseconds that a join may wait."""
COLUMNS = (
    "lost",
    "worst, other link",
    "95 %",
    "worst, same link",
    "95 %",
    "unanswered",
    "CPU",
    "memory",
)
"""What the rows of each attack are, in their order."""


def _rows(name: str) -> tuple[Row, ...]:
    none, limit = at_most(0), at_most(LIMIT)
    measured: tuple[tuple[str, str, int, Target | None, Statistic], ...] = (
        ("loss", "", 0, none, sum),
        ("other", "ms", 1, limit, max),
        ("other", "ms", 1, None, percentile_95),
        ("same", "ms", 1, limit, max),
        ("same", "ms", 1, None, percentile_95),
        ("unanswered", "", 0, none, sum),
        ("cpu", "%", 0, None, max),
        ("memory", "MiB", 0, None, max),
    )
    return tuple(
        Row(f"{name}-{key}", title, unit, digits, target, statistic)
        for title, (key, unit, digits, target, statistic) in zip(COLUMNS, measured, strict=True)
    )


_ALLOW, _BLOCK = RecordType.ALLOW_NEW_SOURCES, RecordType.BLOCK_OLD_SOURCES
_IS_IN, _IS_EX = RecordType.MODE_IS_INCLUDE, RecordType.MODE_IS_EXCLUDE
_TO_IN, _TO_EX = RecordType.CHANGE_TO_INCLUDE_MODE, RecordType.CHANGE_TO_EXCLUDE_MODE


_SOURCE_LISTS = {
    "INCLUDE": (_IS_IN, _ALLOW),
    "EXCLUDE": (_IS_EX, _TO_EX),
    "flips": (_TO_IN, _TO_EX, _ALLOW, _BLOCK),
}
_PREFIXES = {
    "down": (b"\x0a\x02", packed("fd00:2::")[:8]),
    "up": (b"\x0a\x01", packed("fd00:1::")[:8]),
}


def _attacks(protocol: HostProtocol) -> Iterator[Attack]:
    """All attacks in one family."""
    family = protocol.family
    ipv4 = family is IPV4
    key, label = ("igmp", "IPv4") if ipv4 else ("mld", "IPv6")
    source = packed(SOURCE if ipv4 else SOURCE6)
    streams = groups(2 * _STREAMS, family)

    def attack(
        name: str,
        title: str,
        packets: Packets,
        rate: float,
        contender: Contender = MCPROXY,
        upstream: bool = False,
    ) -> Attack:
        title = f"{title}, {label}"
        return Attack(f"{key}-{name}", title, protocol, packets, rate, contender, upstream)

    forged = hostile_packets.forged_data(source, streams)
    title = "data with the address of a stream's source, 1,000/s"
    yield attack("data", title, forged, 1_000, MCPROXY_PER_SOURCE)
    for name, kinds in _SOURCE_LISTS.items():
        lists = hostile_packets.source_lists(*kinds)
        title = f"source lists, {name}, 100,000 sources/s"
        yield attack(name.lower(), title, lists, 300 if ipv4 else 1_200)
    title = "queries with full source lists, 5,000/s"
    yield attack("queries", title, hostile_packets.queries, 5_000)
    for version in range(1, family.current_version):
        joins = hostile_packets.old_joins(version)
        title = f"{family.protocol}v{version} joins, 20,000/s"
        yield attack(f"v{version}", title, joins, 20_000)
        limited = f"{title}, max-report-rate"
        yield attack(f"v{version}-limited", limited, joins, 20_000, MCPROXY_LIMITED)
    title, refreshes = "refreshes, 50,000/s", hostile_packets.refreshes
    yield attack("refreshes", title, refreshes, 50_000)
    limited = f"{title}, max-report-rate"
    yield attack("refreshes-limited", limited, refreshes, 50_000, MCPROXY_LIMITED)
    title = "joins from forged addresses, 20,000/s"
    yield attack("forged", title, hostile_packets.forged_joins, 20_000)
    for name, prefix in _PREFIXES.items():
        flooded = hostile_packets.new_sources(prefix[0 if ipv4 else 1], streams[_STREAMS])
        title = f"new sources {name}stream, 10,000/s"
        upstream = name == "up"
        yield attack(f"sources-{name}", title, flooded, 10_000, MCPROXY_PER_SOURCE, upstream)
    leaves = hostile_packets.forged_leaves(streams[:_STREAMS])
    yield attack("leaves", "forged leaves, immediate-leave, 10/s", leaves, 10, MCPROXY_QUICK)


ATTACKS = (*_attacks(IGMPV3), *_attacks(MLDV2))
HOSTILE = tuple(attack.measure() for attack in ATTACKS)
