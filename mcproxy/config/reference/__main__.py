"""Write the files that are made from the schema, or tell which of them are stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .files import PROJECT, stale


def main() -> int:
    """Exit code 0 when all is written, or with --check when nothing is stale; otherwise 1."""
    parser = argparse.ArgumentParser(
        "python -m mcproxy.config.reference",
        description="Write the sample, the reference and the JSON Schema from the options.",
    )
    parser.add_argument("--check", action="store_true", help="only list the files that are stale")
    parser.add_argument("--project", type=Path, default=PROJECT, help="default: %(default)s")
    arguments = parser.parse_args()
    contents = stale(arguments.project)
    for path, content in contents.items():
        if arguments.check:
            print(f"{path}: stale; run make reference")
        else:
            path.write_text(content, encoding="utf-8")
            print(f"{path}: written")
    return 1 if arguments.check and contents else 0


if __name__ == "__main__":
    sys.exit(main())
