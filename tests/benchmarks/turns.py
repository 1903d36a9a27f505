"""The longest turn of the reactor: how long a packet or a timer may have to wait."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.protocol.family import IPV4, Address
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Packet, Query, Record, RecordType, Report

from . import flood
from .contenders import MCPROXY, Contender
from .measure import Findings, Measure, Row, at_most
from .packets import IGMPV3, MLDV2, HostProtocol
from .site import Site, groups
from .turn_recorder import MARK

_SECONDS = 4.0
_LARGEST_MTU = 65535
_MANY = 100_000
_RELOADED = _MANY
_SETTLING = 6.0
_LIMIT = at_most(20)
_FLIPS = (
    RecordType.MODE_IS_INCLUDE,
    RecordType.CHANGE_TO_EXCLUDE_MODE,
    RecordType.CHANGE_TO_INCLUDE_MODE,
    RecordType.MODE_IS_EXCLUDE,
    RecordType.ALLOW_NEW_SOURCES,
    RecordType.BLOCK_OLD_SOURCES,
)
_ROUTER6 = b"\xfe\x80" + bytes(13) + b"\x01"

STACKS = "--stacks" in sys.argv
"""Whether the functions of long turns are printed, too."""


@dataclass(frozen=True)
class Recorded(Contender):
    """mcproxy with its turns recorded; ``site.daemon.config`` is its file."""

    def start(self, node: Node) -> Daemon:
        """Start it on ``node``; the lab stops it."""
        folder = Path(node.keep(_Folder()).name)
        file = folder / "configuration.toml"
        file.write_text(self.configuration, encoding="ascii")
        module = "tests.benchmarks.turn_recorder"
        options = ["--stacks"] if STACKS else []
        daemon = Daemon(node, command=(sys.executable, "-m", module, *options, str(file)))
        daemon.config = file
        return daemon


class _Folder(tempfile.TemporaryDirectory[str]):
    def close(self) -> None:
        self.cleanup()


@contextmanager
def _recorded(site: Site, name: str, findings: Findings) -> Iterator[None]:
    """Add the longest turn of what happens meanwhile: its time, and its processor time."""
    before = len(site.daemon.lines)
    yield
    time.sleep(0.5)
    told = [line.split() for line in site.daemon.lines[before:] if line.startswith(MARK)]
    told.sort(key=lambda words: float(words[3]))
    for words in told[-5:] if STACKS else ():
        print(name, *words[2:], file=sys.stderr)
    for column, row in ((2, "wall"), (3, "cpu"), (4, "gc")):
        longest = max((float(words[column]) for words in told), default=0.0)
        findings.add(f"{name}-{row}", longest * 1000)


def _packet(family_of: HostProtocol, source: Address, packet: Packet) -> bytes:
    family = family_of.family
    return datagram.encode(family, source, datagram.destination(family, packet), packet)


def _sources(protocol: HostProtocol, count: int, chance: random.Random) -> frozenset[Address]:
    head = b"\x0a" if protocol.family is IPV4 else b"\xfd\0\0\x01" + bytes(9)
    return frozenset(head + chance.getrandbits(24).to_bytes(3, "big") for _ in range(count))


def _flips(protocol: HostProtocol, mtu: int) -> list[bytes]:
    """Reports with a list as long as fits; each record changes the mode or the list."""
    family, chance = protocol.family, random.Random(1)
    most = (family.room(mtu) - 12 - family.address_size) // family.address_size
    wanted = groups(4, family)
    made = []
    for number in range(16 if mtu == _LARGEST_MTU else 300):
        record = Record(_FLIPS[number % 6], wanted[number % 4], _sources(protocol, most, chance))
        made.append(_packet(protocol, protocol.host, Report((record,))))
    return made


def _queries(protocol: HostProtocol, mtu: int) -> list[bytes]:
    """Queries with a list as long as fits, from a router upstream."""
    family, chance = protocol.family, random.Random(1)
    most = (family.room(mtu) - family.query_size) // family.address_size
    router = bytes([10, 1, 1, 1]) if family is IPV4 else _ROUTER6
    made = []
    for number in range(16 if mtu == _LARGEST_MTU else 64):
        listed = _sources(protocol, most, chance)
        group = groups(4, family)[number % 4]
        query = Query(family.current_version, group, 1.0, listed, False, 2, 125)
        made.append(_packet(protocol, router, query))
    return made


def _flood(node: Node, packets: list[bytes], rate: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "packets")
        flood.write_packets(path, packets)
        arguments = [sys.executable, flood.__file__, "eth0", str(rate), str(_SECONDS), str(path)]
        node.popen(arguments, stdout=subprocess.DEVNULL).wait()


def _raise_mtu(site: Site) -> None:
    for name in ("up", "down1"):
        site.proxy.set_link(name, mtu=_LARGEST_MTU)
    site.home_node.set_link("eth0", mtu=_LARGEST_MTU)
    for name in ("server", "port", "br0"):
        site.provider.set_link(name, mtu=_LARGEST_MTU)
    site.server.set_link("eth0", mtu=_LARGEST_MTU)
    time.sleep(2.0)


def _lists(protocol: HostProtocol, mtu: int) -> Callable[[Contender, Findings], None]:
    kind = f"{protocol.family.protocol.lower()}-{mtu}"

    def run(contender: Contender, findings: Findings) -> None:
        with Site(_RECORDED, protocol=protocol) as site:
            if mtu == _LARGEST_MTU:
                _raise_mtu(site)
            rate = 20.0 if mtu == _LARGEST_MTU else 300.0
            with _recorded(site, f"turn-lists-{kind}", findings):
                _flood(site.home_node, _flips(protocol, mtu), rate)
            with _recorded(site, f"turn-queries-{kind}", findings):
                _flood(site.server, _queries(protocol, mtu), rate)

    return run


def _many(contender: Contender, findings: Findings) -> None:
    family = IGMPV3.family
    everything = groups(_MANY)
    general = Query(family.current_version, family.unspecified, 10.0, robustness=2, interval=125)
    with Site(_UNLIMITED) as site:
        server = site.server.raw_host()
        steps: list[tuple[str, Callable[[], object], float]] = [
            ("joined", lambda: _report(site, RecordType.CHANGE_TO_EXCLUDE_MODE, everything), 0.0),
            ("queried", lambda: server.send(_packet(IGMPV3, bytes([10, 1, 1, 1]), general)), 6.0),
            ("refreshed", lambda: _report(site, RecordType.MODE_IS_EXCLUDE, everything), 0.0),
            ("left", lambda: _report(site, RecordType.CHANGE_TO_INCLUDE_MODE, everything), 0.0),
        ]
        for name, act, more in steps:
            with _recorded(site, f"turn-{name}", findings):
                act()
                time.sleep(_SETTLING + more)


def _report(site: Site, kind: RecordType, wanted: list[Address]) -> None:
    if not site.send_reports(IGMPV3.reports(IGMPV3.host, kind, wanted)):
        raise RuntimeError("the daemon did not read the reports in time")


def _reload(contender: Contender, findings: Findings) -> None:
    with Site(_UNLIMITED) as site:
        _report(site, RecordType.CHANGE_TO_EXCLUDE_MODE, groups(_RELOADED))
        time.sleep(_SETTLING)
        text = site.daemon.config.read_text(encoding="ascii")
        faster = text + "query-interval = 60\n"
        for name, changed in (
            ("reload-timers", faster),
            (
                "reload-filter",
                faster.replace("[defaults]", 'boundary = ["239.255.0.0/16"]\n[defaults]'),
            ),
            ("reload-back", text),
        ):
            site.daemon.config.write_text(changed, encoding="ascii")
            with _recorded(site, f"turn-{name}", findings):
                site.daemon.process.send_signal(signal.SIGHUP)
                time.sleep(_SETTLING)


_RECORDED = Recorded("mcproxy", MCPROXY.configuration, ("recorded",))
_UNLIMITED = Recorded(
    "mcproxy", MCPROXY.configuration + "[defaults]\nmax-groups = 1000000\n", ("recorded",)
)
_TEXT = (
    "The longest time for which the daemon's reactor served nothing else, on the clock and in "
    "processor time of its thread. The clock also counts the time in which the machine ran "
    "other processes. The third value is the longest pause of Python's garbage collector."
)


def _rows(*names: str) -> tuple[Row, ...]:
    rows = []
    for name in names:
        title = name.replace("-", " ")
        rows += [
            Row(f"turn-{name}-wall", f"longest turn, {title}", "ms", 1, None, max),
            Row(f"turn-{name}-cpu", f"processor time, {title}", "ms", 1, _LIMIT, max),
            Row(f"turn-{name}-gc", f"garbage collection, {title}", "ms", 1, None, max),
        ]
    return tuple(rows)


def _list_measure(protocol: HostProtocol, mtu: int) -> Measure:
    kind = f"{protocol.family.protocol.lower()}-{mtu}"
    title = f"Turns: {protocol.name} lists of sources, MTU {mtu}"
    rows = _rows(f"lists-{kind}", f"queries-{kind}")
    return Measure(f"turns-{kind}", title, _TEXT, rows, 1, _lists(protocol, mtu), (MCPROXY,))


TURNS = (
    *(_list_measure(each, mtu) for each in (IGMPV3, MLDV2) for mtu in (1500, _LARGEST_MTU)),
    Measure(
        "turns-many",
        f"Turns: {_MANY:,} groups",
        _TEXT,
        _rows("joined", "queried", "refreshed", "left"),
        1,
        _many,
        (MCPROXY,),
    ),
    Measure(
        "turns-reload",
        f"Turns: reload with {_RELOADED:,} groups",
        _TEXT,
        _rows("reload-timers", "reload-filter", "reload-back"),
        1,
        _reload,
        (MCPROXY,),
    ),
)
