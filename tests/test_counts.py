"""The program ``python -m tests`` and its counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.lab.waiting import wait_until

from .__main__ import INTERRUPTED
from .parallel import ALONE, LONG, MAX_REPEATED
from .source import PROJECT
from .workers import NICENESS

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

FAILING_ALONE = (
    PASSING
    + """
    def test_bad(self):
        self.fail("and this is why")
"""
)

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

WAITING = """
import time
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

class ReactorTests(TestCase):  # runs first, and leaves handlers of signals behind
    def test_reactor(self):
        return deferLater(reactor, 0.01)

class Tests(SynchronousTestCase):
    def test_wait(self):
        self.addCleanup(open(__file__ + ".cleaned", "x").close)
        open(__file__ + ".begun", "x").close()
        time.sleep(60)

    def test_wait_again(self):
        open(__file__ + ".again", "x").close()
        time.sleep(60)
"""

PRIORITY = """
import os
from twisted.trial.unittest import SynchronousTestCase

class Tests(SynchronousTestCase):
    def test_priority(self):
        self.assertEqual(os.nice(0), {})
"""


class RunTestCase(SynchronousTestCase):
    """Runs a package of test files."""

    ci = ""
    package = "inner"

    def start(self, *options: str, **files: str) -> subprocess.Popen[str]:
        """Start the tests of these files in ``self.folder``."""
        self.folder = Path(self.mktemp()).absolute() / "samples" / self.package
        self.folder.mkdir(parents=True)
        for folder in (self.folder, self.folder.parent):
            (folder / "__init__.py").touch()
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text, encoding="utf-8")
        return subprocess.Popen(
            [sys.executable, "-m", "tests", "samples", *options],
            cwd=self.folder.parents[1],
            env={**os.environ, "PYTHONPATH": str(PROJECT), "CI": self.ci},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A shell has a background job ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run_tests(self, *options: str, **files: str) -> tuple[int, list[str]]:
        """Return the exit code and the last two lines that are not empty."""
        process = self.start(*options, **files)
        self.output, _ = process.communicate()
        return process.returncode, [line for line in self.output.splitlines() if line][-2:]


class CountTests(RunTestCase):
    def test_passed_tests_are_counted(self) -> None:
        code, lines = self.run_tests(test_a=PASSING, test_b=PASSING)
        self.assertEqual((code, lines[-1]), (0, "2 passed, 0 failed"))

    def test_failed_test_is_counted_once(self) -> None:
        code, lines = self.run_tests(test_a=PASSING + FAILING)
        self.assertEqual((code, lines), (1, ["1 skipped", "2 passed, 1 failed"]))

    def test_counts_of_parallel_processes_are_added(self) -> None:
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


class ListTests(SynchronousTestCase):
    def test_modules_of_the_lists_exist(self) -> None:
        names = [*LONG, *ALONE]
        files = {name: PROJECT / f"{name.replace('.', '/')}.py" for name in names}
        missing = [name for name, file in files.items() if not file.exists()]
        self.assertEqual(missing, [])
        self.assertGreater(len(names), 0)


class ParallelTests(RunTestCase):
    def test_interrupted_tests_clean_up(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("--jobs", "2", test_a=WAITING, test_b=WAITING)
            for name in ("test_a", "test_b"):
                wait_until((self.folder / f"{name}.py.begun").exists, 60, f"{name} does not run")
            process.send_signal(number)
            output, _ = process.communicate()
            self.assertEqual(process.returncode, INTERRUPTED, output)
            cleaned = sorted(path.name for path in self.folder.glob("*.cleaned"))
            self.assertEqual(cleaned, ["test_a.py.cleaned", "test_b.py.cleaned"])
            self.assertEqual(list(self.folder.glob("*.again")), [])
            names = {f"samples.inner.test_{letter}" for letter in "ab"}
            told = output.partition("interrupted; these were running: ")[2].split("\n")[0]
            self.assertEqual(set(told.split(", ")), names)

    def test_failures_are_printed_after_all_modules(self) -> None:
        self.run_tests("--jobs", "2", test_a=PASSING, test_b=PASSING, test_c=FAILING_ALONE)
        modules, _, failures = self.output.partition("[3/3]")
        name = "samples.inner.test_c.Tests.test_bad"
        self.assertIn(f"    failed: {name}\n", self.output)  # at once, to those who follow it
        self.assertNotIn("and this is why", modules)
        self.assertIn("and this is why", failures)
        self.assertIn(f"\n{name}\n", failures)

    def test_other_tests_give_way_to_kernel_tests(self) -> None:
        own = os.nice(0)
        nice = min(19, own + NICENESS)  # 19 is the greatest
        code, lines = self.run_tests("--jobs", "2", test_a=PRIORITY.format(nice))
        self.assertEqual((code, lines[-1]), (0, "1 passed, 0 failed"), self.output)
        self.package = "kernel"
        code, lines = self.run_tests("--jobs", "2", test_a=PRIORITY.format(own))
        self.assertEqual((code, lines[-1]), (0, "1 passed, 0 failed"), self.output)

    def test_class_of_tests_can_be_named(self) -> None:
        code, lines = self.run_tests("samples.inner.test_a.Tests", "--jobs", "2", test_a=PASSING)
        self.assertEqual((code, lines[-1]), (0, "2 passed, 0 failed"))
