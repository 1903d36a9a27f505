"""``mcproxy convert``: convert a configuration of another program to TOML."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ..config.errors import ConfigurationError
from ..config.foreign.draft import NATIVE, Reading
from ..config.native.text import toml_text
from ..exit_codes import DONE, NO
from .input_file import add_file, read_file
from .parsers import make_parser


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 with the TOML file on standard output; 1 if the old file has mistakes."""
    path = parser().parse_args(arguments).file
    try:
        name, reading = read_file(path)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return NO
    if reading.language == NATIVE:
        print(f"{name}: already in mcproxy's own format; nothing to convert", file=sys.stderr)
        return NO
    print(converted(reading, os.path.basename(name)), end="")
    return DONE


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = make_parser(
        "convert",
        "Convert a configuration of mcproxy 1.1 or igmpproxy to mcproxy's own format, TOML, and "
        "print it. Comments at its top say what has no counterpart.",
        ["convert /etc/igmpproxy.conf > mcproxy.toml"],
    )
    add_file(made, "the old configuration file")
    return made


def converted(reading: Reading, name: str) -> str:
    """The TOML file for ``reading``, which was read from a file called ``name``."""
    # The name is the user's, and a comment is one line.
    shown = name if name.isprintable() else ascii(name)
    head = [f"Converted from {shown} ({reading.language}) by mcproxy convert."]
    if reading.disabled_at is not None:
        head += ["", f"The original was disabled ({reading.disabled_at}); this file is enabled."]
    if reading.notes:
        head += ["", "Differences from the original:", *reading.notes]
    comments = "".join(f"# {line}".rstrip() + "\n" for line in head)
    return f"{comments}\n{toml_text(reading.document, reading.comments)}"
