"""Reads messages of the stream as a page does."""

from __future__ import annotations

import json
from typing import Any


def messages(text: bytes) -> list[tuple[str, Any]]:
    """The names and values of server-sent events."""
    found = []
    for part in text.decode().split("\n\n")[:-1]:
        name, data = part.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found
