"""``mcproxy add``: an instance, or an interface to one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from . import client

NUMBERS = ("table", "igmp-version", "mld-version")


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when it is in force."""
    parser = client.parser("add", "Add to the running configuration.")
    kinds = parser.add_subparsers(metavar="WHAT", required=True, dest="kind")
    instance = kinds.add_parser("instance", help="a proxy", allow_abbrev=False)
    instance.add_argument("name", metavar="NAME")
    for role in ("upstream", "downstream"):
        told = "a name or a pattern" if role == "downstream" else "a name"
        instance.add_argument(
            f"--{role}", metavar="IF", action="append", default=[], help=f"{told}; may be repeated"
        )
    for key in NUMBERS:
        instance.add_argument(f"--{key}", metavar="N", type=int)
    for role in ("upstream", "downstream"):
        link = kinds.add_parser(role, help=f"{role} of an instance", allow_abbrev=False)
        link.add_argument("interface", metavar="IF")
        link.add_argument("--to", metavar="INSTANCE", required=True)
    for kind in kinds.choices.values():
        client.add_socket(kind)
        client.add_save(kind)
    options = parser.parse_args(arguments)
    return client.change(options.socket, "/add", _request(options))


def _request(options: argparse.Namespace) -> dict[str, Any]:
    if options.kind != "instance":
        request = {"instance": options.to, options.kind: options.interface}
        return request | {"save": options.save}
    table: dict[str, Any] = {"upstream": options.upstream, "downstream": options.downstream}
    for key in NUMBERS:
        number = getattr(options, key.replace("-", "_"))
        if number is not None:
            table[key] = number
    return {"instance": options.name, "table": table, "save": options.save}
