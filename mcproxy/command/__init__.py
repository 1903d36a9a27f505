"""The ``mcproxy`` program: a module for each subcommand, imported when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from .. import __version__

DONE, NO, WRONG_USE, NO_DAEMON, NOT_PERMITTED = range(5)
"""Exit codes of all subcommands."""

SUBCOMMANDS = {
    "run": "the daemon, in the foreground",
    "check": "say what is wrong in a configuration file",
    "demo": "a network in namespaces, with the proxy at work in it",
}

_HELP = """usage: mcproxy SUBCOMMAND [OPTIONS]

An IGMP/MLD proxy: multicast from an upstream link to the links that ask for it.

{subcommands}

"mcproxy SUBCOMMAND --help" tells more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subcommand that ``arguments`` (else the command line) name; its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] in (["--help"], ["-h"], ["help"]):
        sys.stdout.write(_help())
        return DONE
    if words[:1] in (["--version"], ["version"]):
        sys.stdout.write(f"mcproxy {__version__}\n")
        return DONE
    if not words or words[0] not in SUBCOMMANDS:
        what = f'there is no subcommand "{words[0]}"' if words else "a subcommand is missing"
        sys.stderr.write(f"mcproxy: {what}\n\n{_help()}")
        return WRONG_USE
    try:
        return int(import_module(f".{words[0]}", __name__).main(words[1:]))
    except SystemExit as exiting:  # argparse has said what is wrong
        return exiting.code if isinstance(exiting.code, int) else WRONG_USE


def _help() -> str:
    lines = (f"  {name:<8} {what}" for name, what in SUBCOMMANDS.items())
    return _HELP.format(subcommands="\n".join(lines))
