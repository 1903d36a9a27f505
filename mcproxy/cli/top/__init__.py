"""``mcproxy top``: the flows by their rate, and what happens each second, as a live view."""

from .command import main, parser

__all__ = ("main", "parser")
