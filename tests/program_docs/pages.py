"""The pages, and which of them are stale."""

from __future__ import annotations

from pathlib import Path

from ..source import PROJECT
from .commands import commands_page
from .events import events_page

FOLDER = PROJECT / "docs/reference"

PAGES = {"commands.rst": commands_page, "events.rst": events_page}


def stale() -> dict[Path, str]:
    """The files whose text is not what the program says, with their right text."""
    found = {}
    for name, make in PAGES.items():
        path, text = FOLDER / name, make().rstrip("\n") + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            found[path] = text
    return found
