"""Results of tests, from a file or from running them here."""

from __future__ import annotations

import contextlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.trial.reporter import TestResult
from twisted.trial.runner import TestLoader

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

ELSEWHERE = ("tests.kernel", "tests.lab", "tests.cli")
"""Packages of tests that need rights or start programs; they run in ``make test`` only."""

_OF_A_FAMILY = re.compile(r"IPv[46](?=\.\w+$)")


class Results:
    """The result of each test; the tests of both families count as one.

    ``bases`` are the classes that a class inherits tests from: a citation names the base class.
    """

    def __init__(self, bases: Mapping[str, Iterable[str]] | None = None) -> None:
        self._bases = bases or {}
        self._by_test: dict[str, set[str]] = defaultdict(set)

    def note(self, test: str, outcome: str) -> None:
        """Add the outcome of ``test``, which is a full name."""
        for name in self.names(test):
            self._by_test[name].add(outcome)
            self._by_test[name.rpartition(".")[0]].add(outcome)

    def names(self, test: str) -> set[str]:
        """Return the names by which a test may be cited."""
        found = {test, _OF_A_FAMILY.sub("", test)}
        for own, _, method in [name.rpartition(".") for name in found]:
            found |= {f"{base}.{method}" for base in self._bases.get(own, ())}
        return found

    def of(self, test: str) -> str:
        """Return the outcome of a test or of a test class; an empty string if it did not run.

        A test that failed in one family has failed; one that was skipped in one was skipped.
        """
        outcomes = self._by_test.get(test, set())
        return next((one for one in (FAILED, SKIPPED, PASSED) if one in outcomes), "")


def read(path: Path, results: Results) -> Results:
    """Read results from lines like ``{"test": "tests.a.B.test_c", "result": "passed"}``."""
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "test" in entry:
            results.note(entry["test"], entry["result"])
    return results


def runs_here(test: str) -> bool:
    """Return whether ``run`` may run a test."""
    return not any(test.startswith(f"{part}.") for part in ELSEWHERE)


def run(tests: Iterable[str], results: Results) -> Results:
    """Run those of ``tests`` (names of tests and classes) that need no special rights."""
    wanted = set(filter(runs_here, tests))
    modules = sorted({re.split(r"\.[A-Z]", name)[0] for name in wanted})
    recorder = Recorder(results)
    found = _cases(TestLoader().loadByNames(modules))
    cases = [case for case in found if not wanted.isdisjoint(_citable(case, results))]
    with TemporaryDirectory() as folder, contextlib.chdir(folder):  # tests make files here
        for case in cases:
            case.run(recorder)
    for test, failure in (*recorder.failures, *recorder.errors):
        print(f"{test.id()}: {failure}")
    return results


class Recorder(TestResult):
    """Adds the outcome of each test to the results."""

    def __init__(self, results: Results) -> None:
        super().__init__()
        self.results = results

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self.results.note(test.id(), PASSED)

    def addFailure(self, test: Any, fail: Any) -> None:
        super().addFailure(test, fail)
        self.results.note(test.id(), FAILED)

    def addError(self, test: Any, error: Any) -> None:
        super().addError(test, error)
        self.results.note(test.id(), FAILED)

    def addSkip(self, test: Any, reason: Any) -> None:
        super().addSkip(test, reason)
        self.results.note(test.id(), SKIPPED)


def _cases(suite: Any) -> Iterator[Any]:
    """Yield the single tests of a suite."""
    try:
        members = iter(suite)
    except TypeError:
        yield suite
    else:
        for member in members:
            yield from _cases(member)


def _citable(case: Any, results: Results) -> set[str]:
    """Return the names by which a test or its classes may be cited."""
    names = results.names(case.id())
    return names | {name.rpartition(".")[0] for name in names}
