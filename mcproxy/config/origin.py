"""Where a configuration came from: the names and lines of its parts, for messages."""

from __future__ import annotations

import re

from .errors import Mistake, shown

KeyPath = tuple[str | int, ...]
"""Keys, and positions in lists, from 0."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key_text(path: KeyPath) -> str:
    """``path`` as TOML writes it, with quotes where it needs them; positions from 1: ``[1]``."""
    parts = (f"[{key + 1}]" if isinstance(key, int) else f".{_quoted(key)}" for key in path)
    return "".join(parts).removeprefix(".")


def _quoted(key: str) -> str:
    return key if _BARE.fullmatch(key) and len(key) < 60 else shown(key)


class Origin:
    """The place that a configuration was read from; in itself one without lines.

    ``path`` begins each message: a file's path, or empty.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path

    def name_of(self, where: KeyPath) -> str:
        """How a message names the key ``where``."""
        return key_text(where)

    def line_of(self, where: KeyPath) -> int | None:
        """The line of the key ``where``, from 1; None where the file does not have the key."""
        return None

    def has(self, where: KeyPath) -> bool:
        """Whether somebody wrote the key ``where`` itself, and not only the table that it is in."""
        return self.line_of(where) is not None

    def mistake(self, where: KeyPath, message: str, hint: str = "") -> Mistake:
        """A mistake at the key ``where``."""
        return Mistake(self.path, self.name_of(where), message, hint, self.line_of(where))
