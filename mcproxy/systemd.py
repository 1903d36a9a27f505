"""Messages to the service manager (sd_notify), and its store of file descriptors.

Descriptors in the store outlive the process. The next process of the same unit receives them
by sd_listen_fds(3).
"""

from __future__ import annotations

import array
import os
import select
import socket
from collections.abc import Sequence

_FIRST = 3
"""The first descriptor that a service manager passes on."""

_PATIENCE = 0.5
"""Seconds to wait until the service manager takes a descriptor."""

_BARRIER_TIME = 5.0
"""Seconds to wait until it has handled all messages."""


def notify(state: str) -> None:
    """Send a state such as ``READY=1``, if a service manager listens."""
    try:
        _send(state, (), 0.0)
    except OSError:
        return  # it is gone or does not read; the daemon works without it


def _send(state: str, descriptors: Sequence[int], patience: float) -> bool:
    """Send ``state``; whether a service manager listens. OSError when sending fails."""
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

    Call it once: it removes them from the environment.
    """
    passed = {key: os.environ.pop(f"LISTEN_{key}", "") for key in ("PID", "FDS", "FDNAMES")}
    if passed["PID"] != str(os.getpid()) or not passed["FDS"].isdecimal():
        return []
    numbers = range(_FIRST, _FIRST + int(passed["FDS"]))
    return list(zip(passed["FDNAMES"].split(":"), numbers, strict=False))


class DescriptorStore:
    """The service manager's store of our descriptors; ``is_there`` says whether it has one.

    The environment variable FDSTORE says so; systemd sets it from version 254 on.
    """

    def __init__(self) -> None:
        self.is_there = bool(os.environ.get("FDSTORE") and os.environ.get("NOTIFY_SOCKET"))

    def put(self, name: str, descriptor: int) -> None:
        """Store a descriptor under a name; after an OSError the store is not used any more."""
        if self.is_there:
            self._tell(f"FDSTORE=1\nFDNAME={name}\nFDPOLL=0", [descriptor])

    def drop(self, name: str) -> None:
        """Remove the descriptors of this name; OSError as with ``put``."""
        if self.is_there:
            self._tell(f"FDSTOREREMOVE=1\nFDNAME={name}", [])

    def settle(self) -> None:
        """Wait until all messages were handled (sd_notify_barrier); OSError."""
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
            self.is_there = False  # so that no later call waits for it again
            raise
