"""Waiting for something to become true."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], object], timeout: float = 5.0, message: str = "") -> None:
    """Return once ``holds()`` is true; AssertionError after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {message or holds}")
        time.sleep(0.002)
