"""Processes that run test modules, several at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from .outcome import Outcome, run_quietly

_CONTEXT = multiprocessing.get_context("spawn")  # without what the parent has imported and opened

GRACE = 15
"""Seconds in which an interrupted test removes what it made."""

_INTERRUPT = signal.SIGUSR1
"""Interrupts a test; tests with a reactor leave other handlers for SIGINT and SIGTERM behind."""

NICENESS = 5
"""Of a process whose tests must not take processor time from the tests of the others."""


@dataclass(frozen=True)
class Job:
    """What a worker runs: a module, or whatever else the loader of trial finds by ``name``."""

    name: str
    yields: bool
    """Whether the other tests go first where processor time is short."""
    weight: int = 1
    """About the time that it takes, in any unit."""


class Worker:
    """One process, which runs one job after another; ``yields`` makes it nice to the others."""

    def __init__(self, yields: bool) -> None:
        self.yields = yields
        self.job: Job | None = None
        self.connection, far = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(far, yields), daemon=True)
        self._process.start()
        far.close()

    def begin(self, job: Job) -> None:
        """Run a job; its outcome comes on ``connection``."""
        self.job = job
        self.connection.send(job.name)

    def outcome(self) -> Outcome:
        """Return the outcome of the job; a process that was killed is one failed test."""
        assert self.job is not None
        try:
            outcome: Outcome = self.connection.recv()
        except EOFError:
            self._process.join()
            text = f"The process that ran {self.job.name} ended: {self._process.exitcode}\n"
            outcome = Outcome(Counter(failed=1), (), text)
            self.close()
        self.job = None
        return outcome

    @property
    def ended(self) -> bool:
        """Whether it runs nothing any more."""
        return self.connection.closed

    def interrupt(self) -> None:
        """Interrupt the test that runs; its cleanups run."""
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, _INTERRUPT)

    def close(self, patience: float | None = None) -> None:
        """Wait until it ends, or kill it after ``patience`` seconds."""
        self.connection.close()
        self._process.join(patience)
        if self._process.pid is not None and self._process.is_alive():
            os.killpg(self._process.pid, signal.SIGKILL)  # it, and what its tests have started
            self._process.join()


def run_jobs(
    next_job: Callable[[int], Job | None], processes: int, done: Callable[[Job, Outcome], None]
) -> None:
    """Run jobs in ``processes`` processes until ``next_job(slot)`` returns None for each slot.

    On KeyboardInterrupt end all processes, then raise it again.
    """
    workers: dict[int, Worker] = {}
    try:
        for slot in range(processes):
            _next(workers, slot, next_job)
        while workers:
            slots = {worker.connection: slot for slot, worker in workers.items()}
            for connection in wait(list(slots)):
                slot = slots[connection]  # type: ignore[index]  # only Connections were given
                worker = workers[slot]
                job = worker.job
                assert job is not None
                done(job, worker.outcome())
                _next(workers, slot, next_job)
    except KeyboardInterrupt:
        for worker in workers.values():
            worker.interrupt()
        deadline = time.monotonic() + GRACE
        for worker in workers.values():
            worker.close(max(0.0, deadline - time.monotonic()))
        raise


def _next(workers: dict[int, Worker], slot: int, next_job: Callable[[int], Job | None]) -> None:
    """Give the worker of a slot its next job; if there is none, end the worker."""
    worker = workers.pop(slot, None)
    job = next_job(slot)
    if worker is not None and (worker.ended or job is None or job.yields is not worker.yields):
        worker.close()  # nothing makes a process less nice again
        worker = None
    if job is not None:
        worker = worker or Worker(job.yields)
        workers[slot] = worker
        worker.begin(job)


def _work(connection: Connection, yields: bool) -> None:
    """Run what the connection names until it is closed."""
    os.setpgid(0, 0)  # Ctrl-C in a terminal must reach only the parent
    signal.signal(_INTERRUPT, signal.default_int_handler)
    if yields:
        os.nice(NICENESS)
    try:
        while True:
            connection.send(run_quietly(connection.recv()))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return
