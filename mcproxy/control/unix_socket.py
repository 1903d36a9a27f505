"""The control socket: its file, and who may connect.

The modules that answer are imported when the first client connects: many daemons never have one.
"""

from __future__ import annotations

import grp
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from ..config.model import ControlConfig
from .connections import ConnectionFactory

QUEUE = 256
"""Clients that may wait until the daemon accepts them; the kernel refuses more with EAGAIN.

The daemon tells each client above the limit that it is one too many, so these may wait, too.
"""


class ControlService(Service):
    """Listens on the control socket while it runs.

    ``config`` is None where the configuration sets no option of [control]. Then the default
    socket is used, and a warning is logged if it cannot be made. ``startService`` raises OSError
    if a configured socket cannot be made.
    """

    log = Logger()
    name = "control"

    def __init__(
        self,
        reactor: Any,
        config: ControlConfig | None,
        make: Callable[[ConnectionFactory], IProtocol],
    ) -> None:
        self._reactor = reactor
        self._is_required = config is not None
        self._config = config or ControlConfig()
        self._factory = ConnectionFactory(make)
        self._port: Any = None

    @property
    def path(self) -> str:
        """The socket's path; empty for no socket."""
        return self._config.socket

    def startService(self) -> None:
        """Listen, unless the path is empty."""
        super().startService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        if not self.path:
            return
        try:
            self._listen(self._config)
        except OSError as error:
            reason = f"cannot listen on the control socket {self.path}: {error.strerror or error}"
            if self._is_required:
                raise OSError(reason) from error
            self.log.warn(
                '{reason}; "mcproxy show" and the other commands cannot reach this daemon (see '
                "the key socket of [control])",
                reason=reason,
            )

    def stopService(self) -> Deferred[None]:
        """Stop listening and remove the file; open connections stay."""
        super().stopService()  # type: ignore[no-untyped-call]  # untyped in Twisted
        if self._port is None:
            return succeed(None)
        port, self._port = self._port, None
        return maybeDeferred(port.stopListening)

    def _listen(self, config: ControlConfig) -> None:
        group = group_number(config.group) if config.group else -1
        if not self._is_required:
            Path(config.socket).parent.mkdir(mode=0o755, exist_ok=True)
        self._port = listen_unix(self._reactor, config.socket, self._factory)
        # Where it is right already, no system call is made that the unit forbids.
        if group not in (-1, os.stat(config.socket).st_gid):
            _change_group(config, group)
        os.chmod(config.socket, int(config.mode, 8))


def _change_group(config: ControlConfig, group: int) -> None:
    """Give the socket to a group; OSError says what the daemon's user lacks."""
    try:
        os.chown(config.socket, -1, group)
    except PermissionError as error:
        raise PermissionError(
            error.errno,
            f"not permitted to give it to the group {config.group} (see the key group of"
            " [control]); the daemon's user must be a member of it, and under systemd the group"
            f" of the unit: set Group={config.group}",
        ) from error


def listen_unix(reactor: Any, path: str, factory: Factory) -> Any:
    """Listen on a socket for its owner only, and return the port; OSError.

    A socket that an earlier process left is replaced.
    """
    remove_stale_socket(path)
    # The umask keeps others out between the creation of the file and Twisted's chmod.
    umask = os.umask(0o177)
    try:
        return reactor.listenUNIX(path, factory, QUEUE, mode=0o600)
    except CannotListenError as error:
        raise error.socketError from error
    finally:
        os.umask(umask)


def remove_stale_socket(path: str) -> None:
    """Remove a socket on which no process listens; FileExistsError for any other file."""
    check_place(path)
    if not os.path.lexists(path):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        try:
            sock.connect(path)
        except ConnectionRefusedError:
            with suppress(FileNotFoundError):
                os.unlink(path)
            return
        except BlockingIOError:
            pass  # a process listens, but its queue is full
    raise FileExistsError(None, "another process listens on it; choose another path")


def check_place(path: str) -> None:
    """FileExistsError if a file that is no socket is at ``path``."""
    if os.path.lexists(path) and not Path(path).is_socket():
        raise FileExistsError(None, "a file of this name exists and is not a socket")


def group_number(name: str) -> int:
    """The number of the group; FileNotFoundError."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise FileNotFoundError(None, f"group {name} does not exist") from None
