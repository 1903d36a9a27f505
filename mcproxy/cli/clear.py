"""``mcproxy clear``: the daemon's counts begin at 0 again."""

from __future__ import annotations

from collections.abc import Sequence

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the counts are cleared."""
    parser = client.parser(
        "clear",
        'Begin the counts of "mcproxy show statistics" at 0. The kernel\'s counts of flows, and '
        'those of "mcproxy show counters", go on.',
        "clear counters",
    )
    parser.add_argument("what", metavar="WHAT", choices=["counters"], help="counters")
    options = parser.parse_args(arguments)
    request = {"what": options.what}
    return client.run(lambda: client.ask(options.socket, "POST", "/clear", request) and None)
