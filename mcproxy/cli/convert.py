"""``mcproxy convert``: a configuration of another program as a native one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import tomli_w

from ..config.errors import ConfigurationError
from ..config.files import NATIVE, read
from ..config.foreign.draft import Reading
from ..exit_codes import DONE, NO


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 with the native file on standard output; 1 if the file has mistakes."""
    parser = argparse.ArgumentParser(
        "mcproxy convert",
        description="Write a configuration of mcproxy 1.1 or igmpproxy as a native one.",
    )
    parser.add_argument("file", metavar="FILE", help="the old configuration")
    path = parser.parse_args(arguments).file
    try:
        reading = read(path)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return NO
    if reading.language == NATIVE:
        print(f"{path}: it is a native file already", file=sys.stderr)
        return NO
    print(converted(reading, os.path.basename(path)), end="")
    return DONE


def converted(reading: Reading, name: str) -> str:
    """The native file for ``reading``, which came from a file of this ``name``."""
    # The name is the user's, and a comment is one line.
    shown = name if name.isprintable() else ascii(name)
    head = [f"This is {shown} of {reading.language}, converted by mcproxy convert."]
    if reading.off is not None:
        head += ["", f"It was switched off there ({reading.off}); this file is not."]
    if reading.notes:
        head += ["", "What is otherwise here, or has no counterpart:", *reading.notes]
    comments = "".join(f"# {line}".rstrip() + "\n" for line in head)
    return f"{comments}\n{tomli_w.dumps(reading.document)}"
