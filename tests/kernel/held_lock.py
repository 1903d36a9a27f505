"""The kernel's lock of network settings (rtnl), held for a while.

The whole machine shares this lock. A program that deletes many interfaces at once holds it until
all of them are gone, and a program that changes a multicast route waits for that, wherever it is.
"""

from __future__ import annotations

import subprocess

from .support import Machine

_PAIRS = 500
"""Pairs of interfaces; to delete 300 took 0.04 to 0.2 s where this was written."""


class HeldLock:
    """Pairs of interfaces in a namespace of their own, to be deleted at once."""

    def __init__(self) -> None:
        self._machine = Machine("held-lock")
        lines = [
            f"link add a{number} group 7 type veth peer name b{number} group 7"
            for number in range(_PAIRS)
        ]
        with self._machine:
            command = ["ip", "-batch", "-"]
            subprocess.run(command, input="\n".join(lines), text=True, check=True)

    def hold(self) -> subprocess.Popen[bytes]:
        """Delete them; the program that does so ends when the lock is free again."""
        return self._machine.popen(["ip", "link", "del", "group", "7"])

    def close(self) -> None:
        """Remove the namespace, and what is left in it."""
        self._machine.close()
