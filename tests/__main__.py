"""Run all tests, or the named ones: ``python -m tests [--jobs N] [NAME ...]``.

The last line is ``N passed, N failed``; the exit code is 1 unless all tests passed. A skipped
test counts as failed if CI is set, because everything that a test needs is available there.

Without names, the tests run in parallel, in one process more than there are processors: most
tests wait most of the time. In parallel, the streams of a kernel test may be late because of
other tests. Therefore a kernel test that fails runs once more, alone, after all others, and the
second result counts. The last lines name such a test.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from mcproxy.lab.privileges import NoRightsError, ensure_network_rights

if TYPE_CHECKING:
    from twisted.trial.reporter import Reporter

_COUNT = re.compile(r"(\d+) (passed|failed|skipped)")

_KERNEL_TEST = re.compile(r"\.(kernel|lab)\.")
"""Matches the name of a test that depends on the load of the machine."""

MAX_REPEATED = 10
"""The most tests that run once more; if more have failed, load is not the reason."""


def main() -> int:
    """Run the tests and return the exit code."""
    options = _options()
    try:
        ensure_network_rights()  # before anything starts a thread
    except NoRightsError as error:
        print(f"kernel tests skipped: {error}", file=sys.stderr)
    jobs = options.jobs or (1 if options.names else 1 + (os.cpu_count() or 1))
    if options.part is not None or jobs == 1:
        number, parts = map(int, (options.part or "0/1").split("/"))
        done = run(options.names, number, parts, options.failures)
    else:
        done = run_parts(options.names, jobs)
    if done["skipped"]:
        print(f"\n{done['skipped']} skipped")
    print(f"\n{done['passed']} passed, {done['failed']} failed")
    return 1 if done["failed"] or not done["passed"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run the tests.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="modules, classes or tests; default: all"
    )
    parser.add_argument("--jobs", type=int, help="number of processes; default: 1 with names")
    parser.add_argument("--part", help=argparse.SUPPRESS)  # I/N: every N-th test, from number I on
    # A file for the names of failed tests:
    parser.add_argument("--failures", help=argparse.SUPPRESS)
    return parser.parse_args()


def run(names: list[str], number: int, parts: int, failures: str | None = None) -> Counter[str]:
    """Run a part of the tests in this process; return the counts.

    Write the names of failed tests to the file ``failures``.
    """
    from twisted.trial.reporter import TreeReporter, VerboseTextReporter
    from twisted.trial.runner import TestLoader, TestSuite, TrialRunner

    loaded = TestLoader().loadByNames(names or ["tests"], recurse=True)
    suite = loaded if parts == 1 else TestSuite(_part(list(_single(loaded)), number, parts))
    reporter = TreeReporter if parts == 1 else VerboseTextReporter
    result = TrialRunner(reporter, workingDirectory="_trial_temp").run(suite)
    if failures is not None:
        bad = {test.id(): None for test, _ in [*result.errors, *result.failures]}
        Path(failures).write_text("\n".join(bad), encoding="utf-8")
    passed, failed = counts(result, strict=bool(os.environ.get("CI")))
    return Counter({"passed": passed, "failed": failed, "skipped": len(result.skips)})


def _part(tests: list[Any], number: int, parts: int) -> list[Any]:
    """Return the tests of part ``number``; every other part runs them in reverse order.

    So the parts do not wait at the same time. Kernel tests come last in every part, because the
    other tests would take processor time from them.
    """
    share: list[Any] = []
    for kernel in (False, True):
        kind = [test for test in tests if bool(_KERNEL_TEST.search(test.id())) is kernel]
        some = kind[number::parts]
        share += some[::-1] if number % 2 else some
    return share


def _single(suite: Any) -> Iterator[Any]:
    """Yield the single tests of a suite of suites."""
    try:
        inner = iter(suite)
    except TypeError:
        yield suite
        return
    for each in inner:
        yield from _single(each)


def run_parts(names: list[str], jobs: int) -> Counter[str]:
    """Run all parts at once, each in its own process; a process that is killed counts as failed."""
    with TemporaryDirectory(prefix="mcproxy-tests-") as folder:
        files = [Path(folder, str(number)) for number in range(jobs)]
        parts = [
            ["--part", f"{number}/{jobs}", "--failures", str(file)]
            for number, file in enumerate(files)
        ]
        done = _run_at_once([[*names, *part] for part in parts])
        failed = [line for file in files if file.exists() for line in file.read_text().split()]
    repeated = [name for name in failed if _KERNEL_TEST.search(name)]
    if 0 < len(repeated) <= MAX_REPEATED:
        _run_alone(repeated, done)
    return done


def _run_alone(names: list[str], done: Counter[str]) -> None:
    """Run these tests once more, one after another; correct the counts in ``done``."""
    print(f"\nrunning once more, alone: {len(names)}", flush=True)
    for name in names:
        alone = _run_at_once([[name]])
        if (alone["passed"], alone["failed"]) == (1, 0):
            done.update({"passed": 1, "failed": -1})
            print(f"failed in parallel, passed alone: {name}", flush=True)


def _run_at_once(runs: list[list[str]]) -> Counter[str]:
    """Run one process for each list of arguments; return the sum of their counts."""
    command = [sys.executable, "-m", "tests"]
    processes = [
        subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
        for arguments in runs
    ]
    done: Counter[str] = Counter()
    threads = [
        threading.Thread(target=_follow, args=(process.stdout, done)) for process in processes
    ]
    for thread in threads:
        thread.start()
    for thread, process in zip(threads, processes, strict=True):
        thread.join()
        if process.wait() not in (0, 1):
            done["failed"] += 1
    return done


def _follow(lines: IO[str], done: Counter[str]) -> None:
    """Print the output of a process, except its counts; add these to ``done``."""
    for line in lines:
        found = _COUNT.findall(line)
        if found and re.fullmatch(r"\d+ (passed, \d+ failed|skipped)\n", line):
            done.update({what: int(number) for number, what in found})
        elif line.strip():
            print(line, end="")


def counts(result: Reporter, strict: bool) -> tuple[int, int]:
    """Return how many tests passed and failed; skipped ones count as failed if ``strict``."""
    bad = [*result.errors, *result.failures, *(result.skips if strict else ())]
    # A test may fail and its tearDown, too: count it once.
    failed = len({test.id() for test, _ in bad}) + len(result.unexpectedSuccesses)
    return result.successes + len(result.expectedFailures), failed


if __name__ == "__main__":
    sys.exit(main())
