"""``mcproxy show``: the running daemon's state, as tables or as JSON."""

from .command import main

__all__ = ("main",)
