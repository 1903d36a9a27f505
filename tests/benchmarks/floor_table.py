"""The floor: what a daemon in Python cannot go below, beside mcproxy and igmpproxy."""

from __future__ import annotations

import shutil
import statistics
import sys

from .contenders import DOWNSTREAMS, IGMPPROXY, MCPROXY, UPSTREAM, Contender
from .measure import Findings, percentile_95
from .reaction import REACTION
from .single import SINGLE

_MEASURES = ("join", "present", "alone")
_ROWS = (
    ("join", "join to report upstream, us", 1000.0),
    ("present", "zap, stream present, us", 1000.0),
    ("alone-join", "CPU a join that comes alone, us", 1.0),
    ("alone-refresh", "CPU a refresh that comes alone, us", 1.0),
)


def _program(kind: str) -> Contender:
    command = (sys.executable, "-m", "tests.benchmarks.floor", kind, UPSTREAM, *DOWNSTREAMS)
    return Contender(f"floor, {kind}", "", command, has_file=False)


def floor_table(rounds: int) -> list[list[str]]:
    """Median, least and 95th percentile of each daemon, in turns; a dash where there is no value.

    The floor's programs repeat no report. IGMP only.
    """
    contenders = [_program("loop"), _program("reactor"), MCPROXY]
    if shutil.which(IGMPPROXY.command[0]):
        contenders.append(IGMPPROXY)
    measures = [each for each in (*REACTION, *SINGLE) if each.name in _MEASURES]
    found = {each.name: Findings() for each in contenders}
    for _ in range(rounds):
        for contender in contenders:
            for measure in measures:
                measure.run(contender, found[contender.name])
    head = ["median / least / 95 %", *found]
    return [head, *([title, *_cells(found, key, unit)] for key, title, unit in _ROWS)]


def _cells(found: dict[str, Findings], key: str, unit: float) -> list[str]:
    cells = []
    for findings in found.values():
        values = [value * unit for value in findings.values[key]]
        if values:
            figures = (statistics.median(values), min(values), percentile_95(values))
            cells.append(" / ".join(f"{each:.0f}" for each in figures))
        else:
            cells.append("-")
    return cells
