"""LiveTable: encoded rows by key, and what has changed in them.

Rows are encoded once. A row has changed if its text has, so that no two rows are compared member by
member, and a page that opens gets all rows by joining texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def message(event: str, text: bytes) -> bytes:
    """A message of a stream of server-sent events; ``text`` is JSON on one line."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), text)


class LiveTable:
    """The rows of one table, as all pages have them that keep up."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def replace(self, rows: dict[str, bytes]) -> bytes:
        """Take these rows in place of those before: the message that says what changed, if any."""
        before, self._rows = self._rows, rows
        put = [text for key, text in rows.items() if before.get(key) != text]
        drop = [key for key in before if key not in rows]
        return self._message(put, drop) if put or drop else b""

    def snapshot(self) -> bytes:
        """The message that gives all rows to a page that has none."""
        return self._message(self._rows.values(), [])

    def _message(self, put: Iterable[bytes], drop: list[str]) -> bytes:
        head = encode({"table": self._name, "drop": drop})[:-1].encode()
        return message("rows", b'%b,"put":[%b]}' % (head, b",".join(put)))


def encoded(row: Mapping[str, Any]) -> bytes:
    """A row as JSON on one line."""
    return encode(row).encode()
