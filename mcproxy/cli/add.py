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
    instance = client.add_kinds(parser, "--to")["instance"]
    for role in ("upstream", "downstream"):
        told = "a name or a pattern" if role == "downstream" else "a name"
        instance.add_argument(
            f"--{role}", metavar="IF", action="append", default=[], help=f"{told}; may be repeated"
        )
    for key in NUMBERS:
        instance.add_argument(f"--{key}", metavar="N", type=int)
    options = parser.parse_args(arguments)
    return client.change(options.socket, "/add", _request(options))


def _request(options: argparse.Namespace) -> dict[str, Any]:
    if options.kind != "instance":
        request = {"instance": options.name, options.kind: options.interface}
        return request | {"save": options.save}
    table: dict[str, Any] = {"upstream": options.upstream, "downstream": options.downstream}
    for key in NUMBERS:
        number = getattr(options, key.replace("-", "_"))
        if number is not None:
            table[key] = number
    return {"instance": options.name, "table": table, "save": options.save}
