"""Receive buffers as large as the process is allowed to make them."""

from __future__ import annotations

import socket
from contextlib import suppress

_SO_RCVBUFFORCE = 33


def enlarge_receive_buffer(sock: socket.socket, size: int) -> None:
    """Give ``sock`` a buffer of ``size`` bytes, or of what is allowed."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except OSError:  # no rights, as in a container: net.core.rmem_max is the limit
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
