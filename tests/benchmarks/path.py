"""``python -m tests.benchmarks.path``: where the microseconds of one report go.

One host joins a group at a time, in a report of its own. The first table has the time that passes
between the kernel's receive time stamp of this report and each stage of its way, to the report
upstream and to the installed entry, as medians and 95th percentiles. The second one has what such
a report costs with 1,000 reports a second: the CPU time of all threads, of joins with the repeats
of the reports upstream, and of refreshes, as the median of several rounds and the least of them.
The third one has how long hosts wait while another program holds the kernel's lock (rtnl).

``floor`` shows the limit of these figures, with two programs that do nothing but answer a report
with a report and an entry (``tests.benchmarks.floor``), and with igmpproxy where it is installed.
``core`` measures the state machines and the encoding alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.privileges import NoRightsError, ensure_network_rights
from mcproxy.protocol.wire.packets import RecordType

from ..kernel.held_lock import HeldLock
from . import packets, process
from .contenders import MCPROXY, MCPROXY_HTTP, Contender, Folder
from .core import core_table
from .floor_table import floor_table
from .measure import percentile_95
from .packets import IGMPV3, MLDV2, HostProtocol
from .path_recorder import STAGES
from .site import Site, first_reports, groups
from .table import aligned, facts

_APART = 0.03
_PACE = 0.001
_REPEATED = 1.5
_ROUNDS = 5
_HELD = 1000
_TABLES = ("stages", "costs", "held", "floor", "core")


@dataclass(frozen=True)
class _Stamped(Contender):
    """mcproxy with the ways of reports stamped in ``site.daemon.config`` with another suffix."""

    def start(self, node: Node) -> Daemon:
        """Start it on ``node``; the lab stops it."""
        folder = Path(node.keep(Folder()).name)
        file = folder / "configuration.toml"
        file.write_text(self.configuration, encoding="ascii")
        stamps = str(file.with_suffix(".stamps"))
        module = "tests.benchmarks.path_recorder"
        daemon = Daemon(node, command=(sys.executable, "-m", module, stamps, str(file)))
        daemon.config = file
        return daemon


def _stages(protocol: HostProtocol, count: int, of: Contender) -> list[list[str]]:
    """The table of the stages that a join passes, and the processor time of it and of a refresh."""
    with Site(_Stamped("mcproxy", of.configuration, ("stamped",)), protocol=protocol) as site:
        for group in groups(count, protocol.family):
            site.join(group)
            time.sleep(_APART)
        time.sleep(_REPEATED)
        joined, reported = site.sent_joins(), site.reported_joins()
        for group in groups(count, protocol.family):
            (refresh,) = protocol.reports(protocol.host, RecordType.MODE_IS_EXCLUDE, [group])
            site.home.send(refresh)
            time.sleep(_APART)
        lines = site.daemon.config.with_suffix(".stamps").read_text("ascii").splitlines()
    every = [way for way in map(json.loads, lines) if "cpu" in way]
    ways = [way for way in every if "installed" in way and "sent" in way]
    refreshes = [way["cpu"] / 1000 for way in every if "handed" not in way and "sent" not in way]
    rows = []
    for stage, meaning in STAGES.items():
        passed = [(way[stage] - way["arrived"]) / 1000 for way in ways if stage in way]
        if passed:
            rows.append([stage, *_figures(passed), meaning])
    rows.sort(key=lambda row: float(row[1]))
    delays = [(when - joined[group]) / 1000 for group, when in reported.items()]
    rows.append(["(whole)", *_figures(delays), "from the host's report to the report upstream"])
    joins = [way["cpu"] / 1000 for way in ways]
    rows.append(
        ["(CPU)", *_figures(joins), "processor time of the reactor's turn, without repeats"]
    )
    rows.append(["(CPU)", *_figures(refreshes), f"the same of {len(refreshes)} refreshes"])
    return [["stage", "us", "95 %", f"{protocol.name}: {len(ways)} joins, each alone"], *rows]


def _costs(protocol: HostProtocol, count: int, of: Contender) -> list[list[str]]:
    """The table of the CPU time of reports that come alone."""
    rows = []
    with Site(of, protocol=protocol) as site:
        wanted, joins, refreshes = groups(count * _ROUNDS, protocol.family), [], []
        for at in range(0, len(wanted), count):
            some = wanted[at : at + count]
            joins.append(_cost(site, RecordType.CHANGE_TO_EXCLUDE_MODE, some))
            refreshes.append(_cost(site, RecordType.MODE_IS_EXCLUDE, some))
        lost = process.igmp_queue(site.pid)[1]
    for title, values in (("a join alone, with its repeat", joins), ("a refresh alone", refreshes)):
        rows.append(
            [title, *(f"{value:.0f}" for value in (statistics.median(values), min(values)))]
        )
    head = f"{protocol.name}: CPU of {count:,} reports in {count * _PACE:g} s, {lost} lost"
    return [[head, "us", "least"], *rows]


def _cost(site: Site, kind: RecordType, wanted: list[bytes]) -> float:
    """CPU time in microseconds for each report of a group alone, at a steady pace."""
    protocol = site.protocol
    reports = [protocol.reports(protocol.host, kind, [group])[0] for group in wanted]
    before, begin = process.cpu_ns(site.pid), time.monotonic()
    for number, report in enumerate(reports):
        time.sleep(max(0.0, begin + number * _PACE - time.monotonic()))
        site.home.send(report)
    time.sleep(_REPEATED)
    return (process.cpu_ns(site.pid) - before) / len(reports) / 1000


def _held(protocol: HostProtocol) -> list[list[str]]:
    """The table of what hosts see while another program holds the kernel's lock."""
    with Site(MCPROXY, protocol=protocol) as site, closing(HeldLock()) as lock:
        every = groups(2 * _HELD, protocol.family)
        old, new = every[:_HELD], every[_HELD:]
        for group in old:
            site.join(group)
        time.sleep(2 * _REPEATED)
        site.home_igmp.read()
        site.reported_joins()
        begin = time.monotonic()
        holder = lock.hold()
        while holder.poll() is None and new:
            site.join(new.pop())
            site.leave(old.pop())
            time.sleep(_PACE)
        seconds = time.monotonic() - begin
        holder.wait()
        time.sleep(_REPEATED)
        reported, seen = site.reported_joins(), site.home_igmp.read()
    joined = first_reports([one for one in seen if one.outgoing])
    left = {group: one.time for one in seen for group in packets.left_groups(one.bytes)}
    asked: dict[bytes, int] = {}
    for one in seen:
        asked.setdefault(packets.queried_group(one.bytes) or b"", one.time)
    joins = [(reported[group] - when) / 1000 for group, when in joined.items() if group in reported]
    leaves = [(asked[group] - when) / 1000 for group, when in left.items() if group in asked]
    return [
        [f"{protocol.name}: rtnl held for most of {seconds:.2f} s", "us", "95 %", "longest", "of"],
        ["join to report upstream", *_figures(joins), f"{max(joins):.0f}", f"{len(joined)}"],
        ["leave to query", *_figures(leaves), f"{max(leaves):.0f}", f"{len(left)}"],
    ]


def _figures(values: list[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.0f}", f"{percentile_95(values):.0f}"


def main() -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.path", description=__doc__)
    parser.add_argument("--joins", type=int, default=200, help="joins of the first table (200)")
    parser.add_argument("--reports", type=int, default=500, help="reports a round (500)")
    parser.add_argument("--rounds", type=int, default=1, help="rounds of the floor (1)")
    parser.add_argument("--mld", action="store_true", help="MLDv2 in place of IGMPv3")
    parser.add_argument(
        "--http", action="store_true", help="with [http]: the daemon measures latencies"
    )
    parser.add_argument("--only", choices=_TABLES, help="one of the tables")
    options = parser.parse_args()
    try:
        ensure_network_rights()
    except NoRightsError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(facts()), file=sys.stderr)
    protocol = MLDV2 if options.mld else IGMPV3
    contender = MCPROXY_HTTP if options.http else MCPROXY
    for name in [options.only] if options.only else _TABLES:
        if name == "stages":
            table = _stages(protocol, options.joins, contender)
        elif name == "costs":
            table = _costs(protocol, options.reports, contender)
        elif name == "held":
            table = _held(protocol)
        elif name == "floor":
            table = floor_table(options.rounds)
        else:
            table = core_table()
        print(aligned(table), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
