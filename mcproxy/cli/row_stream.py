"""The rows of a long answer, parsed while the daemon still makes them.

The daemon writes each row of a list on a line of its own, so that a block of lines is a piece of
JSON by itself.
"""

from __future__ import annotations

import http.client
import json
from typing import Any

from . import client

BLOCK = 1 << 17
"""Bytes that are read and parsed at once."""


def ask_rows(path: str, target: str) -> list[dict[str, Any]]:
    """The rows of the one list in the daemon's answer; FailureError as ``client.ask``."""
    connection, response = client.request(path, "GET", target)
    try:
        return _rows(response)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise client.broken(path, error) from None
    finally:
        connection.close()


def _rows(response: http.client.HTTPResponse) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    head, bracket, rest = response.read(BLOCK).partition(b"[\n")
    if not bracket or b"\n" in head.strip():
        [whole] = json.loads(head + bracket + rest + response.read()).values()
        return list(whole)
    while block := response.read(BLOCK):
        # The end of the list is kept back with the last row.
        lines, newline, last = (rest + block).rpartition(b",\n")
        if newline:
            rows += _parsed(lines)
        rest = last
    last, end, _ = rest.rpartition(b"]}")
    if not end:
        raise ValueError("the answer breaks off")
    return rows + _parsed(last)


def _parsed(lines: bytes) -> list[dict[str, Any]]:
    """Rows with commas between them."""
    found: list[dict[str, Any]] = json.loads(b"[" + lines + b"]")
    return found
