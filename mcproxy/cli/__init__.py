"""The ``mcproxy`` program: a module for each subcommand, imported when the subcommand runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from .. import __version__, exit_codes
from ..exit_codes import DONE, NO, WRONG_USE

SUBCOMMANDS = {
    "run": "run the daemon in the foreground",
    "check": "check a configuration file and list its mistakes",
    "convert": "convert a configuration of mcproxy 1.1 or igmpproxy",
    "demo": "run the proxy in a small network of its own and show what it forwards",
    "show": "show the daemon's status, interfaces, groups, routes, counters or configuration",
    "doctor": "find what keeps multicast from flowing on this machine, with the cure",
    "reload": "apply the changes in the configuration file to the running daemon",
    "restart": "restart the daemon without interrupting a stream",
    "add": "add an instance, an upstream or a downstream to the running daemon",
    "remove": "remove an instance, an upstream or a downstream from the running daemon",
    "move": "move a downstream to another instance",
}

_HELP = """\
usage: mcproxy SUBCOMMAND [OPTIONS]

An IGMP/MLD proxy: forwards multicast from an upstream link to the downstream
links whose hosts have joined.

subcommands:
{subcommands}

exit codes:
{exit_codes}

"mcproxy SUBCOMMAND --help" describes a subcommand.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that ``arguments`` or else the command line name; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    first = words[0] if words else ""
    if first in ("--help", "-h", "help"):
        print(_help(), end="")
        return DONE
    if first in ("--version", "version"):
        print(f"mcproxy {__version__}")
        return DONE
    if first not in SUBCOMMANDS:
        print(f"mcproxy: {_no_subcommand(first)}\n\n{_help()}", end="", file=sys.stderr)
        return WRONG_USE
    try:
        return int(import_module(f".{first}", __name__).main(words[1:]))
    except SystemExit as exiting:  # the subcommand has printed the reason
        return exiting.code if isinstance(exiting.code, int) else DONE
    except KeyboardInterrupt:
        return NO


def _no_subcommand(word: str) -> str:
    if not word:
        return "missing subcommand"
    from difflib import get_close_matches

    near = get_close_matches(word, SUBCOMMANDS, 1)
    return f'unknown subcommand "{word}"' + (f"; did you mean {near[0]}?" if near else "")


def _help() -> str:
    lines = (f"  {name:<8} {what}" for name, what in SUBCOMMANDS.items())
    return _HELP.format(subcommands="\n".join(lines), exit_codes=exit_codes.as_text())
