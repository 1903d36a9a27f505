"""The reference of the commands, from their parsers."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from mcproxy.cli import SHORT_FORMS
from mcproxy.cli.completion.words import Command, Option, commands
from mcproxy.exit_codes import MEANINGS

from .table import code, plain, table, title

_HEAD = """\
.. Written by ``python -m tests.program_docs`` from the parsers of the commands.

Commands
========

Each subcommand describes itself with ``--help``. A subcommand may be abbreviated as long as it is
unambiguous{short_forms}. The manual page is mcproxy(8).

"""

OF_ALL = ("--help", "--version")
"""Options that need no row of their own."""


def commands_page() -> str:
    """The text of docs/reference/commands.rst."""
    shorts = "".join(f"; ``{short}`` is ``{long}``" for short, long in SHORT_FORMS.items())
    return "".join((_HEAD.format(short_forms=shorts), _exit_codes(), *map(_section, commands())))


def _exit_codes() -> str:
    rows = ((str(number), plain(meaning)) for number, meaning in MEANINGS.items())
    return title("Exit codes", "-") + table((10, 90), ("code", "meaning"), rows)


def _section(command: Command) -> str:
    name = "mcproxy " + " ".join(command.path)
    return "".join((title(name, "-" if len(command.path) == 1 else "~"), *_body(command)))


def _body(command: Command) -> Iterator[str]:
    if len(command.path) == 1:
        name = command.path[0]
        made = import_module(f"mcproxy.cli.{name.replace('-', '_')}").parser()
        yield from _paragraphs(made.description or "")
        examples = (made.epilog or "").partition("exit codes:")[0].splitlines()[1:]
        if rows := [row.strip() for row in examples if row.strip()]:
            yield "::\n\n" + "".join(f"    {row}\n" for row in rows) + "\n"
    else:
        yield f"{plain(command.meaning)}\n\n"
    options = [one for one in command.options if not set(OF_ALL).intersection(one.words)]
    if options:
        yield table((30, 70), ("option", "meaning"), map(_row, options))


def _paragraphs(description: str) -> Iterator[str]:
    """The description; a paragraph with a layout of its own stays as it is."""
    for paragraph in description.strip().split("\n\n"):
        if "\n  " in paragraph:
            head, _, rest = paragraph.partition("\n")
            yield f"{plain(head)}\n\n::\n\n"
            yield "".join(f"  {row}\n" for row in rest.splitlines()) + "\n"
        else:
            yield f"{plain(paragraph)}\n\n"


def _row(option: Option) -> tuple[str, str]:
    words = ", ".join(map(code, option.words))
    return words + (" *value*" if option.takes_value else ""), plain(option.meaning)
