"""``mcproxy completion``: a script for the shell that completes command lines of mcproxy.

The script is made from the parsers of the subcommands. It asks this program for names that only
the running daemon knows.
"""

from .command import main, parser

__all__ = ("main", "parser")
