"""Connects standard input and output to a UNIX socket, for ssh's ProxyCommand."""

from __future__ import annotations

import os
import selectors
import socket

from ..exit_codes import NO_DAEMON, NOT_PERMITTED
from .client import FailureError

_BLOCK = 1 << 16


def relay(path: str) -> None:
    """Copy both ways until either end closes; FailureError if nobody listens at ``path``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            sock.connect(path)
        except PermissionError:
            text = f"not permitted to use the manhole's socket {path}; run the command as root"
            raise FailureError(text, NOT_PERMITTED) from None
        except OSError as error:
            text = f"no manhole answers at {path}: {error.strerror}; see the daemon's log"
            raise FailureError(text, NO_DAEMON) from None
        _copy(sock)


def _copy(sock: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(sock, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                data = os.read(key.fd, _BLOCK)
                if not data:
                    return
                if key.fd == 0:
                    sock.sendall(data)
                else:
                    _write(data)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]
