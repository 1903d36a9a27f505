"""``python -m tests.benchmarks``: measure mcproxy and igmpproxy; print or write the table."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from mcproxy.lab.privileges import NoRightsError, ensure_network_rights

from .contenders import IGMPPROXY, MCPROXY
from .hostile import HOSTILE
from .load import LOAD
from .measure import Findings, Measure
from .reaction import REACTION
from .table import document, facts, plain
from .tracking import TRACKING
from .turns import TURNS

MEASURES = (*REACTION, *LOAD, *TRACKING, *HOSTILE, *TURNS)
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.rst"


def main() -> int:
    """Run the chosen measures; the exit code is 1 if something could not be measured."""
    options = _options()
    try:
        ensure_network_rights()
    except NoRightsError as error:
        print(error, file=sys.stderr)
        return 1
    names = options.only or [MCPROXY.name, IGMPPROXY.name]
    if IGMPPROXY.name in names and not shutil.which("igmpproxy"):
        print("igmpproxy is not installed; --only mcproxy measures without it", file=sys.stderr)
        return 1
    chosen = [each for each in MEASURES if not options.measure or each.name in options.measure]
    print("\n".join(facts()), file=sys.stderr)
    begin = time.monotonic()
    results = _run(chosen, names, options.rounds)
    print(plain(chosen, results))
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    if options.write:
        DOCUMENT.write_text(document(chosen, results), encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [measure.name for measure in MEASURES]
    parser.add_argument("measure", nargs="*", help=f"what to measure: {', '.join(names)}; or all")
    parser.add_argument("--only", action="append", choices=[MCPROXY.name, IGMPPROXY.name])
    parser.add_argument("--rounds", type=int, help="rounds of each measure instead of its own")
    parser.add_argument(
        "--stacks", action="store_true", help="print the functions of long turns, which slows them"
    )
    parser.add_argument("--write", action="store_true", help=f"write docs/{DOCUMENT.name}")
    options = parser.parse_args()
    unknown = set(options.measure) - set(names)
    if unknown:
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    if options.write and (options.measure or options.only):
        parser.error("--write is for the whole table")
    return options


def _run(
    measures: Sequence[Measure], names: Sequence[str], rounds: int | None
) -> dict[str, Findings]:
    """Run all rounds of all measures; the contenders take turns."""
    results: dict[str, Findings] = defaultdict(Findings)
    for measure in measures:
        for number in range(1, (rounds or measure.rounds) + 1):
            for contender in measure.contenders:
                if contender.name in names:
                    print(f"{measure.name} {number}: {contender.name}", file=sys.stderr)
                    measure.run(contender, results[contender.name])
    return results


if __name__ == "__main__":
    sys.exit(main())
