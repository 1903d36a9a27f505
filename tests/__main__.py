"""All tests, or those named: ``python -m tests [NAME ...]``.

Ends with a line ``N passed, N failed``, and with exit code 1 unless all passed. A test that
was left out counts as failed when CI is set: there, everything that it needs is to be had.
"""

from __future__ import annotations

import os
import sys

from mcproxy.lab.privileges import NoRightsError, ensure_network_rights


def main(names: list[str]) -> int:
    """Run the tests in ``names``; the exit code."""
    try:
        ensure_network_rights()  # before anything starts a thread
    except NoRightsError as error:
        sys.stderr.write(f"the tests on the kernel cannot run: {error}\n")
        return 4

    from twisted.trial.reporter import TreeReporter
    from twisted.trial.runner import TestLoader, TrialRunner

    suite = TestLoader().loadByNames(names or ["tests"])
    result = TrialRunner(TreeReporter, workingDirectory="_trial_temp").run(suite)
    skipped = len(result.skips)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    if os.environ.get("CI"):
        failed += skipped
        skipped = 0
    passed = result.successes + len(result.expectedFailures)
    line = f"{passed} passed, {failed} failed"
    sys.stdout.write(f"\n{line}, {skipped} skipped\n" if skipped else f"\n{line}\n")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
