"""Checks of single values; each raises Wrong."""

from __future__ import annotations

import re
from ipaddress import ip_address

from ..errors import Wrong, shown

DEFAULT_TABLES = range(252, 256)
"""Numbers that the kernel has names for: compat, default, main and local."""

LAST_TABLE = 999_999_999
"""The kernel makes a device named ``pimreg`` and the number, and has no room for more."""

LONGEST_SOCKET_PATH = 107
"""Bytes that fit into a UNIX socket's address."""

LONGEST_HOST_NAME = 253

HOST_NAME = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*"

PLAIN_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def check_range(value: float, low: float, high: float) -> None:
    """A number from ``low`` to ``high``."""
    if not low <= value <= high:  # in this form it catches nan too
        raise Wrong(
            f"{shown(value)} is out of range", f"use a number from {shown(low)} to {shown(high)}"
        )


def check_plain_name(name: str, what: str) -> None:
    """A name for ``what``, an instance or a filter."""
    if not re.fullmatch(PLAIN_NAME, name):
        raise Wrong(
            f"{what} cannot be named {shown(name)}",
            "use at most 64 letters, digits and . _ -, beginning with a letter or digit",
        )


def check_table(number: int) -> None:
    """A kernel table that is not one of the system's own."""
    if number in DEFAULT_TABLES:
        raise Wrong(f"table {number} belongs to the system", "use 0 for the default table")


def check_file(path: str) -> None:
    """An absolute path: the daemon may run in any directory."""
    if not path.startswith("/") or "\0" in path:
        raise Wrong(f"{shown(path)} is not an absolute path", "start it with /")


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
        raise Wrong(f"{shown(mode)} is not a file mode", 'use octal digits, as in "0660"')
    if int(mode, 8) & 0o600 != 0o600:
        raise Wrong(f"mode {shown(mode)} locks out the daemon's own user", 'start it with "06"')


def check_listen(address: str) -> None:
    """A UNIX socket, or a port on loopback."""
    if address.startswith("/"):
        check_socket(address)
        return
    host, colon, port = address.rpartition(":")
    if not colon or host not in ("127.0.0.1", "[::1]"):
        raise Wrong(
            f"{shown(address)} is neither a path nor a loopback address",
            "use the path of a UNIX socket, 127.0.0.1:PORT or [::1]:PORT",
        )
    _check_port(port)


def check_tcp_address(text: str) -> None:
    """An IP address with a port; an IPv6 address is in brackets."""
    host, _, port = text.rpartition(":")
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        address = None
    is_bracketed = host.startswith("[") and host.endswith("]")
    if address is None or address.is_multicast or is_bracketed != (address.version == 6):
        raise Wrong(
            f"{shown(text)} is not an IP address with a port",
            "use ADDRESS:PORT or [ADDRESS]:PORT, as in 127.0.0.1:9464 or [::1]:9464",
        )
    if address.version == 6 and address.is_link_local and not address.scope_id:
        raise Wrong(
            f"{shown(text)} is link-local, and each interface can have it",
            f"name the interface too, as in [{address}%eth0]:{port}",
        )
    _check_port(port)


def check_host_name(name: str) -> None:
    """A name as in a URL, without a port."""
    if len(name) > LONGEST_HOST_NAME or not re.fullmatch(HOST_NAME, name):
        raise Wrong(f"{shown(name)} is not a host name", "write a name such as router.example")


def _check_port(port: str) -> None:
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536):
        raise Wrong(f"{shown(port)} is not a port", "use a number from 1 to 65535")
