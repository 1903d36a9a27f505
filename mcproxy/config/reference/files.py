"""Which file has what of the reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import man, rst
from .json_schema import json_schema_text
from .regions import filled
from .sample import sample_text

PROJECT = Path(__file__).resolve().parents[3]

_MADE: dict[str, Callable[[str], str]] = {
    "etc/mcproxy.toml": lambda _: sample_text(),
    "docs/reference/mcproxy.schema.json": lambda _: json_schema_text(),
    "docs/reference/configuration.rst": lambda text: filled(text, rst.COMMENT, rst.table),
    "docs/man/mcproxy.toml.5": lambda text: filled(text, man.COMMENT, man.entries),
}
"""What makes each file from its present text."""


def stale(project: Path) -> dict[Path, str]:
    """The files whose text is not what the schema says, with their right text."""
    found = {}
    for name, make in _MADE.items():
        path = project / name
        present = path.read_text(encoding="utf-8") if path.exists() else ""
        wanted = make(present)
        if wanted != present:
            found[path] = wanted
    return found
