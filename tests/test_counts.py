"""``python -m tests`` tells what passed and what failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from .__main__ import MOST_AGAIN
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

    def test_left_out(self):
        pass

    test_left_out.skip = "no reason"
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
        """Exit code and last lines for a package of tests in a package."""
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

    def test_all_passed(self) -> None:
        code, lines = self.run_tests(test_a=PASSING, test_b=PASSING)
        self.assertEqual((code, lines[-1]), (0, "2 passed, 0 failed"))

    def test_each_failed_test_counts_once(self) -> None:
        code, lines = self.run_tests(test_a=PASSING + FAILING)
        self.assertEqual((code, lines), (1, ["1 left out", "2 passed, 1 failed"]))

    def test_parts_add_up(self) -> None:
        files = {f"test_{name}": PASSING for name in "abcde"}
        code, lines = self.run_tests("--jobs", "3", **files, test_f=PASSING + FAILING)
        self.assertEqual((code, lines), (1, ["1 left out", "7 passed, 1 failed"]))

    def test_a_part_that_does_not_end_failed(self) -> None:
        bad = PASSING + "        import os; os.kill(os.getpid(), 9)\n"
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING, test_b=bad)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_what_failed_among_others_has_a_second_chance_on_the_kernel(self) -> None:
        self.package = "kernel"
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING, test_b=FLAKY)
        name = "samples.kernel.test_b.Tests.test_flaky"
        told = f"failed among others, and passed by itself: {name}"
        self.assertEqual((code, lines), (0, [told, "2 passed, 0 failed"]))

    def test_a_second_chance_may_fail(self) -> None:
        self.package = "kernel"
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING + FAILING)
        self.assertEqual((code, lines[-1]), (1, "2 passed, 1 failed"))

    def test_other_tests_have_no_second_chance(self) -> None:
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING, test_b=FLAKY)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_nor_have_many(self) -> None:
        self.package = "kernel"
        crowd = {f"test_c{number}": FLAKY for number in range(MOST_AGAIN + 1)}
        code, lines = self.run_tests("--jobs", "2", test_a=PASSING, **crowd)
        self.assertEqual((code, lines[-1]), (1, f"1 passed, {MOST_AGAIN + 1} failed"))

    def test_what_is_left_out_counts_in_ci(self) -> None:
        self.ci = "true"
        code, lines = self.run_tests(test_a=PASSING + FAILING.replace("KeyError", "SystemError"))
        self.assertEqual((code, lines[-1]), (1, "2 passed, 2 failed"))

    def test_a_module_that_cannot_be_imported_fails(self) -> None:
        code, lines = self.run_tests(test_a=PASSING, test_b="import nothing_of_the_kind")
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_nothing_is_not_enough(self) -> None:
        code, lines = self.run_tests()
        self.assertEqual((code, lines[-1]), (1, "0 passed, 0 failed"))
