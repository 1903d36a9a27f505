"""``mcproxy move``: move a downstream to another instance."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the daemon has applied the change."""
    options = parser().parse_args(arguments)
    request = {"interface": options.interface, "to": options.to, "save": options.save}
    return client.change(options.socket, "/move", request)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "move",
        "Move a downstream with the memberships of its hosts to another instance. Without --save "
        "the change is lost at the next reload or restart.",
        "move eth3 --to radio",
    )
    client.add_save(made)
    made.add_argument("interface", metavar="IF", help="the downstream's name, or its pattern")
    made.add_argument("--to", metavar="INSTANCE", required=True, help="the new instance's name")
    return made
