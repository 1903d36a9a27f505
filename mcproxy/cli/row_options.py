"""Options that select rows or events: of a family, an instance, an interface, a group."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from urllib.parse import urlencode

FILTERS = {
    "--instance": "NAME",
    "--interface": "IF",
    "--group": "G[/LENGTH]",
    "--source": "S[/LENGTH]",
}
"""Options with what each takes; they may be repeated."""


def add_filters(to: argparse.ArgumentParser, of: str) -> None:
    """The options; ``of`` names what they select, as "rows"."""
    for number in "46":
        to.add_argument(
            f"-{number}",
            dest="family",
            action="append_const",
            const=number,
            help=f"IPv{number} only",
        )
    for option, takes in FILTERS.items():
        described = f"{of} of this {option.strip('-')} only; may be repeated"
        to.add_argument(option, metavar=takes, action="append", help=described)


def query(options: argparse.Namespace, *more: tuple[str, Iterable[str]]) -> str:
    """The query string for the options that were given, and for ``more`` keys and values."""
    own = ("family", *(option.strip("-") for option in FILTERS))
    found = [*((key, getattr(options, key) or ()) for key in own), *more]
    pairs = [(key, value) for key, values in found for value in values]
    return f"?{urlencode(pairs, safe='/:*')}" if pairs else ""
