"""The configuration file that a command reads, which may be standard input."""

from __future__ import annotations

import argparse
import sys

from ..config.files import read, read_input
from ..config.foreign.draft import Reading

STANDARD_INPUT = "-"
"""Stands for standard input on a command line."""

_NAME = "standard input"


def add_file(to: argparse.ArgumentParser, what: str, default: str | None = None) -> None:
    """The argument FILE, which may be left out where there is a ``default``."""
    described = f'{what}, or "{STANDARD_INPUT}" for standard input'
    if default is not None:
        described += f" (default: {default})"
    to.add_argument(
        "file",
        metavar="FILE",
        nargs="?" if default is not None else None,
        default=default,
        help=described,
    )


def read_file(path: str) -> tuple[str, Reading]:
    """The file, and the name by which messages call it; ConfigurationError."""
    if path != STANDARD_INPUT:
        return path, read(path)
    return _NAME, read_input(sys.stdin.buffer, _NAME)
