"""All tests, or those named: ``python -m tests [NAME ...]``.

Ends with a line ``N passed, N failed``, and with exit code 1 unless all passed. A test that
was left out counts as failed when CI is set: there, everything that it needs is to be had.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from mcproxy.lab.privileges import NoRightsError, ensure_network_rights

if TYPE_CHECKING:
    from twisted.trial.reporter import Reporter


def main(names: list[str]) -> int:
    """Run the tests in ``names``; the exit code."""
    try:
        ensure_network_rights()  # before anything starts a thread
    except NoRightsError as error:
        print(f"the tests on the kernel are left out: {error}", file=sys.stderr)

    from twisted.trial.reporter import TreeReporter
    from twisted.trial.runner import TestLoader, TrialRunner

    suite = TestLoader().loadByNames(names or ["tests"], recurse=True)
    result = TrialRunner(TreeReporter, workingDirectory="_trial_temp").run(suite)
    passed, failed = counts(result, strict=bool(os.environ.get("CI")))
    if result.skips:
        print(f"\n{len(result.skips)} left out")
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def counts(result: Reporter, strict: bool) -> tuple[int, int]:
    """How many passed, and how many failed; what was left out is among these if ``strict``."""
    bad = [*result.errors, *result.failures, *(result.skips if strict else ())]
    # A test may fail, and its end too.
    failed = len({test.id() for test, _ in bad}) + len(result.unexpectedSuccesses)
    return result.successes + len(result.expectedFailures), failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
