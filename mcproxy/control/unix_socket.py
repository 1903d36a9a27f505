"""The control socket: where it is, who may use it, and when its HTTP is brought in.

The server's modules are imported when the first command comes: many daemons never hear one.
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
from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger

from ..config.model import ControlConfig

MOST_CONNECTIONS = 32
"""Clients at a time; more are turned away, so that those which stall cost little."""


class ConnectionFactory(ServerFactory):
    """Makes a protocol for each client, as long as there are not too many.

    ``make`` is given what is to be called when the connection is over.
    """

    noisy = False

    def __init__(self, make: Callable[[Callable[[], None]], IProtocol]) -> None:
        self.connections = 0
        self._make = make

    def buildProtocol(self, _: IAddress | None) -> Any:
        """A protocol, or None to turn the client away."""
        if self.connections >= MOST_CONNECTIONS:
            return None
        self.connections += 1
        return self._make(self._closed)

    def _closed(self) -> None:
        self.connections -= 1


class ControlService(Service):
    """Listens on the control socket. The usual one, which nobody asked for, may be missing.

    ``startService`` raises OSError where a socket that is configured cannot be made.
    """

    log = Logger()
    name = "control"

    def __init__(
        self,
        reactor: Any,
        config: ControlConfig | None,
        make: Callable[[Callable[[], None]], IProtocol],
    ) -> None:
        self._reactor = reactor
        self._required = config is not None
        self._config = config or ControlConfig()
        self._factory = ConnectionFactory(make)
        self._port: Any = None

    @property
    def path(self) -> str:
        """Where it is, or is to be."""
        return self._config.socket

    def startService(self) -> None:
        """Listen, if there is to be a socket."""
        super().startService()
        if not self.path:
            return
        try:
            self._listen(self._config)
        except OSError as error:
            reason = f"no control socket at {self.path}: {error.strerror or error}"
            if self._required:
                raise OSError(reason) from error
            self.log.warn("{reason}: commands cannot reach this daemon", reason=reason)

    def stopService(self) -> Deferred[None]:
        """Listen no more, and remove the file; who is connected may stay."""
        super().stopService()
        if self._port is None:
            return succeed(None)
        port, self._port = self._port, None
        return maybeDeferred(port.stopListening)

    def _listen(self, config: ControlConfig) -> None:
        group = _group_number(config.group) if config.group else -1
        if not self._required:
            Path(config.socket).parent.mkdir(mode=0o755, exist_ok=True)
        make_room(config.socket)
        # Nobody else can come in between the making of the file and its mode.
        umask = os.umask(0o177)
        try:
            self._port = self._reactor.listenUNIX(config.socket, self._factory, mode=0o600)
        except CannotListenError as error:
            raise error.socketError from error
        finally:
            os.umask(umask)
        os.chown(config.socket, -1, group)
        os.chmod(config.socket, int(config.mode, 8))


def make_room(path: str) -> None:
    """Remove a socket that nobody answers on any more; OSError where there is something else."""
    if not os.path.lexists(path):
        return
    if not Path(path).is_socket():
        raise FileExistsError(None, "there is another file of this name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        try:
            sock.connect(path)
        except ConnectionRefusedError:
            with suppress(FileNotFoundError):
                os.unlink(path)
            return
        except BlockingIOError:
            pass  # its owner is busy
    raise FileExistsError(None, "another daemon answers there; name another path")


def _group_number(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise FileNotFoundError(None, f"there is no group {name}") from None
