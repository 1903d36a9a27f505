"""``mcproxy convert``: convert a configuration of another program to TOML."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..config.errors import ConfigurationError
from ..config.files import read
from ..config.foreign.draft import NATIVE, Reading
from ..config.native.text import toml_text
from ..exit_codes import DONE, NO
from .parsers import make_parser


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 with the TOML file on standard output; 1 if the old file has mistakes."""
    parser = make_parser(
        "convert",
        "Convert a configuration of mcproxy 1.1 or igmpproxy to mcproxy's own format, TOML, and "
        "print it. Comments at its top say what has no counterpart.",
        ["convert /etc/igmpproxy.conf > mcproxy.toml"],
    )
    parser.add_argument("file", metavar="FILE", help="the old configuration file")
    path = parser.parse_args(arguments).file
    try:
        reading = read(path)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return NO
    if reading.language == NATIVE:
        print(f"{path}: already in mcproxy's own format; nothing to convert", file=sys.stderr)
        return NO
    print(converted(reading, os.path.basename(path)), end="")
    return DONE


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
