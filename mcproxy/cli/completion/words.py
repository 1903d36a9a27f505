"""What may follow on a command line of mcproxy, from the parsers of the subcommands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib import import_module

import attrs

from ...events.kinds import KINDS
from ...logs import LEVELS
from .. import SUBCOMMANDS
from ..show.views import VIEWS

FILES = "@files"
LINKS = "@links"
"""Names of files, and of the interfaces of this machine."""

INSTANCES, INTERFACES, GROUPS, SOURCES = "@instances", "@interfaces", "@groups", "@sources"
"""Names that the running daemon knows."""


@attrs.frozen
class Choice:
    """A word that may follow, and what it means."""

    word: str
    meaning: str = ""


@attrs.frozen
class Option:
    """An option: its spellings, its meaning, and what its value may be."""

    words: tuple[str, ...]
    meaning: str
    takes_value: bool
    values: tuple[Choice, ...] | str = ()


@attrs.frozen
class Command:
    """A command: its words, as ("add", "instance"), its options, what may stand as argument."""

    path: tuple[str, ...]
    meaning: str
    options: tuple[Option, ...]
    arguments: tuple[tuple[Choice, ...] | str, ...]


def commands() -> list[Command]:
    """All commands, in the order of the help; one with kinds, such as add, before its kinds."""
    return [
        command
        for name, meaning in SUBCOMMANDS.items()
        for command in _of(name, meaning, _made(name))
    ]


def _made(name: str) -> argparse.ArgumentParser:
    module = import_module(f"mcproxy.cli.{name.replace('-', '_')}")
    made: argparse.ArgumentParser = module.parser()
    return made


def _of(name: str, meaning: str, parser: argparse.ArgumentParser) -> Iterator[Command]:
    path = tuple(parser.prog.split()[1:])
    options: list[Option] = []
    arguments: list[tuple[Choice, ...] | str] = []
    kinds: list[argparse.ArgumentParser] = []
    for action in parser._actions:
        if action.help == argparse.SUPPRESS:
            continue
        if isinstance(action, argparse._SubParsersAction):
            kinds += action.choices.values()
            helps = {one.dest: one.help or "" for one in action._choices_actions}
            arguments.append(tuple(Choice(word, helps.get(word, "")) for word in action.choices))
        elif action.option_strings:
            takes_value = action.nargs != 0
            options.append(
                Option(
                    tuple(action.option_strings),
                    _text(action, parser),
                    takes_value,
                    _values(name, action) if takes_value else (),
                )
            )
        else:
            arguments.append(_values(name, action))
    yield Command(path, meaning, tuple(options), tuple(arguments))
    for kind in kinds:
        yield from _of(name, kind.description or "", _with_path(kind, path))


def _with_path(kind: argparse.ArgumentParser, above: tuple[str, ...]) -> argparse.ArgumentParser:
    """The parser of a kind, whose program name has the arguments before it in argparse."""
    kind.prog = " ".join(("mcproxy", *above, kind.prog.split()[-1]))
    return kind


def _text(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    """The meaning of an option in one line."""
    if action.help is None:
        return ""
    return " ".join(parser._get_formatter()._expand_help(action).split())


def _values(name: str, action: argparse.Action) -> tuple[Choice, ...] | str:
    """What the value of an option or an argument may be, as its placeholder says."""
    if action.choices is not None:
        return tuple(Choice(str(word)) for word in action.choices)
    placeholder = str(action.metavar or "").partition("[")[0]
    if placeholder == "VIEW":
        return tuple(Choice(word, view.help) for word, view in VIEWS.items())
    if placeholder == "LEVEL":
        return tuple(map(Choice, LEVELS))
    if placeholder == "KIND":
        return tuple(map(Choice, sorted(KINDS)))
    if placeholder == "IF":
        return LINKS if name in ("run", "add") else INTERFACES
    if placeholder == "NAME":
        return () if name == "add" else INSTANCES
    return _BY_PLACEHOLDER.get(placeholder, ())


_BY_PLACEHOLDER = {
    "FILE": FILES,
    "PATH": FILES,
    "INSTANCE": INSTANCES,
    "G": GROUPS,
    "GROUP": GROUPS,
    "S": SOURCES,
}
