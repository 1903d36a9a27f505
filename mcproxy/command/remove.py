"""``mcproxy remove``: an instance, or an interface from one."""

from __future__ import annotations

from collections.abc import Sequence

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when it is gone."""
    parser = client.parser("remove", "Remove from the running configuration.")
    kinds = parser.add_subparsers(metavar="WHAT", required=True, dest="kind")
    instance = kinds.add_parser("instance", help="a proxy", allow_abbrev=False)
    instance.add_argument("name", metavar="NAME")
    for role in ("upstream", "downstream"):
        link = kinds.add_parser(role, help=f"{role} of an instance", allow_abbrev=False)
        link.add_argument("interface", metavar="IF")
        link.add_argument("--from", metavar="INSTANCE", required=True, dest="name")
    for kind in kinds.choices.values():
        client.add_socket(kind)
        client.add_save(kind)
    options = parser.parse_args(arguments)
    request = {"instance": options.name, "save": options.save}
    if options.kind != "instance":
        request[options.kind] = options.interface
    return client.change(options.socket, "/remove", request)
