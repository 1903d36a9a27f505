"""The ``mcproxy`` program: a module for each subcommand, imported when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from ..exit_codes import DONE, NO, WRONG_USE

SUBCOMMANDS = {
    "run": "the daemon, in the foreground",
    "check": "say what is wrong in a configuration file",
    "convert": "write a configuration of mcproxy 1.1 or igmpproxy as a native one",
    "demo": "a network in namespaces, with the proxy at work in it",
    "show": "what the running daemon does: status, interfaces, groups, routes, counters, config",
    "reload": "have the daemon read its file again",
    "restart": "have the daemon's program start anew, with no stream interrupted",
    "add": "add an instance, or an upstream or downstream of one",
    "remove": "remove an instance, or an upstream or downstream of one",
    "move": "move a downstream to another instance",
}

_HELP = """\
usage: mcproxy SUBCOMMAND [OPTIONS]

An IGMP/MLD proxy: multicast from an upstream link to the links that ask for it.

{subcommands}

"mcproxy SUBCOMMAND --help" tells more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that ``arguments`` (else the command line) name; its exit code."""
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
    except SystemExit as exiting:  # its reason was told
        return exiting.code if isinstance(exiting.code, int) else DONE
    except KeyboardInterrupt:
        return NO


def _no_subcommand(word: str) -> str:
    if not word:
        return "a subcommand is missing"
    from difflib import get_close_matches

    near = get_close_matches(word, SUBCOMMANDS, 1)
    return f'there is no "{word}"' + (f"; did you mean {near[0]}?" if near else "")


def _help() -> str:
    lines = (f"  {name:<8} {what}" for name, what in SUBCOMMANDS.items())
    return _HELP.format(subcommands="\n".join(lines))
