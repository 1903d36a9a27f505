"""What tomllib says about text that is not TOML, in words for its author."""

from __future__ import annotations

import re

from ..errors import Mistake
from ..origin import key_text
from .lines import TOKEN

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_REPEATED_TABLE = re.compile(r"Cannot declare \((.*)\) twice$")
_ILLEGAL = re.compile(r"(?:Illegal|Found invalid) character '(.*)'$")
_NO_QUOTES = ("Invalid value", "Expected '=' after a key")
"""What tomllib says about text that lacks its quotes."""

_OPENED = {"Unclosed array": ("[", "list", "]"), "Unclosed inline table": ("{", "table", "}")}


def mistake(path: str, text: str, error: ValueError) -> Mistake:
    """The mistake that tomllib found in ``text``."""
    message = str(error)
    found = _POSITION.search(message)
    where, line, end = "", 1, len(text)
    if found is not None:
        message = message[: found.start()]
        line = int(found[1] or text.rstrip().count("\n") + 1)
        where = f"line {line}"
        if found[2]:
            where += f", column {found[2]}"
            end = len("".join(text.splitlines(keepends=True)[: line - 1])) + int(found[2]) - 1
    return Mistake(path, where, *_in_our_words(message, text, line, end))


def _in_our_words(message: str, text: str, line: int, end: int) -> tuple[str, str]:
    """What is wrong, and what to do about it; tomllib has read ``text`` up to ``end``."""
    written = (text.splitlines()[line - 1 : line] or [""])[0].strip()
    repeated = _REPEATED_TABLE.match(message)
    if repeated is not None:
        return _repeated_table(tuple(re.findall(r"'([^']*)'", repeated[1])), text, line)
    if message == "Cannot overwrite a value":
        if written.startswith("["):
            return f"{written} is there already, written in another way", "write it in one way"
        return "this key is there twice", "remove one"
    if message in _OPENED:
        bracket, what, close = _OPENED[message]
        opened = _opened(text, end, bracket)
        begun = f"the {what} that begins on line {opened}" if opened else f"a {what}"
        return f"not TOML: {begun} is not closed", f'add "{close}", or the comma between two values'
    illegal = _ILLEGAL.match(message)
    if illegal is not None and illegal[1] == r"\n":
        return "not TOML: a text does not end on its line", "close it with the quote that opened it"
    if message in ('Expected "\'"', "Unterminated string"):
        return "not TOML: a text does not end", "close it with the quote that opened it"
    hint = "names and other text need quotes" if message.startswith(_NO_QUOTES) else ""
    return f"not TOML: {message}", hint


def _repeated_table(table: tuple[str, ...], text: str, line: int) -> tuple[str, str]:
    name = key_text(table)
    header = re.compile(rf"\s*\[\s*{re.escape(name)}\s*\]")
    earlier = enumerate(text.splitlines()[: line - 1], 1)
    first = next((number for number, written in earlier if header.match(written)), None)
    if first is None:
        return (
            f"[{name}] is there already: a key or table before this line belongs to it",
            f"write all keys of {name} below one [{name}]",
        )
    return f"[{name}] is there twice, first on line {first}", "write all its keys in one place"


def _opened(text: str, end: int, bracket: str) -> int | None:
    """The line of the last ``bracket`` before the position ``end`` that nothing closes."""
    found: list[tuple[str, int]] = []
    for token in TOKEN.finditer(text, 0, end):
        if token[0] in ("[", "{"):
            found.append((token[0], token.start()))
        elif token[0] in ("]", "}") and found:
            found.pop()
    for kind, position in reversed(found):
        if kind == bracket:
            return text.count("\n", 0, position) + 1
    return None
