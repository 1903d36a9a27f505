"""``mcproxy log-level``: which events the running daemon writes to its log."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from . import client

_LEVELS = ("debug", "info", "warn", "error")


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 once the levels are printed."""
    made = parser()
    options = made.parse_args(arguments)
    names = ("level", "instance", "interface", "group")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    if given and "level" not in given:
        made.error("a part of the daemon is named, but no level; write the level first")

    def act() -> None:
        method, body = ("POST", given) if given else ("GET", None)
        print(text(client.ask(options.socket, method, "/log-level", body)), end="")

    return client.run(act)


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = client.parser(
        "log-level",
        "Show or set the least level of the events in the running daemon's log. With options, "
        "the level is that of one part of the daemon; without any, it is that of all parts. A "
        "restart sets the level that the daemon was started with.",
        "log-level",
        "log-level debug",
        "log-level debug --interface br-lan --group 239.1.0.0/16",
        "log-level info",
    )
    made.add_argument("level", metavar="LEVEL", nargs="?", choices=_LEVELS, help=_described())
    for option, takes in (("instance", "NAME"), ("interface", "IF"), ("group", "G[/LENGTH]")):
        made.add_argument(f"--{option}", metavar=takes, help=f"for this {option} only")
    return made


def text(levels: dict[str, Any]) -> str:
    """A line for the general level, and one for each part with a level of its own."""
    lines = [f"{levels['level']}\n"]
    for part in levels["parts"]:
        names = ("instance", "interface", "group")
        where = ", ".join(f"{name} {part[name]}" for name in names if name in part)
        lines.append(f"{part['level']} for {where}\n")
    return "".join(lines)


def _described() -> str:
    return f"{', '.join(_LEVELS[:-1])} or {_LEVELS[-1]}"
