"""The ``mcproxy`` program: a module for each subcommand, imported when the subcommand runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import Any

from .. import __version__, exit_codes
from ..exit_codes import DONE, NO, WRONG_USE
from .late_imports import late_imports

SUBCOMMANDS = {
    "run": "run the daemon in the foreground",
    "check": "check a configuration file and list its mistakes",
    "convert": "convert a configuration of mcproxy 1.1 or igmpproxy",
    "demo": "run the proxy in a network of its own and show what it forwards",
    "show": "show the daemon's state: status, interfaces, groups, hosts ...",
    "health": "say whether the daemon does its work, and if not, why",
    "clear": "begin the daemon's counts at 0 again",
    "explain": "say why a stream does or does not reach a link, and what to do",
    "doctor": "find what keeps multicast from flowing here, with the cure",
    "monitor": "follow what happens in the daemon: joins, queries, reports ...",
    "top": "show the flows by rate, and joins, zaps and refusals a second, live",
    "log-level": "show or set which events the running daemon writes to its log",
    "reload": "apply the changes in the configuration file to the running daemon",
    "restart": "restart the daemon without interrupting a stream",
    "add": "add an instance, an upstream or a downstream to the daemon",
    "remove": "remove an instance, an upstream or a downstream from the daemon",
    "move": "move a downstream to another instance",
    "shell": "open the Python shell in the running daemon, with ssh",
    "completion": "print the script by which bash, zsh or fish complete command lines",
}

SHORT_FORMS = {"sh": "show"}
"""What an abbreviation means that is the beginning of several subcommands, or may become it."""

_HELP = """\
usage: mcproxy SUBCOMMAND [OPTIONS]

An IGMP/MLD proxy: forwards multicast from an upstream link to the downstream
links whose hosts have joined.

subcommands:
{subcommands}

exit codes:
{exit_codes}

A subcommand may be abbreviated: "mcproxy sh int" is "mcproxy show interfaces".
"mcproxy SUBCOMMAND --help" and "mcproxy help SUBCOMMAND" describe a subcommand.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that ``arguments`` or else the command line name; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["help"] and len(words) > 1:
        words = [words[1], "--help"]
    first = words[0] if words else ""
    if first in ("--help", "-h", "help"):
        print(_help(), end="")
        return DONE
    if first in ("--version", "version"):
        print(f"mcproxy {__version__}")
        return DONE
    try:
        name = _subcommand(first)
    except ValueError as error:
        print(f"mcproxy: {error}\n\n{_help()}", end="", file=sys.stderr)
        return WRONG_USE
    try:
        return int(_module(name).main(words[1:]))
    except SystemExit as exiting:  # the subcommand has printed the reason
        return exiting.code if isinstance(exiting.code, int) else DONE
    except KeyboardInterrupt:
        return NO


def _module(subcommand: str) -> Any:
    # Only the daemon runs for long enough that its memory matters.
    with late_imports() if subcommand == "run" else nullcontext():
        return import_module(f".{subcommand.replace('-', '_')}", __name__)


def _subcommand(word: str) -> str:
    """The subcommand that ``word`` is, or is the beginning of; ValueError."""
    from .words import resolve

    if not word:
        raise ValueError("missing subcommand")
    return resolve(SHORT_FORMS.get(word, word), SUBCOMMANDS, "subcommand")


def _help() -> str:
    lines = (f"  {name:<10} {what}" for name, what in SUBCOMMANDS.items())
    return _HELP.format(subcommands="\n".join(lines), exit_codes=exit_codes.as_text())
