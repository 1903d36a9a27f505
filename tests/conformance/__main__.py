"""Requirements and their tests: ``python -m tests.conformance [--write] [--check]``.

Prints how many requirements have tests. ``--write`` writes docs/developer/conformance.rst. The
results in it come from the file of ``--results``; without that option the cited tests run first,
except those that need special rights. ``--check`` exits with 1 if a MUST has neither a test nor a
reason, or if a test cites a requirement that does not exist.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..source import PROJECT
from .citations import bases, citations
from .requirements import load
from .results import Results, read, run
from .table import Table

PAGE = PROJECT / "docs/developer/conformance.rst"


def main(arguments: list[str]) -> int:
    """Do what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--write", action="store_true", help="write docs/developer/conformance.rst")
    parser.add_argument("--check", action="store_true", help="exit with 1 if something is missing")
    parser.add_argument("--results", type=Path, help="results of a test run, as JSON lines")
    options = parser.parse_args(arguments)

    table = Table(load(), citations())
    if options.write:
        tests = {test for several in table.tests.values() for test in several}
        results = Results(bases())
        if options.results:
            read(options.results, results)
        else:
            run(tests, results)
        PAGE.write_text(table.page(results), encoding="utf-8")
    problems = list(table.problems())
    for problem in problems:
        print(problem)
    for key in table.gaps("S"):
        print(f"{key} (should) has neither a test nor a reason")
    for level in ("M", "S"):
        print(table.coverage(level))
    return 1 if options.check and problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
