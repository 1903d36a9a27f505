"""Closes sockets whose end takes time in the kernel."""

from __future__ import annotations

import socket
from threading import Thread


def close_socket(sock: socket.socket) -> None:
    """Close ``sock``; a packet socket in a thread of its own, at some time soon.

    The kernel lets whoever closes a packet socket wait until no processor uses it any more: 8 to
    20 ms, in which the reactor would stand still while an upstream fails over.
    """
    if sock.family == socket.AF_PACKET:
        Thread(target=sock.close, name="close", daemon=True).start()
    else:
        sock.close()
