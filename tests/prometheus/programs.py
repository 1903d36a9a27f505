"""Prometheus and promtool: where they are, and promtool's judgement."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest

UNPACKED = "/opt/mcproxy-tests/prometheus"
"""Where ``.ci/prometheus`` unpacks Debian's package, which would start a service."""


def program(name: str) -> str:
    """The path of ``prometheus`` or ``promtool``; SkipTest where it is missing."""
    found = shutil.which(name) or shutil.which(name, path=UNPACKED)
    if found is None:
        raise SkipTest(f"{name} is not installed: run .ci/prometheus as root, on Debian")
    return found


def promtool(*arguments: str | Path, text: str | None = None) -> tuple[int, str]:
    """Run promtool with ``text`` as its input; the exit code and all that it printed."""
    done = subprocess.run(
        [program("promtool"), *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
