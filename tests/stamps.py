"""Control messages with a time of arrival, as the kernel gives them."""

from __future__ import annotations

import socket
import struct

_SO_TIMESTAMPNS = 35


def stamped(when: float) -> list[tuple[int, int, bytes]]:
    """The control messages of a packet that arrived at this system time in seconds."""
    seconds, rest = divmod(when, 1)
    stamp = struct.pack("@ll", int(seconds), round(rest * 1e9))
    return [(int(socket.SOL_SOCKET), _SO_TIMESTAMPNS, stamp)]
