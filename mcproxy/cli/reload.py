"""``mcproxy reload``: the daemon reads its file again and applies it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the file is applied, or could be."""
    options = parser().parse_args(arguments)
    if options.dry_run:
        return client.run(lambda: _print_steps(options.socket))
    return client.change(options.socket, "/reload", {"dry-run": False})


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser("reload", "Read the configuration file again, and apply what differs.")
    described = (
        "print the keys that differ and the steps that a reload would carry out; change nothing"
    )
    made.add_argument("-n", "--dry-run", action="store_true", help=described)
    return made


def _print_steps(path: str) -> None:
    answer: dict[str, Any] = client.ask(path, "POST", "/reload", {"dry-run": True})
    client.print_changes(answer)
    if answer["changes"]:
        print("steps:" if answer["steps"] else "steps: none; what runs stays as it is")
    for step in answer["steps"]:
        print(f"  {step}")
