"""All tests, or those named: ``python -m tests [--jobs N] [NAME ...]``.

Ends with a line ``N passed, N failed``, and with exit code 1 unless all passed. A test that
was left out counts as failed when CI is set: there, everything that it needs is to be had.

All tests together run in one process more than there are processors, each with every n-th
test: most of them wait for something most of the time. But then streams of one may be late
because of another's. So a test on the kernel that fails there is run once more when all others
have ended, by itself, and that counts; the last lines name it all the same.
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

_COUNT = re.compile(r"(\d+) (passed|failed|left out)")

_ON_THE_KERNEL = re.compile(r"\.(kernel|lab)\.")
"""In the name of a test that needs the machine's time."""

MOST_AGAIN = 10
"""Tests that are run once more; where more have failed it is not for want of time."""


def main() -> int:
    """Run the tests in ``names``; the exit code."""
    options = _options()
    try:
        ensure_network_rights()  # before anything starts a thread
    except NoRightsError as error:
        print(f"the tests on the kernel are left out: {error}", file=sys.stderr)
    jobs = options.jobs or (1 if options.names else 1 + (os.cpu_count() or 1))
    if options.part is not None or jobs == 1:
        number, parts = map(int, (options.part or "0/1").split("/"))
        done = run(options.names, number, parts, options.failures)
    else:
        done = run_parts(options.names, jobs)
    if done["left out"]:
        print(f"\n{done['left out']} left out")
    print(f"\n{done['passed']} passed, {done['failed']} failed")
    return 1 if done["failed"] or not done["passed"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run the tests.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="modules, classes, tests; or all")
    parser.add_argument("--jobs", type=int, help="processes; one where there are names")
    parser.add_argument("--part", help=argparse.SUPPRESS)  # I/N: every N-th from the I-th on
    parser.add_argument("--failures", help=argparse.SUPPRESS)  # a file for their names
    return parser.parse_args()


def run(names: list[str], number: int, parts: int, failures: str | None = None) -> Counter[str]:
    """Run a part of the tests here; what passed, failed and was left out.

    The names of those that failed go to the file ``failures``.
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
    return Counter({"passed": passed, "failed": failed, "left out": len(result.skips)})


def _part(tests: list[Any], number: int, parts: int) -> list[Any]:
    """A share of the tests; every other part from the end, so that not all wait at once.

    Those on the kernel come last in all parts: the others would take the processors from them.
    """
    share: list[Any] = []
    for on_the_kernel in (False, True):
        kind = [test for test in tests if bool(_ON_THE_KERNEL.search(test.id())) is on_the_kernel]
        some = kind[number::parts]
        share += some[::-1] if number % 2 else some
    return share


def _single(suite: Any) -> Iterator[Any]:
    """The single tests of a suite of suites."""
    try:
        inner = iter(suite)
    except TypeError:
        yield suite
        return
    for each in inner:
        yield from _single(each)


def run_parts(names: list[str], jobs: int) -> Counter[str]:
    """Run all parts at once, each in a process of its own; a part that does not end failed."""
    with TemporaryDirectory(prefix="mcproxy-tests-") as folder:
        files = [Path(folder, str(number)) for number in range(jobs)]
        parts = [
            ["--part", f"{number}/{jobs}", "--failures", str(file)]
            for number, file in enumerate(files)
        ]
        done = _run_at_once([[*names, *part] for part in parts])
        failed = [line for file in files if file.exists() for line in file.read_text().split()]
    again = [name for name in failed if _ON_THE_KERNEL.search(name)]
    if 0 < len(again) <= MOST_AGAIN:
        _run_again(again, done)
    return done


def _run_again(names: list[str], done: Counter[str]) -> None:
    """Run these by themselves, with nothing beside them; that counts in ``done``."""
    print(f"\nagain, by itself: {len(names)}", flush=True)
    for name in names:
        alone = _run_at_once([[name]])
        if (alone["passed"], alone["failed"]) == (1, 0):
            done.update({"passed": 1, "failed": -1})
            print(f"failed among others, and passed by itself: {name}", flush=True)


def _run_at_once(runs: list[list[str]]) -> Counter[str]:
    """Run the tests with each of these arguments, in a process each."""
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
    """Print what a part prints, and add up its counts."""
    for line in lines:
        found = _COUNT.findall(line)
        if found and re.fullmatch(r"\d+ (passed, \d+ failed|left out)\n", line):
            done.update({what: int(number) for number, what in found})
        elif line.strip():
            print(line, end="")


def counts(result: Reporter, strict: bool) -> tuple[int, int]:
    """How many passed, and how many failed; what was left out is among these if ``strict``."""
    bad = [*result.errors, *result.failures, *(result.skips if strict else ())]
    # A test may fail, and its end too.
    failed = len({test.id() for test, _ in bad}) + len(result.unexpectedSuccesses)
    return result.successes + len(result.expectedFailures), failed


if __name__ == "__main__":
    sys.exit(main())
