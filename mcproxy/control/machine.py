"""What the services beside the proxy need of this machine, looked at before a start.

Nothing is made or opened for writing. ``mcproxy check`` tells what is found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from ..config.errors import Mistake
from ..config.model import Configuration, ControlConfig, ManholeConfig
from .unix_socket import check_place, group_number


class Found(NamedTuple):
    """Something that is wrong; ``refuses`` if the daemon does not start with it."""

    mistake: Mistake
    refuses: bool


_Reason = tuple[str, str, bool]
"""The key, what is wrong with the cure, and whether the daemon refuses to start."""


def look(configuration: Configuration) -> Iterator[Found]:
    """What the daemon would refuse or miss on this machine, for its services."""
    services: list[tuple[str, Iterator[_Reason]]] = []
    if configuration.control is not None:
        services.append(("control", _control(configuration.control)))
    if configuration.http is not None:
        services.append(("http", _http()))
    if configuration.manhole is not None:
        services.append(("manhole", _manhole(configuration.manhole)))
    for table, reasons in services:
        for key, text, refuses in reasons:
            where = (table, key) if key else (table,)
            yield Found(configuration.origin.mistake(where, text, ""), refuses)


def _control(config: ControlConfig) -> Iterator[_Reason]:
    if config.group:
        try:
            group_number(config.group)
        except FileNotFoundError as error:
            yield "group", f"{error.strerror}; create it, or name another group", True
    if config.socket:
        yield from _socket("socket", config.socket)


def _http() -> Iterator[_Reason]:
    from .metrics.library import is_there, what_is_missing

    if not is_there():
        yield "", what_is_missing(), False


def _manhole(config: ManholeConfig) -> Iterator[_Reason]:
    if config.listen.startswith("/"):
        yield from _socket("listen", config.listen)
    try:
        from .ssh_keys import accepted_keys, check_folder, existing_host_key
    except ImportError as error:
        yield "", f"{NEEDS_PACKAGES} ({error}); {how_to_install()}", True
        return
    reasons: list[str] = []
    try:
        keys = accepted_keys(config.authorized_keys, reasons.append)
        for reason in reasons:
            yield "authorized-keys", reason, False
        if not keys:
            text = f"{config.authorized_keys} has no key that is accepted; nobody can log in"
            yield "authorized-keys", text, False
    except ValueError as error:
        yield "authorized-keys", str(error), True
    except OSError as error:
        text = f"cannot read {config.authorized_keys}: {error.strerror}; nobody can log in"
        yield "authorized-keys", text, False
    try:
        if os.path.exists(config.host_key):
            existing_host_key(config.host_key)
        else:
            check_folder(config.host_key)
    except ValueError as error:
        yield "host-key", str(error), True
    except FileNotFoundError as error:
        # A service manager may make the folder (StateDirectory=) at the start.
        yield "host-key", str(error), False
    except OSError as error:
        yield "host-key", f"cannot read {config.host_key}: {error.strerror}", False


NEEDS_PACKAGES = "the manhole needs Python packages that are missing"


def how_to_install() -> str:
    """The cure for packages that are missing."""
    return (
        f"install them with {sys.executable} -m pip install 'twisted[conch]', or remove the table"
        " [manhole]"
    )


def _socket(key: str, path: str) -> Iterator[_Reason]:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        # A service manager may make the folder (RuntimeDirectory=) at the start.
        yield key, f"the folder {folder} does not exist; run mkdir -p {folder}", False
        return
    try:
        check_place(path)
    except FileExistsError as error:
        yield key, f"{path}: {error.strerror}", True
