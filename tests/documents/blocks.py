"""The blocks of a page that a reader copies: configuration, command lines, commands with output."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import attrs

from ..source import PROJECT

TOML, SHELL, CONSOLE, PLAIN = "toml", "sh", "console", ""
"""What a block is: a configuration, commands, commands with their output, or something else."""

_DIRECTIVE = re.compile(r"(\s*)\.\. code-block:: (\w+)")
_HEREDOC = re.compile(r"<<-?'?(\w+)'?")


@attrs.frozen
class Block:
    """A block of a page; ``line`` is that of its first line, from 1."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(PROJECT)}, line {self.line}"

    def commands(self) -> list[str]:
        """The commands of a block of commands, each with its lines that continue it."""
        found: list[str] = []
        end = ""
        for row in self.text.splitlines():
            if end or (found and found[-1].endswith("\\")):
                found[-1] += f"\n{row}"
                end = "" if row.strip() == end else end
            elif row.strip() and not row.lstrip().startswith("#"):
                found.append(row)
                heredoc = _HEREDOC.search(row)
                end = heredoc[1] if heredoc else ""
        return found

    def samples(self) -> list[tuple[str, list[str]]]:
        """The commands of a console block, each with the output that the page shows."""
        found: list[tuple[str, list[str]]] = []
        for row in self.text.splitlines():
            if row.startswith("$ "):
                found.append((row[2:], []))
            else:
                found[-1][1].append(row)
        return found


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page in their order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        directive = _DIRECTIVE.fullmatch(line)
        plain = line.rstrip().endswith("::") and not line.lstrip().startswith("..")
        if directive is None and not plain:
            continue
        indent = _indent(line)
        begin = number
        while number < len(lines) and _indent(lines[number], indent + 1) > indent:
            number += 1
        rows = lines[begin:number]
        first = next((n for n, row in enumerate(rows) if row.strip()), 0)
        text = textwrap.dedent("\n".join(rows)).strip("\n")
        yield Block(page, begin + first + 1, directive[2] if directive else PLAIN, text)


def _indent(line: str, of_empty: int = 0) -> int:
    return len(line) - len(line.lstrip()) if line.strip() else of_empty
