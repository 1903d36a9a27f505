"""Names that only the running daemon knows; none, and no message, where it does not answer."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator

from .. import client

LONGEST = 1.0
"""Seconds that a shell waits for the names."""

MOST = 1000
"""Names of a kind; a daemon may have 50,000 groups."""

VIEWS = {
    "instances": ("interfaces", "instance"),
    "interfaces": ("interfaces", "interface"),
    "groups": ("groups", "group-address"),
    "sources": ("sources", "source-address"),
}
"""The view that has the names of a kind, and the member of its rows."""


def print_names(kind: str, socket: str) -> None:
    """Print the names of a kind, a line each."""
    view, member = VIEWS.get(kind, ("", ""))
    if not view:
        return
    found: dict[str, None] = {}
    deadline = time.monotonic() + LONGEST
    try:
        for line in _lines(socket, view):
            name = _name(line, member)
            if name:
                found[name] = None
            if len(found) >= MOST or time.monotonic() > deadline:
                break
    except (client.FailureError, OSError, http.client.HTTPException):
        pass  # what was read before is shown
    for name in found:
        print(name)


def _lines(socket: str, view: str) -> Iterator[bytes]:
    connection, response = client.request(socket, "GET", f"/{view}", answer_time=LONGEST)
    try:
        yield from response
    finally:
        connection.close()


def _name(line: bytes, member: str) -> str:
    """The name in a row: the daemon writes each on a line of its own."""
    try:
        row = json.loads(line.strip().rstrip(b","))
    except ValueError:
        return ""
    name = str(row.get(member, "")) if isinstance(row, dict) else ""
    # Rows name an instance with its family, as tv/ipv4; commands take the name alone.
    return name.partition("/")[0] if member == "instance" else name
