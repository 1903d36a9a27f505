"""All tests at once in several processes, module by module, the longest first.

Kernel tests wait most of the time, and their streams must not be late. Therefore they run in
several processes, and the first process runs the other tests at a low priority with the
processor time that is left. A process that has no more modules of its kind takes the other kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from twisted.python.modules import getModule

from .outcome import Outcome
from .workers import Job, run_jobs

_KERNEL_TEST = re.compile(r"\.(kernel|lab)\.")
"""Matches the name of a test that depends on the load of the machine."""

LONG = (
    "tests.kernel.test_fleet",
    "tests.kernel.pages.test_pages",
    "tests.kernel.test_doctor_judgement",
    "tests.kernel.test_many",
    "tests.kernel.test_frr",
    "tests.kernel.test_changes",
)
"""Modules that take longer than their number of tests suggests; they begin first."""

ALONE: dict[str, str] = {}
"""Modules that run after all others, one by one, each with the reason."""

MAX_REPEATED = 10
"""The most tests that run once more; if more have failed, load is not the reason."""


class ParallelRun:
    """Runs the tests of ``names`` in ``processes`` processes; ``counts`` has the result."""

    def __init__(self, names: Sequence[str], processes: int) -> None:
        self.counts: Counter[str] = Counter()
        self._processes = processes
        jobs = sorted((job for name in names for job in _jobs(name)), key=lambda job: job.weight)
        self._alone = [job for job in jobs if job.name in ALONE]
        together = [job for job in jobs if job.name not in ALONE]
        self._kernel = [job for job in together if not job.yields]
        self._others = [job for job in together if job.yields]
        self._total, self._done = len(jobs), 0
        self._running: dict[str, None] = {}
        self._reports: list[str] = []
        self._failed: list[str] = []

    def run(self) -> None:
        """Run everything; print a line for each module, and at the end what failed."""
        try:
            run_jobs(self._next, self._processes, self._finish)
            run_jobs(lambda slot: self._start(self._alone), 1, self._finish)
            self._repeat()
        except KeyboardInterrupt:
            print("\ninterrupted; these were running: " + ", ".join(self._running), flush=True)
            raise
        finally:
            for report in self._reports:
                print(f"\n{report}", end="")

    def _next(self, slot: int) -> Job | None:
        if slot == 0:
            return self._start(self._others or self._kernel)
        return self._start(self._kernel or self._others)

    def _start(self, waiting: list[Job]) -> Job | None:
        if not waiting:
            return None
        job = waiting.pop()
        self._running[job.name] = None
        return job

    def _finish(self, job: Job, outcome: Outcome) -> None:
        """Count the tests of a module, and print a line about it."""
        del self._running[job.name]
        self._done += 1
        self.counts.update(outcome.counts)
        self._failed += outcome.failed
        if outcome.report:
            self._reports.append(outcome.report)
        numbers = ", ".join(f"{n:3} {what}" for what, n in sorted(outcome.counts.items()) if n)
        time = f"{outcome.seconds:6.1f} s"
        done = f"{self._done:{len(str(self._total))}}/{self._total}"
        failed = "".join(f"\n    failed: {name}" for name in outcome.failed)
        print(f"[{done}] {time}  {job.name}: {numbers}{failed}", flush=True)

    def _repeat(self) -> None:
        """Run the failed kernel tests once more, one by one; correct the counts."""
        names = [name for name in self._failed if is_kernel(name)]
        if not 0 < len(names) <= MAX_REPEATED:
            return
        print(f"\nrunning once more, alone: {len(names)}", flush=True)
        waiting = [Job(name, yields=False) for name in reversed(names)]
        passed = []

        def finish(job: Job, outcome: Outcome) -> None:
            del self._running[job.name]
            if (outcome.counts["passed"], outcome.counts["failed"]) == (1, 0):
                self.counts.update({"passed": 1, "failed": -1})
                passed.append(f"failed in parallel, passed alone: {job.name}\n")

        run_jobs(lambda slot: self._start(waiting), 1, finish)
        self._reports += passed


def _jobs(name: str) -> Iterator[Job]:
    """Yield the test modules of a package, without importing them; anything else as it is."""
    try:
        modules = list(getModule(name).walkModules())
    except KeyError:  # a class or a test
        modules = []
    found = [module for module in modules if module.name.rpartition(".")[2].startswith("test_")]
    for module in found:
        tests = module.filePath.getContent().count(b"def test_")
        weight = tests + 1000 * (module.name in LONG)
        yield Job(module.name, not is_kernel(module.name), weight)
    if not found:
        yield Job(name, not is_kernel(name))


def is_kernel(name: str) -> bool:
    """Whether a test or a module of this name depends on the load of the machine."""
    return bool(_KERNEL_TEST.search(f"{name}."))
