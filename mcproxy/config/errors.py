"""Mistakes in a configuration, told all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import attrs


@attrs.frozen
class Mistake:
    """One thing that is wrong: where it stands, what it is, and what to do.

    ``where`` is a key path such as ``instance.iptv.upstream`` or a place in the file.
    """

    where: str
    message: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        parts = [part for part in (line, self.where, self.message) if part]
        return ": ".join(parts) + (f"; {self.hint}" if self.hint else "")


class ConfigurationError(Exception):
    """A configuration that cannot be used; its text has a line for each mistake."""

    def __init__(self, path: str, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(f"{path}: {mistake}" for mistake in mistakes))
        self.path = path
        self.mistakes = tuple(mistakes)


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names what ``word`` may have been meant to be."""
    names = sorted(known)
    close = get_close_matches(word.replace("_", "-"), names, 1, 0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"known here: {', '.join(names)}" if names else ""
