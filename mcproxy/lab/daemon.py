"""A program that runs on a node: our daemon, or another to compare it with."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .waiting import wait_until

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Daemon", "wait_until"]

PROJECT = Path(__file__).resolve().parents[2]


class Daemon:
    """A program on ``node``: ``command``, or mcproxy with the file text ``config``.

    ``lines`` collects its standard error. ``socket`` is the path at which mcproxy takes
    commands. It inherits our ``descriptors`` under the same numbers.
    """

    def __init__(
        self,
        node: Node,
        config: str = "",
        command: Sequence[str] = (),
        environment: dict[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mcproxy-lab-")
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(f"{self._folder.name}/notify")
        self.config = Path(self._folder.name, "mcproxy.toml")
        self.config.write_text(config, encoding="utf-8")
        self.socket = Path(self._folder.name, "control")
        if not command:
            program = (sys.executable, "-m", "mcproxy", "run", "--config", str(self.config))
            command = (*program, "--socket", str(self.socket))
        self.lines: list[str] = []
        self.started = time.monotonic()
        self.process: subprocess.Popen[str] = node.popen(
            list(command),
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            # A group of its own, so that its children end with it. Not a session: kernels
            # divide the CPU by sessions, and on a busy machine a new one waits for seconds.
            process_group=0,
            pass_fds=descriptors,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(_search_path()),
                "NOTIFY_SOCKET": f"{self._folder.name}/notify",
                **(environment or {}),
            },
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        node.keep(self)

    @property
    def pid(self) -> int:
        """The process."""
        return self.process.pid

    def wait_ready(self, timeout: float = 30.0) -> float:
        """Wait for READY=1; seconds since the start, or AssertionError if it ends or is late."""
        deadline = time.monotonic() + timeout
        self._notify.settimeout(0.05)
        while time.monotonic() < deadline:
            try:
                if b"READY=1" in self._notify.recv(4096).split(b"\n"):
                    return time.monotonic() - self.started
            except TimeoutError:
                if self.process.poll() is not None:
                    break
        self._reader.join(0.2)
        raise AssertionError("the daemon is not ready: " + "\n".join(self.lines))

    def terminate(self, number: int = signal.SIGTERM, timeout: float = 10.0) -> tuple[int, float]:
        """Send a signal and wait; the exit code, and the seconds that it took."""
        begin = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout)
        took = time.monotonic() - begin
        self._reader.join(2)
        return code, took

    def wait(self, timeout: float = 10.0) -> int:
        """Wait until it ends by itself; the exit code."""
        code = self.process.wait(timeout)
        self._reader.join(2)
        return code

    def kill(self) -> None:
        """Kill it, so that it cannot clean up."""
        self._kill_all()
        self.process.wait()

    def close(self) -> None:
        """Kill it and its children, if they run, and remove its files."""
        self.kill()
        self._reader.join(2)
        if self.process.stderr is not None:
            self.process.stderr.close()
        self._notify.close()
        self._folder.cleanup()

    def command(self, *words: str) -> None:
        """Run an mcproxy command against it; CalledProcessError if that fails."""
        program = [sys.executable, "-m", "mcproxy", *words, "--socket", str(self.socket)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(_search_path())}
        subprocess.run(program, check=True, stdout=subprocess.DEVNULL, env=environment)

    # -- what it uses

    def resident_bytes(self) -> int:
        """Memory in use now, private and shared."""
        pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        """CPU time of all its threads since it started."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        return total / 1e9

    def _kill_all(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _collect(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))


def _search_path() -> list[str]:
    """The daemon's PYTHONPATH: the same mcproxy as ours, then our own PYTHONPATH."""
    paths = os.environ.get("PYTHONPATH", "")
    return [str(PROJECT), *filter(None, paths.split(os.pathsep))]
