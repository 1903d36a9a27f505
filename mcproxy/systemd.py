"""What a service manager is told (sd_notify), and what it keeps for us (its descriptor store).

Descriptors that are put into the store outlive the process, and come back to the next one of
the same unit by sd_listen_fds(3).
"""

from __future__ import annotations

import array
import os
import select
import socket
from collections.abc import Sequence

_FIRST = 3
"""The first of the descriptors that a service manager passes on."""

_PATIENCE = 0.5
"""Seconds for it to take a descriptor."""

_BARRIER_TIME = 5.0


def notify(state: str) -> None:
    """Send a state such as ``READY=1``; nothing happens where nobody wants to know."""
    try:
        _send(state, (), 0.0)
    except OSError:
        return  # it went away, or does not read; the daemon's work does not depend on it


def _send(state: str, descriptors: Sequence[int], patience: float) -> bool:
    """Send ``state``; whether there was somebody to send it to. OSError."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path[:1] not in ("/", "@"):
        return False
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(patience)
        passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        sock.sendmsg([state.encode()], passed if descriptors else [], 0, address)
    return True


def passed_on() -> list[tuple[str, int]]:
    """The descriptors that the service manager passed to this process, with their names.

    Only once: the environment does not tell of them any more after that.
    """
    told = {key: os.environ.pop(f"LISTEN_{key}", "") for key in ("PID", "FDS", "FDNAMES")}
    if told["PID"] != str(os.getpid()) or not told["FDS"].isdecimal():
        return []
    numbers = range(_FIRST, _FIRST + int(told["FDS"]))
    return list(zip(told["FDNAMES"].split(":"), numbers, strict=False))


class DescriptorStore:
    """What the service manager keeps of ours, if it keeps anything; ``is_there`` tells.

    The environment's FDSTORE says that it does, which systemd sets from version 254 on.
    """

    def __init__(self) -> None:
        self.is_there = bool(os.environ.get("FDSTORE") and os.environ.get("NOTIFY_SOCKET"))

    def put(self, name: str, descriptor: int) -> None:
        """Have it kept, under a name; OSError, after which nothing is kept any more."""
        if self.is_there:
            self._tell(f"FDSTORE=1\nFDNAME={name}\nFDPOLL=0", [descriptor])

    def drop(self, name: str) -> None:
        """Have what goes by this name kept no more; OSError as with ``put``."""
        if self.is_there:
            self._tell(f"FDSTOREREMOVE=1\nFDNAME={name}", [])

    def settle(self) -> None:
        """Wait until all that was told is done (sd_notify_barrier); OSError."""
        ours, theirs = os.pipe()
        try:
            self._tell("BARRIER=1", [theirs])
        finally:
            os.close(theirs)
        poll = select.poll()
        poll.register(ours, 0)
        poll.poll(_BARRIER_TIME * 1000)
        os.close(ours)

    def _tell(self, state: str, descriptors: Sequence[int]) -> None:
        try:
            _send(state, descriptors, _PATIENCE)
        except OSError:
            self.is_there = False  # nobody waits for it again
            raise
