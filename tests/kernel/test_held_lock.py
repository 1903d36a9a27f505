"""While another program holds the kernel's lock, only the routing thread waits for it."""

from __future__ import annotations

import threading
import time

from mcproxy.linux.mroute.operations import Operation
from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.protocol.family import FAMILIES, packed

from .held_lock import HeldLock
from .tables import GROUPS, TableTestCase

ATTEMPTS = 8
SOME = 5
"""Turns of another thread during one change; there may be two when nothing runs meanwhile."""


class Changer(threading.Thread):
    """Changes an entry again and again; ``longest`` is the longest change in seconds.

    ``meanwhile`` is by how much ``ticks``, which another thread increases, has grown in it.
    """

    def __init__(self, table: MulticastTable, operation: Operation) -> None:
        super().__init__()
        self.ticks = self.meanwhile = 0
        self.longest = 0.0
        self.ends = False
        self._change = table, operation

    def run(self) -> None:
        table, operation = self._change
        while not self.ends:
            begin, before = time.perf_counter(), self.ticks
            table.apply([operation])
            took = time.perf_counter() - begin
            if took > self.longest:
                self.longest, self.meanwhile = took, self.ticks - before


class HeldLockTests(TableTestCase):
    def test_other_threads_run_while_a_change_waits_for_the_lock(self) -> None:
        """With the interpreter's lock held they never do; on a busy machine not each time."""
        for family in FAMILIES:
            table = self.table(family)
            tail = table.route_tail(0, [0, 1])
            entry = table.addition(family.unspecified, packed(GROUPS[family]), tail)
            seen = []
            while len(seen) < ATTEMPTS and max(seen, default=0) <= SOME:
                seen.append(self._ticks_of_another_thread(table, entry))
            self.assertGreater(max(seen), SOME, family.name)

    def _ticks_of_another_thread(self, table: MulticastTable, entry: Operation) -> int:
        """How often this thread ran during the longest change, while the lock is held once."""
        lock = HeldLock()
        self.addCleanup(lock.close)
        changer = Changer(table, entry)
        changer.start()
        holder = lock.hold()
        while holder.poll() is None:
            time.sleep(0.001)
            changer.ticks += 1
        changer.ends = True
        changer.join()
        return changer.meanwhile
