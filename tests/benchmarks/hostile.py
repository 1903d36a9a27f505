"""A host floods its link: what it costs the other hosts, on this link and on another one."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mcproxy.protocol.family import IPV4, Address, Family
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import OldReport, Packet, Query, Record, RecordType, Report

from . import flood, process
from .contenders import MCPROXY, Contender
from .measure import Findings, Measure, Row, at_most, percentile_95
from .packets import IGMPV3, MLDV2, HostProtocol, sequence
from .site import Site, first_reports, groups

_SECONDS = 4.0
_PACE = 0.05
_QUIET = 1.0
_MILLISECOND = 1e6
_SEED = 1

Packets = Callable[[random.Random], list[bytes]]


def _packet(family: Family, source: Address, packet: Packet) -> bytes:
    return datagram.encode(family, source, datagram.destination(family, packet), packet)


def _hostile(protocol: HostProtocol) -> Address:
    """The host that floods."""
    return protocol.second


def _group(family: Family, number: int) -> Address:
    """A group that no honest host of the benchmark wants."""
    first = int.from_bytes(groups(1, family)[0], "big") + (1 << 20)
    return (first + number).to_bytes(family.address_size, "big")


def _old_joins(protocol: HostProtocol) -> Packets:
    family = protocol.family
    older = family.current_version - 1

    def make(_: random.Random) -> list[bytes]:
        reports = (OldReport(older, _group(family, number)) for number in range(20_000))
        return [_packet(family, _hostile(protocol), report) for report in reports]

    return make


def _refreshes(protocol: HostProtocol) -> Packets:
    report = Report((Record(RecordType.MODE_IS_EXCLUDE, _group(protocol.family, 0)),))
    return lambda _: [_packet(protocol.family, _hostile(protocol), report)] * 256


def _spoofed(protocol: HostProtocol) -> Packets:
    """Joins of many groups, each from another address."""
    family = protocol.family

    def make(chance: random.Random) -> list[bytes]:
        made = []
        for number in range(20_000):
            tail = chance.getrandbits(16).to_bytes(2, "big")
            host = _hostile(protocol)[:-2] + tail
            record = Record(RecordType.CHANGE_TO_EXCLUDE_MODE, _group(family, number % 5000))
            made.append(_packet(family, host, Report((record,))))
        return made

    return make


def _long_lists(protocol: HostProtocol) -> Packets:
    """Source lists that fill a packet, for four groups that change their mode all the time."""
    family = protocol.family
    most = (family.room(1500) - 12 - family.address_size) // family.address_size
    kinds = (
        RecordType.MODE_IS_INCLUDE,
        RecordType.ALLOW_NEW_SOURCES,
        RecordType.CHANGE_TO_EXCLUDE_MODE,
        RecordType.BLOCK_OLD_SOURCES,
    )

    def make(chance: random.Random) -> list[bytes]:
        made = []
        for number in range(1_137):
            listed = frozenset(_source(family, chance) for _ in range(most))
            record = Record(chance.choice(kinds), _group(family, number % 4), listed)
            made.append(_packet(family, _hostile(protocol), Report((record,))))
        return made

    return make


def _long_queries(protocol: HostProtocol) -> Packets:
    """Queries from the highest address of the link, each with a full list of sources."""
    family = protocol.family
    most = (family.room(1500) - family.query_size) // family.address_size

    def make(chance: random.Random) -> list[bytes]:
        made = []
        for _ in range(256):
            listed = frozenset(_source(family, chance) for _ in range(most))
            group = groups(1, family)[0]
            query = Query(family.current_version, group, 1.0, listed, False, 2, 125)
            made.append(_packet(family, _hostile(protocol), query))
        return made

    return make


def _source(family: Family, chance: random.Random) -> Address:
    if family is IPV4:
        return b"\x0a\x01" + chance.getrandbits(16).to_bytes(2, "big")
    return b"\xfd\0\0\x01" + bytes(4) + chance.getrandbits(64).to_bytes(8, "big")


def _attack(name: str, make: Packets, rate: float, protocol: HostProtocol) -> Measure:
    def run(contender: Contender, findings: Findings) -> None:
        with Site(contender, protocol=protocol) as site, tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "packets")
            flood.write_packets(path, make(random.Random(_SEED)))
            _besiege(site, path, rate, name, findings)

    return Measure(name, _TITLES[name], _TEXT, _rows(name), 1, run, (MCPROXY,))


def _besiege(site: Site, path: Path, rate: float, name: str, findings: Findings) -> None:
    """Flood from home while honest hosts at home and on the other link join one group each."""
    protocol = site.protocol
    stream_group, *wanted = groups(1 + int(_SECONDS / _PACE), protocol.family)
    site.other_raw.send(protocol.join(protocol.host, stream_group))
    time.sleep(_QUIET)
    with site.stream(stream_group):
        time.sleep(_QUIET)
        site.other_data.read()
        site.other_igmp.read()
        site.reported_joins()
        before = process.cpu_ns(site.pid)
        arguments = [sys.executable, flood.__file__, "eth0", str(rate), str(_SECONDS), str(path)]
        attacker = site.home_node.popen(arguments, stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        said: dict[Address, int] = {}
        begin = time.monotonic()
        for number, group in enumerate(wanted):
            host = site.home if number % 2 else site.other_raw
            said[group] = time.time_ns()
            host.send(protocol.join(protocol.host, group))
            time.sleep(max(0.0, begin + (number + 1) * _PACE * 0.8 - time.monotonic()))
        attacker.wait()
        used = process.cpu_ns(site.pid) - before
        time.sleep(_QUIET)
        arrived = [sequence(packet.bytes) for packet in site.other_data.received()]
    told = first_reports(site.provider_igmp.received())
    unanswered = {"same": 0, "other": 0}
    for number, group in enumerate(wanted):
        link = "same" if number % 2 else "other"
        if group in told:
            findings.add(f"{name}-{link}", (told[group] - said[group]) / _MILLISECOND)
        else:
            unanswered[link] += 1
    for link, count in unanswered.items():
        findings.add(f"{name}-unanswered-{link}", count)
    findings.add(f"{name}-loss", max(arrived) - min(arrived) + 1 - len(set(arrived)))
    findings.add(f"{name}-cpu", used / _SECONDS / 1e7)
    findings.add(f"{name}-memory", process.resident_bytes(site.pid) / (1 << 20))


_ATTACKS = (
    ("igmpv2-joins", "IGMPv2 joins, 20,000 a second", _old_joins, 20_000, IGMPV3),
    ("mldv1-joins", "MLDv1 joins, 20,000 a second", _old_joins, 20_000, MLDV2),
    ("igmp-refreshes", "IGMPv3 refreshes, 50,000 a second", _refreshes, 50_000, IGMPV3),
    ("mld-refreshes", "MLDv2 refreshes, 50,000 a second", _refreshes, 50_000, MLDV2),
    (
        "igmp-forged",
        "IGMPv3 joins from forged addresses, 20,000 a second",
        _spoofed,
        20_000,
        IGMPV3,
    ),
    ("igmp-sources", "IGMPv3 source lists, 300 a second", _long_lists, 300, IGMPV3),
    ("mld-sources", "MLDv2 source lists, 300 a second", _long_lists, 300, MLDV2),
    (
        "igmp-queries",
        "IGMPv3 queries with source lists, 5,000 a second",
        _long_queries,
        5_000,
        IGMPV3,
    ),
    ("mld-queries", "MLDv2 queries with source lists, 5,000 a second", _long_queries, 5_000, MLDV2),
)
_TITLES = {name: title for name, title, *_ in _ATTACKS}
_TEXT = (
    "One host floods its link for four seconds. Meanwhile honest hosts on the same link and on "
    "another link join a group every 40 milliseconds, and a stream runs to the other link. The "
    "values are the time until a join arrives upstream, the joins that never do, the lost "
    "packets of the stream, and the daemon's share of one processor and its memory."
)
_LIMIT = 100.0
_NONE = at_most(0)


def _rows(name: str) -> tuple[Row, ...]:
    # Hosts on the link of a flood from forged addresses cannot be told from it.
    forged = name == "igmp-forged"
    same = None if forged else at_most(_LIMIT)
    return (
        Row(f"{name}-same", "worst join on the same link", "ms", 1, same, max),
        Row(f"{name}-other", "worst join on another link", "ms", 1, at_most(_LIMIT), max),
        Row(f"{name}-same", "95th percentile, same link", "ms", 1, None, percentile_95),
        Row(f"{name}-other", "95th percentile, another link", "ms", 1, None, percentile_95),
        Row(f"{name}-unanswered-same", "joins without an answer, same link", "", 0, same and _NONE),
        Row(f"{name}-unanswered-other", "joins without an answer, another link", "", 0, _NONE),
        Row(f"{name}-loss", "lost packets of the stream", "", 0, _NONE),
        Row(f"{name}-cpu", "CPU", "%", 0),
        Row(f"{name}-memory", "memory", "MiB", 0),
    )


HOSTILE = tuple(
    _attack(name, make(protocol), rate, protocol) for name, _, make, rate, protocol in _ATTACKS
)
