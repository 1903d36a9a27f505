"""A replacement for systemd: it stores file descriptors and passes them to the next run."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until

PASS_ON = """
import os, sys
for place, number in enumerate(sys.argv[1].split(), 3):
    os.dup2(int(number), place)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
"""Runs in the process that becomes the daemon: moves the descriptors to 3, 4 and so on."""


class FakeServiceManager:
    """Starts the daemon of one unit repeatedly, after sd_notify(3) and sd_listen_fds(3).

    ``stored`` has the stored descriptors by name, ``states`` all messages. The daemon gets
    ``environment`` too.
    """

    def __init__(self, node: Node, config: str, environment: dict[str, str] | None = None) -> None:
        self.stored: dict[str, int] = {}
        self.states: list[str] = []
        self._node = node
        self._environment = environment or {}
        self._folder = tempfile.TemporaryDirectory(prefix="mcproxy-manager-")
        self._config = os.path.join(self._folder.name, "mcproxy.toml")
        self.control = os.path.join(self._folder.name, "control")
        self.write_config(config)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(os.path.join(self._folder.name, "notify"))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def write_config(self, config: str) -> None:
        """Write the configuration of the next run."""
        with open(self._config, "w", encoding="utf-8") as file:
            file.write(config)

    def start(self) -> Daemon:
        """Start the daemon with the stored descriptors and wait until it is ready."""
        before = self.states.count("READY=1")
        daemon = self.launch()
        ready = lambda: self.states.count("READY=1") > before  # noqa: E731
        wait_until(ready, 20, "the daemon is not ready")
        return daemon

    def launch(self) -> Daemon:
        """Start the daemon without waiting."""
        named = dict(self.stored)
        numbers = " ".join(map(str, named.values()))
        program = ["-m", "mcproxy", "run", "--config", self._config, "--socket", self.control]
        return Daemon(
            self._node,
            command=[sys.executable, "-c", PASS_ON, numbers, *program],
            environment={
                "NOTIFY_SOCKET": os.path.join(self._folder.name, "notify"),
                "FDSTORE": "64",
                "LISTEN_FDS": str(len(named)),
                "LISTEN_FDNAMES": ":".join(named),
                **self._environment,
            },
            descriptors=list(named.values()),
        )

    def store_unreadable(self, name: str) -> None:
        """Store a descriptor of this name whose contents the daemon cannot read."""
        number = os.memfd_create("unreadable")
        os.write(number, b"?")
        self._keep(name, number)

    def close(self) -> None:
        """Close all descriptors; the kernel empties tables whose last descriptor is closed."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(5)
        self._socket.close()
        for name in list(self.stored):
            os.close(self.stored.pop(name))
        self._folder.cleanup()

    def _read(self) -> None:
        for state, passed in self._messages():
            words = dict(line.partition("=")[::2] for line in state.splitlines())
            self.states.append(state)
            if "FDSTORE" in words and passed:
                self._keep(words["FDNAME"], passed.pop())
            elif "FDSTOREREMOVE" in words:
                self._forget(words["FDNAME"])
            for number in passed:  # of BARRIER=1: the sender waits until it is closed
                os.close(number)

    def _messages(self) -> Iterator[tuple[str, list[int]]]:
        while True:
            data, passed, _, _ = socket.recv_fds(self._socket, 4096, 4)
            if not data:
                return
            yield data.decode(), passed

    def _keep(self, name: str, number: int) -> None:
        self._forget(name)
        self.stored[name] = _high(number)

    def _forget(self, name: str) -> None:
        if name in self.stored:
            os.close(self.stored.pop(name))


def _high(number: int) -> int:
    """Duplicate a descriptor to 100 or above, so that ``PASS_ON`` does not overwrite it."""
    made = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 100)
    os.close(number)
    return made
