"""``mcproxy show``: the running daemon's state, as tables or as JSON."""

from .command import main, parser

__all__ = ("main", "parser")
