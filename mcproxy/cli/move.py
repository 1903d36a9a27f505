"""``mcproxy move``: a downstream changes its instance."""

from __future__ import annotations

from collections.abc import Sequence

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when it is moved."""
    parser = client.parser("move", "Move a downstream, and what its hosts want, to an instance.")
    client.add_save(parser)
    parser.add_argument("interface", metavar="IF")
    parser.add_argument("--to", metavar="INSTANCE", required=True)
    options = parser.parse_args(arguments)
    request = {"interface": options.interface, "to": options.to, "save": options.save}
    return client.change(options.socket, "/move", request)
