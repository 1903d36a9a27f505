"""Names of interfaces, and patterns that match several of them."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from fnmatch import fnmatchcase

from .errors import Wrong, shown

LONGEST_NAME = 15
"""Bytes of an interface name (IFNAMSIZ without the final zero)."""

LONGEST_PATTERN = 64
"""Characters of a pattern, which limits the cost of a comparison of two."""

LOOPBACK = "lo"
"""No pattern matches it, because no hosts are there."""

_TOKEN = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)


EXCEPT = "!"
"""Before a name or pattern in a list: the patterns of the list do not match it."""


def split_exceptions(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names and patterns of a list, and those that its patterns do not match."""
    listed = tuple(names)
    included = tuple(name for name in listed if not name.startswith(EXCEPT))
    excepted = tuple(name.removeprefix(EXCEPT) for name in listed if name.startswith(EXCEPT))
    return included, excepted


def any_matches(name: str, patterns: Iterable[str], exceptions: Iterable[str]) -> bool:
    """Whether one of ``patterns`` matches the interface, and none of ``exceptions``."""
    return any(matches(name, pattern) for pattern in patterns if is_pattern(pattern)) and not any(
        name == other or matches(name, other) for other in exceptions
    )


def is_pattern(name: str) -> bool:
    """Whether ``name`` has ``*``, ``?`` or ``[...]``."""
    return not {"*", "?", "["}.isdisjoint(name)


def matches(name: str, pattern: str) -> bool:
    """Whether ``pattern`` matches the interface ``name``."""
    return name != LOOPBACK and fnmatchcase(name, pattern)


def check_name(name: str) -> None:
    """Raise Wrong unless an interface can have this name."""
    _check_characters(name)
    if is_pattern(name):
        raise Wrong(f"{shown(name)} is a pattern", "write the name of one interface")
    if name in (".", ".."):
        raise Wrong(f"no interface can be named {shown(name)}")
    length = len(name.encode())
    if length > LONGEST_NAME:
        raise Wrong(
            f"no interface can be named {shown(name)}: it has {length} bytes",
            f"names have {LONGEST_NAME} at most",
        )


def check_name_or_pattern(name: str) -> None:
    """Raise Wrong unless this is the name of an interface or a pattern."""
    if not is_pattern(name):
        check_name(name)
        return
    _check_characters(name)
    if len(name) > LONGEST_PATTERN:
        raise Wrong(
            f"{shown(name)} is too long for a pattern", f"use {LONGEST_PATTERN} characters at most"
        )
    parts = _tokens(name)
    if "[" in parts:
        raise Wrong(f"{shown(name)} has a '[' without a ']'", "write sets such as eth[0-3]")
    if sum(part != "*" for part in parts) > LONGEST_NAME:
        raise Wrong(
            f"no interface can have a name that matches {shown(name)}",
            f"names have {LONGEST_NAME} bytes at most",
        )


def _check_characters(name: str) -> None:
    if not name:
        raise Wrong("an interface name is empty", "write the name as `ip link` shows it")
    bad = next((c for c in name if c in "/:" or c.isspace() or not c.isprintable()), None)
    if bad is not None:
        label = f"'{bad}'" if bad in "/:" else "a space" if bad == " " else "a control character"
        raise Wrong(
            f"no interface can be named {shown(name)}: it contains {label}",
            "write the name as `ip link` shows it",
        )


def overlap(first: str, second: str) -> bool:
    """Whether one interface can match both, each a name or a pattern."""
    if not is_pattern(first) and not is_pattern(second):
        return first == second
    if LOOPBACK in (first, second):
        return False
    return _have_common(_tokens(first), _tokens(second))


def _tokens(pattern: str) -> list[str]:
    """The parts of a pattern: each matches one character, or is ``*``."""
    return _TOKEN.findall(re.sub(r"\*+", "*", pattern))


def _have_common(first: list[str], second: list[str]) -> bool:
    """Whether a text matches both, found from the ends of the two to their beginnings.

    ``possible[j]`` is the answer for the rest of ``first`` from ``i`` and ``second[j:]``.
    """
    possible: list[bool] = []
    for i in range(len(first), -1, -1):
        after, possible = possible, [False] * (len(second) + 1)
        for j in range(len(second), -1, -1):
            left, right = first[i : i + 1], second[j : j + 1]
            if not left and not right:
                possible[j] = True
            elif left == ["*"]:
                possible[j] = after[j] or (bool(right) and possible[j + 1])
            elif right == ["*"]:
                possible[j] = possible[j + 1] or (bool(left) and after[j])
            elif left and right:
                possible[j] = after[j + 1] and _share_character(left[0], right[0])
    return possible[0]


def _share_character(first: str, second: str) -> bool:
    candidates = string.ascii_letters + string.digits + string.punctuation + first + second
    return any(fnmatchcase(c, first) and fnmatchcase(c, second) for c in candidates)
