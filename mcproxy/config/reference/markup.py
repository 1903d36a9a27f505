"""The little markup of an option's text: literals stand in double backquotes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

_HELD = "\0"
"""In place of a space at which no line may end."""


def with_literals(text: str, write: Callable[[str], str], other: Callable[[str], str]) -> str:
    """``text`` with each literal as ``write`` makes it, and the rest as ``other`` does."""
    parts = re.split("``(.+?)``", text)
    return "".join(write(part) if n % 2 else other(part) for n, part in enumerate(parts))


def without_markup(text: str) -> str:
    """``text`` for a reader who sees it as it is."""
    return text.replace("``", "")


def held_together(text: str) -> str:
    """``text`` whose literals ``wrap`` does not break; a line does not begin with TOML either."""
    held = with_literals(text, lambda word: f"``{word.replace(' ', _HELD)}``", str)
    return re.sub(r" (?=[^ ]*(``\[|\0=\0))", _HELD, held)


def wrap(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """The lines of ``text``, which begin with ``first`` and ``others``; at least one."""
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_HELD, " ").rstrip() for line in lines or [first]]
