"""``mcproxy add``: add an instance, or an interface to an instance."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from . import client

NUMBERS = {
    "table": "the kernel's multicast routing table (default: 0, the default table)",
    "igmp-version": "1, 2 or 3 (the default), or 0 for no IPv4",
    "mld-version": "1 or 2 (the default), or 0 for no IPv6",
}
"""Keys of an instance that have an option here."""


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the daemon has applied the change."""
    options = parser().parse_args(arguments)
    return client.change(options.socket, "/add", _request(options))


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "add",
        "Add a proxy instance, or an upstream or downstream of an instance, to the running "
        "daemon. Without --save the change is lost at the next reload or restart.",
        "add instance radio --upstream eth0 --downstream 'ppp*'",
        "add downstream eth3 --to radio --save",
    )
    instance = client.add_kinds(made, "--to")["instance"]
    interfaces = {"upstream": "an upstream", "downstream": "a downstream, or a pattern"}
    for role, described in interfaces.items():
        instance.add_argument(
            f"--{role}",
            metavar="IF",
            action="append",
            default=[],
            help=f"{described}; may be repeated",
        )
    for key, described in NUMBERS.items():
        instance.add_argument(f"--{key}", metavar="N", type=int, help=described)
    return made


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
