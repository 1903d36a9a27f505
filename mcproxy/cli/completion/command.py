"""The command line of ``mcproxy completion``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ...config.paths import CONTROL_SOCKET
from ...exit_codes import DONE
from ..parsers import make_parser

SHELLS = ("bash", "zsh", "fish")


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 with the script, or with names of the running daemon."""
    made = parser()
    options = made.parse_args(arguments)
    if options.names is not None:
        from .names import print_names

        print_names(options.names, options.socket)
        return DONE
    if options.shell is None:
        made.error("name the shell: bash, zsh or fish")
    from .scripts import script

    sys.stdout.write(script(options.shell))
    return DONE


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = make_parser(
        "completion",
        "Print a script that lets the shell complete command lines of mcproxy: subcommands, "
        "options and their values, and the instances, interfaces and groups of the running "
        "daemon.",
        (
            "completion bash > /etc/bash_completion.d/mcproxy",
            "completion zsh > /usr/local/share/zsh/site-functions/_mcproxy",
            "completion fish > /etc/fish/completions/mcproxy.fish",
        ),
    )
    made.add_argument("shell", metavar="SHELL", nargs="?", choices=SHELLS, help=", ".join(SHELLS))
    # What the scripts ask for.
    made.add_argument("--names", metavar="KIND", help=argparse.SUPPRESS)
    made.add_argument("--socket", metavar="PATH", default=CONTROL_SOCKET, help=argparse.SUPPRESS)
    return made
