"""Command lines of mcproxy in the documents, with the output that a document shows for them.

A document shows a command in one of three ways: inline, as ``mcproxy show VIEW``; as a line of a
literal block; and as a line of one that begins with ``$``, whose output follows up to an empty
line. Words in capitals stand for what the reader writes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import attrs

from ..source import PROJECT

DOCUMENTS = (
    PROJECT / "README.rst",
    *(path for path in sorted((PROJECT / "docs").rglob("*.rst")) if path.name != "conformance.rst"),
)
"""What users read. The page of requirements quotes no command."""

PLACEHOLDERS = {
    "FILE": "mcproxy.toml",
    "IF": "eth0",
    "UPSTREAM": "eth0",
    "GROUP": "239.1.1.1",
    "G": "239.1.1.1",
    "S": "192.0.2.1",
    "VIEW": "groups",
    "NAME": "tv",
    "INSTANCE": "tv",
    "LEVEL": "debug",
    "KIND": "join",
    "SECONDS": "2",
    "N": "1",
    "SHELL": "bash",
    "PATH": "/run/s",
    "ADDRESS": "192.0.2.1",
}
"""What a reader may write in place of each word in capitals."""

_INLINE = re.compile(r"``mcproxy ([a-z][^`]*)``")
_BEGINS_BLOCK = re.compile(r"^(?!\s*\.\.).*::$|^\s*\.\. code-block:: (sh|console)$")
_BLOCK_LINE = re.compile(r"\s+(?P<prompt>[$#] )?(?:/\S*/)?mcproxy (?P<words>[a-z-].*)")
_NOT_WORDS = re.compile(r"\s+(>|<|\||#).*|\s*\.\.\.$")


@attrs.frozen
class Snippet:
    """A command line of a document, without ``mcproxy``, and the output that is shown for it."""

    document: str
    line: int
    text: str
    output: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words of the command line, with something in place of each placeholder."""
        text = _NOT_WORDS.sub("", self.text)
        # [--option VALUE] may be left out; here it is taken.
        text = re.sub(r"(\w)\[/LENGTH\]", r"\1/32", text).replace("[", " ").replace("]", " ")
        words = [word.partition("|")[0] for word in shlex.split(text)]
        return [PLACEHOLDERS.get(word, word) for word in words if word != "..."]


def snippets(path: Path) -> Iterator[Snippet]:
    """All command lines of one document."""
    name = str(path.relative_to(PROJECT))
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in _literal(lines):
        block = _BLOCK_LINE.fullmatch(line)
        if block is not None:
            output = _output(lines[number:]) if block["prompt"] == "$ " else ()
            yield Snippet(name, number, block["words"], output)
    text = "\n".join(lines)
    for found in _INLINE.finditer(text):
        yield Snippet(name, text.count("\n", 0, found.start()) + 1, " ".join(found[1].split()))


def _literal(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines of literal blocks, with their numbers."""
    above: int | None = None  # the indentation of the line that began the block
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        if above is not None and line.strip() and indent <= above:
            above = None
        if above is not None:
            yield number, line
        elif _BEGINS_BLOCK.search(line):
            above = indent


def _output(lines: list[str]) -> tuple[str, ...]:
    """The lines of a block up to its end, or to the next command."""
    output: list[str] = []
    for line in lines:
        if (line and not line.startswith(" ")) or line.lstrip().startswith(("$ ", "# ")):
            break
        output.append(line.strip())
    while output and not output[-1]:
        output.pop()
    return tuple(output)


_VOLATILE = (
    (r"\b\d\d:\d\d:\d\d(\.\d+)?", "TIME"),
    (r"\bpid \d+", "pid N"),
    (r"\d+(\.\d+)?( [kMG]?bit/s|/s)", r"N\2"),
    (r"(?<![.\d])\d+\.\d(?![.\d])", "N"),
    (r"(?<= )-(?= )", "N"),
    (r"(?<= )\d+(ms|s|m\d\ds|h\d\dm)?(?= |$)", "N"),
)
"""What differs from run to run: times, rates and counts, and not addresses."""


def masked(lines: tuple[str, ...] | list[str]) -> list[str]:
    """The lines without what differs from run to run, and without widths of columns."""
    masked_lines = []
    for line in lines:
        text = " ".join(line.split())
        for volatile, name in _VOLATILE:
            text = re.sub(volatile, name, text)
        masked_lines.append(text)
    return masked_lines
