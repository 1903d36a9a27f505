"""``mcproxy monitor``: follow what happens in the running daemon."""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from ..exit_codes import DONE, NO_DAEMON
from . import client
from .row_options import add_filters, query

RESTART_TIME = 5.0
"""Seconds in which a daemon that restarts answers again."""

RETRY_TIME = 0.1
"""Seconds between two tries to reach it."""


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the user ends it, 3 when the daemon does."""
    options = parser().parse_args(arguments)
    levels = [options.level] if options.level else []
    target = "/events" + query(options, ("event", options.event or ()), ("level", levels))
    try:
        return client.run(lambda: _follow(options.socket, target, options.json, options.count))
    except KeyboardInterrupt:
        return DONE


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "monitor",
        "Follow the events of the running daemon: joins and leaves, queries, reports sent "
        "upstream, kernel entries, links, refusals. It goes on when the daemon restarts. Ctrl-C "
        "ends it.",
        "monitor",
        "monitor --interface br-lan --group 239.0.0.0/8",
        "monitor --event join --event leave --json",
    )
    made.add_argument("-j", "--json", action="store_true", help="print lines of JSON")
    made.add_argument(
        "--event", metavar="KIND", action="append", help="events of this kind only; may be repeated"
    )
    made.add_argument(
        "--level", metavar="LEVEL", help="events of at least this level: debug, info, warn or error"
    )
    made.add_argument("--count", metavar="N", type=int, help="end after N events")
    add_filters(made, "events")
    return made


def _follow(path: str, target: str, as_json: bool, count: int | None) -> None:
    """Print events until ``count`` are printed; over a restart of the daemon, too."""
    connection, response = client.request(path, "GET", target, answer_time=None)
    while True:
        try:
            while (count is None or count > 0) and (line := response.readline()):
                sys.stdout.write(line.decode() if as_json else text(json.loads(line)))
                sys.stdout.flush()
                count = None if count is None else count - 1
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise client.broken(path, error) from None
        finally:
            connection.close()
        if count is not None and count <= 0:
            return
        connection, response = _request_again(path, target)


def _request_again(
    path: str, target: str
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """Ask the daemon that comes after this one; FailureError when none comes."""
    deadline = time.monotonic() + RESTART_TIME
    while True:
        try:
            answer = client.request(path, "GET", target, answer_time=None)
        except client.FailureError as failure:
            if failure.code != NO_DAEMON:
                raise
            if time.monotonic() >= deadline:
                ended = f"the daemon at {path} has ended"
                raise client.FailureError(ended, NO_DAEMON) from None
            time.sleep(RETRY_TIME)
        else:
            print("mcproxy: the daemon has restarted; events meanwhile are lost", file=sys.stderr)
            return answer


def text(event: dict[str, Any]) -> str:
    """A line for an event: its time of day, where it happened, and what."""
    when = event["time"]
    stamp = time.strftime("%H:%M:%S", time.localtime(when)) + f".{int(when % 1 * 1000):03}"
    if event["event"] == "lost":
        return f"{stamp} {event['count']} events were not shown: they came too fast\n"
    where = " ".join(str(event[key]) for key in ("instance", "interface") if event.get(key))
    return f"{stamp} {event['event']}{f' {where}' if where else ''}: {event['text']}\n"
