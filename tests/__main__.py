"""Run all tests, or the named ones: ``python -m tests [--jobs N] [NAME ...]``.

The last line is ``N passed, N failed``; the exit code is 1 unless all tests passed, and 130
after Ctrl-C or SIGTERM. A skipped test counts as failed if CI is set, because everything that a
test needs is available there.

Without names, the tests run in parallel, see ``parallel.py``. Then the streams of a kernel test
may be late because of other tests. Therefore a kernel test that fails runs once more, alone,
after all others, and the second result counts. The last lines name such a test.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections import Counter

from mcproxy.lab.privileges import NoRightsError, ensure_network_rights

from .outcome import run_shown

INTERRUPTED = 130
"""The exit code of a program that SIGINT has ended, as a shell tells it."""


def main() -> int:
    """Run the tests and return the exit code."""
    options = _options()
    # Tests start hundreds of processes: without bytecode each would compile all of mcproxy.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        ensure_network_rights()  # before anything starts a thread
    except NoRightsError as error:
        print(f"kernel tests skipped: {error}", file=sys.stderr)
    jobs = options.jobs or (1 if options.names else default_jobs())
    names = options.names or ["tests"]
    try:
        done = run_shown(names) if jobs == 1 else _run_parallel(names, jobs)
    except KeyboardInterrupt:
        return INTERRUPTED
    if done["skipped"]:
        print(f"\n{done['skipped']} skipped")
    print(f"\n{done['passed']} passed, {done['failed']} failed")
    return 1 if done["failed"] or not done["passed"] else 0


def default_jobs() -> int:
    """The number of processes: three for each processor, as most tests wait most of the time.

    Not more than twelve: namespaces of one machine share locks of the kernel.
    """
    return min(12, 3 * (os.cpu_count() or 1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run the tests.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="modules, classes or tests; default: all"
    )
    parser.add_argument("--jobs", type=int, help="number of processes; default: 1 with names")
    return parser.parse_args()


def _run_parallel(names: list[str], jobs: int) -> Counter[str]:
    from .parallel import ParallelRun

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the same as Ctrl-C
    run = ParallelRun(names, jobs)
    run.run()
    return run.counts


if __name__ == "__main__":
    sys.exit(main())
