"""``mcproxy remove``: an instance, or an interface from one."""

from __future__ import annotations

from collections.abc import Sequence

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when it is gone."""
    parser = client.parser("remove", "Remove from the running configuration.")
    client.add_kinds(parser, "--from")
    options = parser.parse_args(arguments)
    request = {"instance": options.name, "save": options.save}
    if options.kind != "instance":
        request[options.kind] = options.interface
    return client.change(options.socket, "/remove", request)
