"""``mcproxy restart``: the daemon becomes a new process, and the kernel forwards meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..exit_codes import NO, NO_DAEMON
from . import client

LONGEST = 30.0
"""Seconds to wait for the new process."""

_PAUSE = 0.05


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the new process has taken over."""
    described = "Start the daemon's program anew, by its file, without interrupting any stream."
    options = client.parser("restart", described).parse_args(arguments)
    return client.run(lambda: _restart(options.socket))


def _restart(path: str) -> None:
    before = client.ask(path, "GET", "/status")
    client.tell(client.ask(path, "POST", "/restart")["changes"])
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        after = _status(path)
        if after is not None and after["started"] != before["started"] and after["ready"]:
            return
        time.sleep(_PAUSE)
    raise client.FailureError("the daemon does not come back: see its log", NO)


def _status(path: str) -> Any:
    """The daemon's status; None while there is no daemon."""
    try:
        return client.ask(path, "GET", "/status")
    except client.FailureError as failure:
        if failure.code != NO_DAEMON:
            raise
        return None
