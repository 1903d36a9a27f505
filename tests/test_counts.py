"""The program ``python -m tests`` and its counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from .parallel import MAX_REPEATED
from .source import PROJECT

PASSING = """
from twisted.trial.unittest import SynchronousTestCase

class Tests(SynchronousTestCase):
    def test_good(self):
        pass
"""

FAILING = """
    def tearDown(self):
        self.assertFalse(self.id().endswith("twice"))

    def test_bad_twice(self):
        raise KeyError("and tearDown fails too")

    def test_meant_to_fail(self):
        self.fail()

    test_meant_to_fail.todo = "some day"

    def test_skipped(self):
        pass

    test_skipped.skip = "no reason"
"""

FLAKY = """
import os
from twisted.trial.unittest import SynchronousTestCase

class Tests(SynchronousTestCase):
    def test_flaky(self):
        mark = __file__ + ".mark"
        seen = os.path.exists(mark)
        open(mark, "w").close()
        self.assertTrue(seen)
"""


class CountTests(SynchronousTestCase):
    def run_tests(self, *options: str, **files: str) -> tuple[int, list[str]]:
        """Return the exit code and the last lines for a package with these test files."""
        folder = Path(self.mktemp())
        (folder / "samples" / self.package).mkdir(parents=True)
        for name in ("samples/__init__.py", f"samples/{self.package}/__init__.py"):
            (folder / name).touch()
        for name, text in files.items():
            (folder / f"samples/{self.package}/{name}.py").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "tests", "samples", *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "CI": self.ci},
            capture_output=True,
            text=True,
        )
        return done.returncode, [line for line in done.stdout.splitlines() if line][-2:]

    ci = ""
    package = "inner"

    def test_passed_tests_are_counted(self) -> None:
        code, lines = self.run_tests(test_a=PASSING, test_b=PASSING)
        self.assertEqual((code, lines[-1]), (0, "2 passed, 0 failed"))

    def test_failed_test_is_counted_once(self) -> None:
        code, lines = self.run_tests(test_a=PASSING + FAILING)
        self.assertEqual((code, lines), (1, ["1 skipped", "2 passed, 1 failed"]))

    def test_counts_of_parallel_parts_are_added(self) -> None:
        files = {f"test_{name}": PASSING for name in "abcde"}
        code, lines = self.run_tests("--jobs", "3", **files, test_f=PASSING + FAILING)
        self.assertEqual((code, lines), (1, ["1 skipped", "7 passed, 1 failed"]))

    def test_killed_process_counts_as_failed(self) -> None:
        bad = PASSING + "        import os; os.kill(os.getpid(), 9)\n"
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING, test_b=bad)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_failed_kernel_test_runs_once_more_alone(self) -> None:
        self.package = "kernel"
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING, test_b=FLAKY)
        name = "samples.kernel.test_b.Tests.test_flaky"
        expected = f"failed in parallel, passed alone: {name}"
        self.assertEqual((code, lines), (0, [expected, "2 passed, 0 failed"]))

    def test_kernel_test_that_fails_alone_is_failed(self) -> None:
        self.package = "kernel"
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING + FAILING)
        self.assertEqual((code, lines[-1]), (1, "2 passed, 1 failed"))

    def test_failed_test_of_another_package_does_not_run_again(self) -> None:
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING, test_b=FLAKY)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_many_failed_kernel_tests_do_not_run_again(self) -> None:
        self.package = "kernel"
        crowd = {f"test_c{number}": FLAKY for number in range(MAX_REPEATED + 1)}
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING, **crowd)
        self.assertEqual((code, lines[-1]), (1, f"1 passed, {MAX_REPEATED + 1} failed"))

    def test_skipped_test_counts_as_failed_in_ci(self) -> None:
        self.ci = "true"
        code, lines = self.run_tests(test_a=PASSING + FAILING.replace("KeyError", "SystemError"))
        self.assertEqual((code, lines[-1]), (1, "2 passed, 2 failed"))

    def test_module_that_cannot_be_imported_counts_as_failed(self) -> None:
        code, lines = self.run_tests(test_a=PASSING, test_b="import nothing_of_the_kind")
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_run_without_tests_fails(self) -> None:
        code, lines = self.run_tests()
        self.assertEqual((code, lines[-1]), (1, "0 passed, 0 failed"))
