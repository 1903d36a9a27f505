"""Anonymous network namespaces, held by a file descriptor."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)

Result = TypeVar("Result")


def unshare(flags: int) -> None:
    """unshare(2) for the calling thread; OSError. (Python has it from 3.12 on.)"""
    _check(_libc.unshare(flags))


def _setns(descriptor: int) -> None:
    _check(_libc.setns(descriptor, CLONE_NEWNET))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _own() -> int:
    return os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)


class Namespace:
    """A network namespace; ``with namespace:`` moves the calling thread into it and back.

    A socket opened inside stays in it. OSError (EPERM) where making one is not permitted.
    """

    def __init__(self, label: str = "") -> None:
        self.label = label
        self.descriptor = -1
        self._entered = threading.local()  # each thread goes back to where it came from
        failure: list[OSError] = []

        def make() -> None:
            # In a thread of its own, which stays there; no other thread is moved.
            try:
                unshare(CLONE_NEWNET)
                self.descriptor = _own()
            except OSError as error:
                failure.append(error)

        maker = threading.Thread(target=make)
        maker.start()
        maker.join()
        if failure:
            raise failure[0]

    def __repr__(self) -> str:
        return f"<Namespace {self.label or self.descriptor}>"

    def __enter__(self) -> Namespace:
        outside = _own()
        try:
            _setns(self.descriptor)
        except OSError:
            os.close(outside)
            raise
        self._way_back().append(outside)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        outside = self._way_back().pop()
        try:
            _setns(outside)
        finally:
            os.close(outside)

    def _way_back(self) -> list[int]:
        if not hasattr(self._entered, "outside"):
            self._entered.outside = []
        way: list[int] = self._entered.outside
        return way

    def close(self) -> None:
        """Release it; the kernel removes it once nothing is left in it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """What ``function`` gives when called inside."""
        with self:
            return function(*arguments)

    def sysctl(self, path: str, value: object) -> None:
        """Set ``net.<path>`` inside, as in ``sysctl("ipv4/conf/all/rp_filter", 0)``."""
        with self, open(f"/proc/sys/net/{path}", "w", encoding="ascii") as file:
            file.write(str(value))

    def popen(self, arguments: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program inside that ends with the calling thread, however that ends."""
        parent = os.getpid()

        def prepare() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)  # the parent died before the kernel knew
            _setns(self.descriptor)

        return subprocess.Popen(arguments, preexec_fn=prepare, **options)

    def run(self, arguments: Sequence[str], **options: Any) -> int:
        """Run a program inside and give its exit code."""
        return self.popen(arguments, **options).wait()
