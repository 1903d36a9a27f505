"""Tables and texts of reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(widths: Sequence[int], heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a row of headings."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        f"   :widths: {' '.join(map(str, widths))}",
        "",
    ]
    for row in (heads, *rows):
        for number, cell in enumerate(row):
            lines.append(f"   {' ' if number else '*'} - {cell}".rstrip())
    return "\n".join(lines) + "\n\n"


def title(text: str, line: str) -> str:
    """A heading."""
    return f"{text}\n{line * len(text)}\n\n"


def plain(text: str) -> str:
    """A text of the program, which has no markup but literals."""
    parts = re.split("(``.+?``)", " ".join(text.split()))
    escaped = (re.sub(r"([*|`\\])", r"\\\1", part) for part in parts[::2])
    literals = iter([*parts[1::2], ""])
    return "".join(part + next(literals) for part in escaped)


def code(words: str) -> str:
    """A literal."""
    return f"``{words}``"
