"""``mcproxy remove``: remove an instance, or an interface from an instance."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the daemon has applied the change."""
    options = parser().parse_args(arguments)
    request = {"instance": options.name, "save": options.save}
    if options.kind != "instance":
        request[options.kind] = options.interface
    return client.change(options.socket, "/remove", request)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "remove",
        "Remove a proxy instance, or an upstream or downstream of an instance, from the running "
        "daemon. Without --save the change is lost at the next reload or restart.",
        "remove downstream eth3 --from radio",
        "remove instance radio --save",
    )
    client.add_kinds(made, "--from")
    return made
