"""``python -m tests.benchmarks``: measure mcproxy and igmpproxy; print or write the tables."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from mcproxy.lab.privileges import NoRightsError, ensure_network_rights

from . import hostile_table
from .contenders import IGMPPROXY, MCPROXY, SMCROUTE, Contender, peer
from .curves import CURVES, write_pictures
from .hostile import HOSTILE
from .hostile_clients import HOSTILE_CLIENTS
from .load import LOAD
from .measure import Findings, Measure
from .pages import PAGES
from .reaction import REACTION
from .readers import READERS
from .scale import SCALE
from .scrapes import SCRAPES
from .single import SINGLE
from .storms import STORMS
from .table import document, facts, plain
from .tracking import TRACKING
from .turns import TURNS
from .views import VIEWS

ORDINARY = (
    *REACTION,
    *SINGLE,
    *LOAD,
    *STORMS,
    *SCALE,
    *CURVES,
    *TRACKING,
    *READERS,
    *PAGES,
    *SCRAPES,
    *HOSTILE_CLIENTS,
    *TURNS,
    *VIEWS,
)
DOCS = Path(__file__).resolve().parents[2] / "docs"
DOCUMENT = DOCS / "developer/benchmarks.rst"
PICTURES = DOCS / "pictures"


def main() -> int:
    """Run the chosen measures; the exit code is 1 if something could not be measured."""
    options = _options()
    try:
        ensure_network_rights()
    except NoRightsError as error:
        print(error, file=sys.stderr)
        return 1
    names = options.only or [MCPROXY.name, IGMPPROXY.name, SMCROUTE.name]
    names = [*names, *(each.name for each in options.peer)]
    for each in (IGMPPROXY, SMCROUTE):
        if each.name in names and not shutil.which(each.command[0]):
            print(
                f"{each.name} is not installed; --only mcproxy measures without it", file=sys.stderr
            )
            return 1
    ordinary, hostile = _chosen(ORDINARY, options.measure), _chosen(HOSTILE, options.measure)
    print("\n".join(facts()), file=sys.stderr)
    begin = time.monotonic()
    results = _run([*ordinary, *hostile], names, options.peer, options.rounds)
    shown = [MCPROXY.name, *(name for name in names if name != MCPROXY.name)]
    if ordinary:
        print(plain(ordinary, results, shown))
    if hostile:
        print(hostile_table.plain(hostile, results))
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    if options.write or options.pictures:
        for name in write_pictures(PICTURES, results):
            print(f"docs/{PICTURES.name}/{name}", file=sys.stderr)
    if options.write:
        written = document(ordinary, results, shown) if ordinary else DOCUMENT.read_text("utf-8")
        section = hostile_table.section(hostile, results)
        DOCUMENT.write_text(hostile_table.with_section(written, section), encoding="utf-8")
    return 0


def _chosen(measures: Sequence[Measure], names: Sequence[str]) -> list[Measure]:
    if not names or (measures is HOSTILE and hostile_table.NAME in names):
        return list(measures)
    return [measure for measure in measures if measure.name in names]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [measure.name for measure in (*ORDINARY, *HOSTILE)] + [hostile_table.NAME]
    parser.add_argument("measure", nargs="*", help=f"what to measure: {', '.join(names)}; or all")
    parser.add_argument(
        "--only", action="append", choices=[MCPROXY.name, IGMPPROXY.name, SMCROUTE.name]
    )
    parser.add_argument(
        "--peer",
        action="append",
        type=_peer,
        default=[],
        metavar="NAME=COMMAND",
        help="measure this daemon, too, which must stay in the foreground; {upstream} stands for "
        "the upstream interface, {downstreams} for all downstreams with commas between them, and "
        "a word with {downstream} is repeated for each; may be repeated",
    )
    parser.add_argument("--rounds", type=int, help="rounds of each measure instead of its own")
    parser.add_argument(
        "--stacks", action="store_true", help="print the functions of long turns, which slows them"
    )
    parser.add_argument(
        "--write", action="store_true", help=f"write docs/{DOCUMENT.relative_to(DOCS)}"
    )
    parser.add_argument(
        "--pictures",
        action="store_true",
        help=f"write the measured curves into docs/{PICTURES.name}",
    )
    options = parser.parse_args()
    unknown = set(options.measure) - set(names)
    if unknown:
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    if options.write and options.measure not in ([], [hostile_table.NAME]):
        parser.error(f"--write is for the whole table, or for {hostile_table.NAME}")
    if options.write and options.only and not options.measure:
        parser.error("--write needs the values of both programs")
    return options


def _peer(text: str) -> Contender:
    try:
        return peer(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(
    measures: Sequence[Measure],
    names: Sequence[str],
    peers: Sequence[Contender],
    rounds: int | None,
) -> dict[str, Findings]:
    """Run all rounds of all measures; the contenders take turns.

    The ``peers`` take part where igmpproxy does.
    """
    results: dict[str, Findings] = defaultdict(Findings)
    for measure in measures:
        for number in range(1, (rounds or measure.rounds) + 1):
            others = peers if IGMPPROXY in measure.contenders else ()
            for contender in (*measure.contenders, *others):
                if contender.name in names:
                    begin = time.monotonic()
                    _run_once(measure, contender, results[contender.name])
                    took = f"{time.monotonic() - begin:.0f} s"
                    print(f"{measure.name} {number}: {contender.name}, {took}", file=sys.stderr)
    return results


def _run_once(measure: Measure, contender: Contender, findings: Findings) -> None:
    """One round; the failure of another daemon is a remark."""
    try:
        measure.run(contender, findings)
    except RuntimeError as error:
        if not contender.command or contender.name == MCPROXY.name:
            raise
        findings.remark(measure.rows[0].key, f"not measured: {error}")


if __name__ == "__main__":
    sys.exit(main())
