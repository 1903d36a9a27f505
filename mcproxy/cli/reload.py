"""``mcproxy reload``: the daemon reads its file again, and does what is different."""

from __future__ import annotations

from collections.abc import Sequence

from . import client


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the file is in force."""
    parser = client.parser("reload", "Read the configuration file again; do what is different.")
    told = "only print what is different"
    parser.add_argument("-n", "--dry-run", action="store_true", help=told)
    options = parser.parse_args(arguments)
    return client.change(options.socket, "/reload", {"dry-run": options.dry_run})
