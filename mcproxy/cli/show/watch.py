"""``--watch``: the same view again and again, until Ctrl-C or until nobody reads."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from ...exit_codes import NO_DAEMON
from ..client import FailureError

DEFAULT = 2.0
SHORTEST = 0.1
"""Seconds between two looks."""

_CLEAR = "\x1b[H\x1b[2J"


def seconds(text: str) -> float:
    """The argument of --watch; ValueError."""
    found = float(text)
    if not SHORTEST <= found < float("inf"):
        raise ValueError(f"{text} is not a time of at least {SHORTEST} s")
    return found


def watch(title: str, interval: float, look: Callable[[], str], *, is_json: bool = False) -> None:
    """Print what ``look`` returns every ``interval`` seconds; Ctrl-C ends it.

    A terminal is cleared before each look; elsewhere each one follows the one before, and JSON
    stands alone there, for programs. A daemon that stops to answer is waited for, as it may be
    restarted.
    """
    is_bare = is_json and not sys.stdout.isatty()
    text = look()
    try:
        while True:
            if is_bare:
                print(text, end="", flush=True)
            else:
                _show(f"{title}    every {interval:g} s    {time.strftime('%H:%M:%S')}", text)
            time.sleep(interval)
            text = _again(look, is_bare)
    except KeyboardInterrupt:
        if sys.stdout.isatty():
            print()


def _again(look: Callable[[], str], is_bare: bool) -> str:
    try:
        return look()
    except FailureError as failure:
        if failure.code != NO_DAEMON:
            raise
        text = f"mcproxy: {failure}\n"
    if not is_bare:
        return text
    sys.stderr.write(text)
    return ""


def _show(head: str, text: str) -> None:
    if sys.stdout.isatty():
        lines = shutil.get_terminal_size((80, 24)).lines - 3
        text = _CLEAR + f"{head}\n\n" + _first(text, lines)
    else:
        text = f"{head}\n{text}\n"
    sys.stdout.write(text)
    sys.stdout.flush()


def _first(text: str, most: int) -> str:
    """The lines that fit on the terminal."""
    lines = text.splitlines(keepends=True)
    if len(lines) <= most:
        return text
    shown = max(1, most - 1)
    return "".join(lines[:shown]) + f"... {len(lines) - shown} more lines"
