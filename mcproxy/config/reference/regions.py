"""Regions of a document that are written from the schema, between two comments."""

from __future__ import annotations

from collections.abc import Callable

from .scopes import SCOPES, Scope

BEGIN = "reference of {}, written by make reference"
END = "end of the reference"


def filled(text: str, comment: str, write: Callable[[Scope], str]) -> str:
    """``text`` with each region written anew; ValueError where one is missing.

    ``comment`` is how a line with a comment begins.
    """
    for name, scope in SCOPES.items():
        begin = comment + BEGIN.format(name) + "\n"
        if text.count(begin) != 1:
            raise ValueError(f"the line {begin!r} must be there once")
        before, _, after = text.partition(begin)
        _, end, after = after.partition(f"{comment}{END}\n")
        if not end:
            raise ValueError(f"a line {comment + END!r} must follow {begin!r}")
        text = before + begin + write(scope) + end + after
    return text
