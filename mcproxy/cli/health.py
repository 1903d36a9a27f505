"""``mcproxy health``: whether the daemon does its work."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from ..exit_codes import DONE, NO
from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if the daemon is healthy, 1 if it has a problem."""
    options = parser().parse_args(arguments)
    query = urlencode([("instance", name) for name in options.instance or ()], safe="/")
    codes = []

    def ask() -> None:
        answer = _ask(options.socket, f"/health?{query}" if query else "/health")
        if options.json:
            print(json.dumps(answer, indent=2, ensure_ascii=False))
        else:
            print("\n".join(lines(answer)))
        codes.append(DONE if answer["healthy"] else NO)

    failed = client.run(ask)
    return codes[0] if codes else failed


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "health",
        "Say whether the daemon does its work, and if not, why. The exit code is 1 if hosts do not"
        " get what they ask for: for monitoring, and for scripts of a redundant pair.",
        "health",
        "health --instance iptv --json",
    )
    described = "this instance only; may be repeated"
    made.add_argument("--instance", metavar="NAME", action="append", help=described)
    made.add_argument("-j", "--json", action="store_true", help="print the answer as JSON")
    return made


def _ask(socket: str, target: str) -> dict[str, Any]:
    """The answer, also of a daemon with a problem; FailureError."""
    try:
        answer: dict[str, Any] = client.ask(socket, "GET", target)
    except client.FailureError as failure:
        if "healthy" not in failure.answer:
            raise
        answer = failure.answer
    return answer


def lines(answer: dict[str, Any]) -> Iterator[str]:
    """The answer for a reader."""
    yield "healthy" if answer["healthy"] else "not healthy"
    for kind in ("problems", "warnings"):
        if answer[kind]:
            yield f"{kind}:"
        for row in answer[kind]:
            where = f"{row['instance']}: " if row["instance"] else ""
            yield f"  {where}{row['text']}"
