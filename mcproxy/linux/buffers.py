"""Receive buffers as large as the process may have them."""

from __future__ import annotations

import socket
from contextlib import suppress

_SO_RCVBUFFORCE = 33


def enlarge_receive_buffer(sock: socket.socket, size: int) -> None:
    """Ask for ``size`` bytes; less is no error."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except OSError:  # in a container, perhaps: then as much as rmem_max allows
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
