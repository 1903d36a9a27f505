"""Running tests with trial in this process, and what came of them."""

from __future__ import annotations

import io
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twisted.python.failure import Failure
from twisted.trial.reporter import Reporter, TreeReporter
from twisted.trial.runner import TestLoader, TrialRunner

FOLDER = "_trial_temp"
"""Where tests write files; further processes append a number."""


@dataclass(frozen=True)
class Outcome:
    """The counts of a run, the ids of the failed tests, and the report on those.

    ``seconds`` is the time that the run took.
    """

    counts: Counter[str]
    failed: tuple[str, ...] = ()
    report: str = ""
    seconds: float = 0.0


class _Reporter(Reporter):
    """Starts no further test after an interrupted one, as trial does only with a reactor."""

    def addError(self, test: Any, error: Any) -> None:
        """Note the error of a test."""
        super().addError(test, error)  # type: ignore[no-untyped-call]  # untyped in Twisted
        kind = error.type if isinstance(error, Failure) else error[0]
        if kind is KeyboardInterrupt:
            self.stop()


def run_shown(names: Sequence[str]) -> Counter[str]:
    """Run tests and print each of them; return the counts."""
    suite = TestLoader().loadByNames(names, recurse=True)
    return count(TrialRunner(TreeReporter, workingDirectory=FOLDER).run(suite))


def run_quietly(name: str) -> Outcome:
    """Run the tests of a module, a class, or one test; print nothing."""
    begin = time.monotonic()
    report = io.StringIO()
    suite = TestLoader().loadByNames([name], recurse=True)
    result = TrialRunner(_Reporter, workingDirectory=FOLDER, stream=report).run(suite)
    failed = {test.id(): None for test in _bad(result)}
    complete = result.wasSuccessful() and not result.skips
    text = "" if complete else report.getvalue()
    return Outcome(count(result), tuple(failed), text, time.monotonic() - begin)


def count(result: Reporter) -> Counter[str]:
    """Return how many tests passed, failed and were skipped.

    A skipped test counts as failed, too, if CI is set, because everything that a test needs is
    available there.
    """
    bad = _bad(result)
    if os.environ.get("CI"):
        bad += [test for test, _ in result.skips]
    # A test may fail and its tearDown, too: count it once.
    failed = len({test.id() for test in bad}) + len(result.unexpectedSuccesses)
    passed = result.successes + len(result.expectedFailures)
    return Counter({"passed": passed, "failed": failed, "skipped": len(result.skips)})


def _bad(result: Reporter) -> list[Any]:
    return [test for test, _ in [*result.errors, *result.failures]]
