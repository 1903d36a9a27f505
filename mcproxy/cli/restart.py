"""``mcproxy restart``: restart the daemon's program while the kernel continues to forward."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from ..exit_codes import NO, NO_DAEMON
from . import client

LONGEST = 30.0
"""Seconds to wait until the new program is ready."""

_PAUSE = 0.05


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the new program is ready."""
    options = parser().parse_args(arguments)
    return client.run(lambda: _restart(options.socket))


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    return client.parser(
        "restart",
        "Restart the daemon's program, for instance after an upgrade, without interrupting a "
        "stream. The configuration file is read first: a file with a mistake is refused, and the "
        "daemon continues to run.",
    )


def _restart(path: str) -> None:
    before = client.ask(path, "GET", "/status")
    client.print_changes(client.ask(path, "POST", "/restart"))
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        after = _status(path)
        if after is not None and after["started"] != before["started"] and after["ready"]:
            print("restarted")
            return
        time.sleep(_PAUSE)
    raise client.FailureError(
        f"the daemon was not ready {LONGEST:.0f} s after the restart; see its log", NO
    )


def _status(path: str) -> Any:
    """The daemon's status; None while no daemon answers."""
    try:
        return client.ask(path, "GET", "/status")
    except client.FailureError as failure:
        if failure.code != NO_DAEMON:
            raise
        return None
