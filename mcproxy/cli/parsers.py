"""The frame of a subcommand's help text: description, examples, exit codes."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from textwrap import fill
from typing import Any

from .. import exit_codes

_WIDTH = 78


def make_parser(
    name: str, description: str, examples: Iterable[str] = ()
) -> argparse.ArgumentParser:
    """A parser for ``mcproxy NAME``. Examples are command lines, without "mcproxy"."""
    return argparse.ArgumentParser(f"mcproxy {name}", **frame(description, examples))


def frame(description: str, examples: Iterable[str] = ()) -> dict[str, Any]:
    """What all parsers have in common, also those of a subcommand's first argument."""
    return {
        "description": "\n\n".join(fill(part, _WIDTH) for part in description.split("\n\n")),
        "epilog": f"{_shown(examples)}exit codes:\n{exit_codes.as_text()}",
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }


def _shown(examples: Iterable[str]) -> str:
    lines = [f"  mcproxy {example}\n" for example in examples]
    return f"{'examples' if len(lines) > 1 else 'example'}:\n{''.join(lines)}\n" if lines else ""
