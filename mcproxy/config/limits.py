"""Checks of single values; each raises Wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from .errors import Wrong, shown

DEFAULT_TABLES = range(252, 256)
"""Numbers that the kernel has names for: compat, default, main and local."""

LAST_TABLE = 999_999_999
"""The kernel makes a device named ``pimreg`` and the number, and has no room for more."""

LONGEST_SOCKET_PATH = 107
"""Bytes that fit into a UNIX socket's address."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@attrs.frozen
class Limits:
    """The range of a number, both ends included."""

    low: float
    high: float

    def __call__(self, value: float | None) -> None:
        """Raise Wrong where ``value`` is outside. None is a setting without a limit."""
        if value is None:
            return
        if not self.low <= value <= self.high:  # in this form it catches nan too
            allowed = f"from {self.low} to {self.high}"
            raise Wrong(f"{shown(value)} is out of range", f"use a number {allowed}")


def check_igmp_version(version: int) -> None:
    """A version of IGMP, or none."""
    if version not in (0, 1, 2, 3):
        raise Wrong(f"there is no IGMPv{shown(version)}", "use 1, 2 or 3, or 0 for no IPv4")


def check_mld_version(version: int) -> None:
    """A version of MLD, or none."""
    if version not in (0, 1, 2):
        raise Wrong(f"there is no MLDv{shown(version)}", "use 1 or 2, or 0 for no IPv6")


def one_of(*words: str) -> Callable[[str], None]:
    """A check for one of a few words."""

    def check(word: str) -> None:
        if word not in words:
            raise Wrong(f"{shown(word)} is none of the words for this", f"use {' or '.join(words)}")

    return check


def or_word(word: str, limits: Limits) -> Callable[[float | str], None]:
    """A check for a number within ``limits``, or the word."""

    def check(value: float | str) -> None:
        if value == word:
            return
        try:
            if isinstance(value, str):
                raise Wrong(f"{shown(value)} is no number", "write digits, without quotes")
            limits(value)
        except Wrong as wrong:
            raise Wrong(wrong.message, f'{wrong.hint}, or "{word}"') from None

    return check


def check_plain_name(name: str, what: str) -> None:
    """A name for ``what``, an instance or a filter."""
    if not _PLAIN_NAME.fullmatch(name):
        raise Wrong(
            f"{what} cannot be named {shown(name)}",
            "use letters, digits and . _ - (64 at most, the first a letter or digit)",
        )


def check_table(number: int) -> None:
    """A kernel table that is not one of the system's own."""
    if number in DEFAULT_TABLES:
        raise Wrong(f"table {number} is the system's own", "use 0 for the default table")
    Limits(0, LAST_TABLE)(number)


def check_file(path: str) -> None:
    """An absolute path: the daemon may run in any directory."""
    if not path.startswith("/") or "\0" in path:
        raise Wrong(f"{shown(path)} is no absolute path", "begin it with /")


def check_socket(path: str) -> None:
    """An absolute path that fits into an address, or nothing at all."""
    if not path:
        return
    check_file(path)
    if len(path.encode()) > LONGEST_SOCKET_PATH:
        raise Wrong(
            f"{shown(path)} is too long for a socket's path",
            f"use {LONGEST_SOCKET_PATH} bytes at most",
        )


def check_mode(mode: str) -> None:
    """Permissions in octal, which let the owner in."""
    if not re.fullmatch("0?[0-7]{3}", mode):
        raise Wrong(f"{shown(mode)} is no mode", 'use octal digits, as in "0660"')
    if int(mode, 8) & 0o600 != 0o600:
        raise Wrong(f"mode {shown(mode)} keeps the daemon's own user out", 'begin it with "06"')


def check_listen(address: str) -> None:
    """A UNIX socket, or a port on loopback."""
    if address.startswith("/"):
        check_socket(address)
        return
    host, colon, port = address.rpartition(":")
    if not colon or host not in ("127.0.0.1", "[::1]"):
        raise Wrong(
            f"{shown(address)} is neither a path nor on loopback",
            "use the path of a UNIX socket, 127.0.0.1:PORT or [::1]:PORT",
        )
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536):
        raise Wrong(f"{shown(port)} is no port", "use a number from 1 to 65535")
