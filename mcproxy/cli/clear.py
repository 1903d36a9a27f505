"""``mcproxy clear``: the daemon's counts begin at 0 again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the counts are cleared."""
    options = parser().parse_args(arguments)
    request = {"what": options.what}
    return client.run(lambda: client.ask(options.socket, "POST", "/clear", request) and None)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "clear",
        'Begin the counts of "mcproxy show statistics" at 0. The kernel\'s counts of flows, and '
        'those of "mcproxy show counters", go on.',
        "clear counters",
    )
    made.add_argument("what", metavar="WHAT", choices=["counters"], help="counters")
    return made
