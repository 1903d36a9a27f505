"""The daemon, with a line on standard error for each long turn of its reactor.

``python -m tests.benchmarks.turn_recorder [--stacks] FILE`` runs ``mcproxy run --config FILE``. A
turn is the time from one look at the descriptors to the next: no packet and no timer is served
meanwhile. A line has the time at its end on the monotonic clock, its length, the processor time of
the reactor's thread in it, and the part that the garbage collector took, all in seconds. With
``--stacks`` the functions that ran most follow; looking at them takes time itself.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import Counter
from types import FrameType
from typing import Any

MARK = "turn"
"""The first word of each line."""

SHORTEST = 0.005
"""Turns below this many seconds are not told."""

_SAMPLING = 0.002


class Recorder:
    """Stands before the reactor's epoll object, and measures the time between two polls."""

    def __init__(self, poller: Any, stacks: bool) -> None:
        self._poller = poller
        self._since = time.monotonic()
        self._cpu = time.thread_time()
        self._collected = self._collection_began = 0.0
        self._main = threading.get_ident()
        self._seen: Counter[str] = Counter()
        gc.callbacks.append(self._note_collection)
        if stacks:
            threading.Thread(target=self._sample, daemon=True).start()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)

    def poll(self, timeout: float, most: int) -> Any:
        """Tell of the turn that ends, wait as the reactor wants, and begin the next turn."""
        took, used = time.monotonic() - self._since, time.thread_time() - self._cpu
        if took >= SHORTEST:
            where = " ".join(name for name, _ in self._seen.most_common(6))
            now = time.monotonic()
            line = f"{MARK} {now:.6f} {took:.6f} {used:.6f} {self._collected:.6f} {where}\n"
            sys.stderr.write(line)
        found = self._poller.poll(timeout, most)
        self._seen.clear()
        self._collected = 0.0
        self._since, self._cpu = time.monotonic(), time.thread_time()
        return found

    def _note_collection(self, phase: str, _: dict[str, int]) -> None:
        now = time.monotonic()
        if phase == "start":
            self._collection_began = now
        else:
            self._collected += now - self._collection_began

    def _sample(self) -> None:
        while True:
            time.sleep(_SAMPLING)
            if time.monotonic() - self._since > 2 * _SAMPLING:
                self._seen.update(_functions(sys._current_frames().get(self._main)))


def _functions(frame: FrameType | None) -> set[str]:
    """The functions of the daemon in a stack."""
    found = set()
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("mcproxy.") and not module.startswith("mcproxy.cli"):
            found.add(f"{module.removeprefix('mcproxy.')}.{frame.f_code.co_qualname}")
        frame = frame.f_back
    return found


def main() -> int:
    """Run the daemon with its reactor measured."""
    from mcproxy.linux.epoll_reactor import install

    install()
    from twisted.internet import reactor

    from mcproxy.cli.run import main as run

    *options, file = sys.argv[1:]
    measured: Any = reactor
    measured._poller = Recorder(measured._poller, "--stacks" in options)
    return run(["--config", file])


if __name__ == "__main__":
    sys.exit(main())
