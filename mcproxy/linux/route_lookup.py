"""Lookup of the interface that unicast packets to an address leave on."""

from __future__ import annotations

import socket
from struct import Struct

from ..protocol.family import Address
from .netlink import frame as netlink
from .netlink.frame import INT

_RTM_NEWROUTE, _RTM_GETROUTE = 24, 26
_RTA_DST, _RTA_OIF = 1, 4
_RTN_UNICAST = 1
_RTMSG = Struct("=BBBBBBBBI")
_TYPE_AT = 7
_BUFFER = 8192
_TIMEOUT = 1.0


class RouteLookup:
    """Asks the kernel's unicast routes on which interface a source is.

    The kernel answers within the call, so a lookup does not block. The socket is opened by
    the first lookup.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._sequence = 0

    def interface_towards(self, address: Address) -> int | None:
        """Index of the interface that unicast packets to ``address`` leave on.

        None when there is no route, and when the address belongs to this machine.
        """
        if self._socket is None:
            self._socket = netlink.open_netlink(blocking=True)
            self._socket.settimeout(_TIMEOUT)
        try:
            return self._ask(self._socket, address)
        except OSError:
            self.close()  # the next lookup opens a new socket
            return None

    def close(self) -> None:
        """Close the socket; closing again is no error."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, sock: socket.socket, address: Address) -> int | None:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
        body = _RTMSG.pack(family, len(address) * 8, 0, 0, 0, 0, 0, 0, 0)
        body += netlink.attribute(_RTA_DST, address)
        sock.send(netlink.request(_RTM_GETROUTE, 0, self._sequence, body))
        while True:
            data = sock.recv(_BUFFER)
            for kind, _, sequence, start, end in netlink.messages(data):
                if sequence != self._sequence:
                    continue
                if kind != _RTM_NEWROUTE or data[start + _TYPE_AT] != _RTN_UNICAST:
                    return None
                index = netlink.attributes(data, start + _RTMSG.size, end).get(_RTA_OIF)
                return INT.unpack(index)[0] if index else None
