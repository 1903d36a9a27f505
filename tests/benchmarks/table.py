"""The findings as a table, for the terminal and for docs/developer/benchmarks.rst."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from .contenders import IGMPPROXY, MCPROXY
from .measure import Findings, Measure, Row

_BOTH = (MCPROXY.name, IGMPPROXY.name)
"""The columns without a choice."""

_INTRODUCTION = """\
Benchmarks
==========

.. This file is written by ``python -m tests.benchmarks --write``.

The speed and the cost of mcproxy, beside igmpproxy of Debian. Both daemons run in the same
laboratory of network namespaces, in turns. They receive the same packets and are measured in the
same way. mcproxy has its defaults, with IPv4 and IPv6. igmpproxy supports IPv4 only and has
``quickleave``. To measure again, as root, in a checkout, with igmpproxy and smcroute installed::

    python -m tests.benchmarks --write

``--help`` tells how to choose single measures. smcroute of Debian, which has static routes and no
hosts, takes part in the measures that it can: new sources, and the cost at rest.

``--peer NAME=COMMAND`` adds a column for another daemon; the proxy's interfaces are ``up``,
``down1`` and ``down2``::

    python -m tests.benchmarks alone --peer "omcproxy=omcproxy {upstream},{downstreams}"

The numbers depend on the machine, and on other
work that it has at the time. Read the ratios.
"""
CURVES = """\
Curves
------

The cost of a group against the number of groups, with logarithmic axes. To draw them again::

    python -m tests.benchmarks curve-100 curve-1000 curve-10000 curve-100000 --pictures

.. image:: ../pictures/groups-join.svg
   :alt: CPU time for a joined group, against the number of groups

.. image:: ../pictures/groups-refresh.svg
   :alt: CPU time for a refreshed record, against the number of groups

.. image:: ../pictures/groups-memory.svg
   :alt: memory for a group, against the number of groups
"""
LABORATORY = """\
The laboratory
--------------

A server, the provider's switch, the machine with the proxy, and two downstream links with hosts
are network namespaces that virtual cables connect. The test program itself makes the hosts'
reports, so no host stack decides when they leave or what they say. The hosts answer no queries.
All times are the kernel's stamps of packets at the far ends of the proxy's links. They are read
when a measurement is over, so only the daemon runs meanwhile. The kernel's limits on memberships
are raised in all namespaces, because igmpproxy lets the kernel join its groups. CPU time is what
the scheduler counted for all threads of the daemon, including its time in the kernel. Work that
the kernel does later for a daemon, such as sending igmpproxy's reports, counts only if it happens
to interrupt the daemon.
"""


def facts() -> list[str]:
    """The versions that are measured, and the machine."""
    version = platform.python_implementation()
    return [
        f"Date: {datetime.datetime.now(datetime.UTC).date().isoformat()}",
        f"Kernel: {platform.system()} {platform.release()}, {platform.machine()}",
        f"Processors: {os.cpu_count()}{_model()}",
        f"Python: {version} {platform.python_version()}",
        *(f"{package}: {_package_version(package)}" for package in ("igmpproxy", "smcroute")),
    ]


def plain(
    measures: Sequence[Measure], results: Mapping[str, Findings], names: Sequence[str] = _BOTH
) -> str:
    """The table of the daemons ``names``, mcproxy first, and its remarks for a terminal."""
    table = aligned([_head(names), *_cells(measures, results, names)])
    remarks = _remarks(measures, results, names)
    return "\n".join([table, "", *(f"* {text}" for text in remarks)])


def _head(names: Sequence[str]) -> list[str]:
    return ["", *names, "target", "met"]


def aligned(cells: Sequence[Sequence[str]]) -> str:
    """A table for a terminal; the first line of ``cells`` is its head."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    lines[1:1] = ["  ".join("-" * width for width in widths)]
    return "\n".join(lines)


def document(
    measures: Sequence[Measure], results: Mapping[str, Findings], names: Sequence[str] = _BOTH
) -> str:
    """The whole of docs/developer/benchmarks.rst."""
    parts = [_INTRODUCTION, "\n".join(f"* {fact}" for fact in facts()) + "\n"]
    widths = " ".join(["40", *["13"] * len(names), "22", "12"])
    parts.append(list_table([_head(names), *_cells(measures, results, names)], widths))
    remarks = _remarks(measures, results, names)
    if remarks:
        parts.append(
            "Remarks:\n\n" + "\n".join(wrapped(f"* {text}", "  ") for text in remarks) + "\n"
        )
    parts.append(CURVES)
    parts.append(LABORATORY)
    parts.append("The measures\n------------\n")
    parts.extend(
        f"{measure.title}\n{'~' * len(measure.title)}\n\n{wrapped(measure.description)}\n"
        for measure in measures
    )
    return "\n".join(parts)


def list_table(cells: Sequence[Sequence[str]], widths: str) -> str:
    """A table for a document; the first line of ``cells`` is its head."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for line in cells:
        lines.append(f"   * - {line[0]}".rstrip())
        lines.extend(f"     - {cell}".rstrip() for cell in line[1:])
    return "\n".join(lines) + "\n"


def _cells(
    measures: Sequence[Measure], results: Mapping[str, Findings], names: Sequence[str]
) -> list[list[str]]:
    return [_row(row, results, names) for measure in measures for row in measure.rows]


def _row(row: Row, results: Mapping[str, Findings], names: Sequence[str]) -> list[str]:
    values = [row.value(results[name]) for name in names]
    theirs = {
        name: value for name, value in zip(names[1:], values[1:], strict=True) if value is not None
    }
    target, met = "", ""
    if row.target is not None:
        target = row.target.text
        met = "not measured"
        if values[0] is not None:
            met = "yes" if row.target.met(values[0], theirs) else "no"
    return [row.title, *(number(value, row) for value in values), target, met]


def number(value: float | None, row: Row) -> str:
    """A value with the digits and the unit of its row."""
    if value is None:
        return "none"
    return f"{value:,.{row.digits}f} {row.unit}".rstrip()


def _remarks(
    measures: Sequence[Measure], results: Mapping[str, Findings], names: Sequence[str]
) -> list[str]:
    remarks: dict[str, None] = {}
    for measure in measures:
        for row in measure.rows:
            for name in names:
                for text in results[name].remarks[row.key]:
                    remarks[f"{name}, {measure.title.lower()}: {text}."] = None
    return list(remarks)


def wrapped(text: str, indent: str = "") -> str:
    """A paragraph in lines."""
    return textwrap.fill(text, 100, subsequent_indent=indent, break_on_hyphens=False)


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return f" ({line.partition(':')[2].strip()})"
    return ""


def _package_version(package: str) -> str:
    try:
        found = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown version"
    return found.stdout
