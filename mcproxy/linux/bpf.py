"""A filter in the kernel for a multicast routing socket: its own interfaces' packets alone.

The kernel gives each such socket the IGMP or MLD of the whole machine. With a hundred tables
each packet would wake the daemon a hundred times.
"""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Iterable
from struct import Struct

from ..protocol.family import IPV4, Family

_SO_ATTACH_FILTER = 26
_LOAD_BYTE, _LOAD_WORD, _IF_EQUAL, _RETURN = 0x30, 0x20, 0x15, 0x06
_INTERFACE_INDEX = 0xFFFFF000 + 8  # SKF_AD_OFF + SKF_AD_IFINDEX
_WHOLE_PACKET = 0xFFFFFFFF
_INSTRUCTION = Struct("=HBBI")
_PROGRAM = Struct("@HP")


def accept_from(sock: socket.socket, family: Family, indexes: Iterable[int]) -> None:
    """Let ``sock`` have what comes in on these interfaces, at most 250; OSError.

    It goes on to have what the kernel tells of the table: that is marked by a protocol, or a
    type, of 0.
    """
    wanted = list(indexes)
    mark = 9 if family is IPV4 else 0
    program = [
        (_LOAD_BYTE, 0, 0, mark),
        (_IF_EQUAL, len(wanted) + 2, 0, 0),
        (_LOAD_WORD, 0, 0, _INTERFACE_INDEX),
        *((_IF_EQUAL, len(wanted) - number, 0, index) for number, index in enumerate(wanted)),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, _WHOLE_PACKET),
    ]
    code = b"".join(_INSTRUCTION.pack(*each) for each in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    description = _PROGRAM.pack(len(program), ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, description)
