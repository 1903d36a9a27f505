"""The terminal of the live view: frames in place of each other, and keys."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""The other screen without a cursor, and back."""

_HOME, _CLEAR_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


@contextmanager
def screen() -> Iterator[None]:
    """Take the terminal, and give it back as it was, also after an error."""
    keys = _keys()
    before = termios.tcgetattr(keys) if keys is not None else None
    sys.stdout.write(_ENTER)
    try:
        if keys is not None:
            tty.setcbreak(keys)
        yield
    finally:
        if keys is not None and before is not None:
            termios.tcsetattr(keys, termios.TCSADRAIN, before)
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()


def draw(lines: list[str]) -> None:
    """Show the lines in place of those before, without a flicker."""
    sys.stdout.write(_HOME + "\n".join(_CLEAR_LINE + line for line in lines) + _BELOW)
    sys.stdout.flush()


def key_within(seconds: float) -> str:
    """The next key; empty if none is pressed within this time."""
    keys = _keys()
    ready, _, _ = select.select([] if keys is None else [keys], [], [], max(seconds, 0.0))
    if not ready or keys is None:
        return ""
    return os.read(keys, 1).decode("ascii", "replace") or "q"  # the terminal is gone


def _keys() -> int | None:
    """The descriptor of the keyboard, if there is one."""
    return sys.stdin.fileno() if sys.stdin.isatty() else None
