"""The cost of a group against the number of groups, as pictures in docs/pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from mcproxy.protocol.wire.packets import RecordType

from . import process
from .contenders import IGMPPROXY, MCPROXY_UNLIMITED, Contender
from .load import refresh
from .measure import Findings, Measure, Row
from .packets import IGMPV3
from .site import Site, groups
from .svg import Points, curves

SIZES = (100, 1_000, 10_000, 100_000)
_LIMITS = {IGMPPROXY.name: 1_000}
"""The most groups of a daemon whose time for all of them grows with their square."""

_REPEATS = 3.5
_RECORDS = 20_000
"""Records of a refresh, at least, so that the time of one is far above the clock's steps."""

PICTURES = {
    "join": ("CPU time for a joined group", "µs"),
    "refresh": ("CPU time for a refreshed record", "µs"),
    "memory": ("Memory for a group", "KiB"),
}
"""Each kind of curve: its title, and the unit."""


def _row(kind: str, count: int) -> str:
    return f"curve-{kind}-{count}"


def _measure(count: int) -> Measure:
    def run(contender: Contender, findings: Findings) -> None:
        if count <= _LIMITS.get(contender.name, SIZES[-1]):
            _curve(contender, findings, count)

    number = f"{count:,} groups"
    text = (
        "The points of the curves. The groups are joined and refreshed as above, and "
        "``max-groups`` is 1,000,000. igmpproxy takes part up to 1,000 groups."
    )
    return Measure(
        f"curve-{count}",
        f"Curves: {number}",
        text if count == SIZES[0] else f"The same with {number}.",
        tuple(
            Row(_row(kind, count), f"curve: {title}, {number}", unit, 2)
            for kind, (title, unit) in PICTURES.items()
        ),
        1,
        run,
        (MCPROXY_UNLIMITED, IGMPPROXY),
    )


def _curve(contender: Contender, findings: Findings, count: int) -> None:
    wanted = groups(count)
    with Site(contender) as site:
        idle, before = process.resident_bytes(site.pid), process.cpu_ns(site.pid)
        joins = IGMPV3.reports(IGMPV3.host, RecordType.CHANGE_TO_EXCLUDE_MODE, wanted)
        if not site.send_reports(joins):
            raise RuntimeError(f"{contender.name} did not read {count:,} joins in time")
        time.sleep(_REPEATS)
        findings.add(_row("join", count), (process.cpu_ns(site.pid) - before) / count / 1000)
        used = process.resident_bytes(site.pid) - idle
        findings.add(_row("memory", count), max(used, 1) / count / 1024)
        again = IGMPV3.reports(IGMPV3.host, RecordType.MODE_IS_EXCLUDE, wanted)
        again *= max(1, _RECORDS // count if contender.name not in _LIMITS else 1)
        for _ in range(3):
            findings.add(_row("refresh", count), refresh(site, again))


def pictures(results: Mapping[str, Findings]) -> Iterator[tuple[str, str]]:
    """The name of each picture that has points, and its text."""
    for kind, (title, unit) in PICTURES.items():
        lines = {name: _points(kind, findings) for name, findings in results.items()}
        lines = {name: points for name, points in lines.items() if points}
        if lines:
            yield f"groups-{kind}.svg", curves(title, "groups", unit, lines)


def _points(kind: str, findings: Findings) -> Points:
    rows = [(count, Row(_row(kind, count), "", "", 2).value(findings)) for count in SIZES]
    return [(count, value) for count, value in rows if value is not None and value > 0]


def write_pictures(folder: Path, results: Mapping[str, Findings]) -> list[str]:
    """Write the pictures that have points; their names."""
    made = dict(pictures(results))
    folder.mkdir(exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(made)


CURVES = tuple(map(_measure, SIZES))
